// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFaultProofs} from "../../../contracts/interfaces/IFaultProofs.sol";
import {ExactFedAvg} from "../../../contracts/libraries/ExactFedAvg.sol";
import {ModelRoot} from "../../../contracts/libraries/ModelRoot.sol";
import {Openings} from "../../../contracts/libraries/Openings.sol";
import {vm} from "../solidity/Vm.sol";

/// @dev test/vectors/model-root.json and fedavg.json, which TypeScript reads too.
contract ModelVectorsTest {
    function test_ModelRootVectors() external view {
        string memory json = vm.readFile("test/vectors/model-root.json");
        uint256 n = 0;
        for (;; ++n) {
            string memory path = string.concat("$[", vm.toString(n), "]");
            if (!vm.keyExistsJson(json, path)) break;
            _checkModel(json, path);
        }
        vm.assertEq(n, 6);
    }

    function _checkModel(string memory json, string memory path) private view {
        bytes memory floats = vm.parseJsonBytes(json, string.concat(path, ".floatsHex"));
        uint64 dimension = uint64(vm.parseJsonUint(json, string.concat(path, ".dimension")));
        bytes32 expected = vm.parseJsonBytes32(json, string.concat(path, ".merkleRoot"));
        uint256 depth = ModelRoot.depthOf(dimension);
        bytes32[] memory row = _leaves(floats, depth);
        bytes32[][] memory levels = new bytes32[][](depth + 1);
        levels[0] = row;
        for (uint256 level = 1; level <= depth; ++level) {
            levels[level] = new bytes32[](levels[level - 1].length / 2);
            for (uint256 i = 0; i < levels[level].length; ++i) {
                bytes32[] memory below = levels[level - 1];
                levels[level][i] = sha256(abi.encodePacked(uint8(1), below[2 * i], below[2 * i + 1]));
            }
        }
        vm.assertEq(levels[depth][0], expected);
        for (uint256 j = 0; j < dimension; j += 37) {
            bytes32[] memory proof = new bytes32[](depth);
            for (uint256 level = 0; level < depth; ++level) {
                proof[level] = levels[level][((j / 64) >> level) ^ 1];
            }
            vm.assertEq(ModelRoot.rootOf(_leaf(floats, j / 64), j, proof), expected);
        }
        bytes32 root = ModelRoot.modelRoot(
            vm.parseJsonBytes32(json, string.concat(path, ".headerHash")),
            vm.parseJsonBytes32(json, string.concat(path, ".nonFloatHash")),
            dimension,
            expected
        );
        vm.assertEq(root, vm.parseJsonBytes32(json, string.concat(path, ".modelRoot")));
    }

    function _leaves(bytes memory floats, uint256 depth) private view returns (bytes32[] memory row) {
        row = new bytes32[](1 << depth);
        for (uint256 i = 0; i * 256 < floats.length; ++i) {
            row[i] = ModelRoot.leafHash(_leaf(floats, i));
        }
    }

    function _leaf(bytes memory floats, uint256 index) private pure returns (bytes memory leaf) {
        uint256 rest = floats.length - index * 256;
        leaf = new bytes(rest < 256 ? rest : 256);
        for (uint256 i = 0; i < leaf.length; ++i) {
            leaf[i] = floats[index * 256 + i];
        }
    }

    function test_FloatsAreLittleEndian() external pure {
        vm.assertEq(ModelRoot.floatAt(hex"000000000000803f", 1), 0x3f800000);
        bytes memory leaf = new bytes(256);
        leaf[255] = 0x40;
        vm.assertEq(ModelRoot.floatAt(leaf, 127), 0x40000000);
    }

    /// @dev Powers of two and one past them.
    function test_DepthFollowsFromTheDimension() external pure {
        uint64[7] memory dimensions = [uint64(1), 64, 65, 128, 129, 256, 257];
        uint8[7] memory depths = [0, 0, 1, 1, 2, 2, 3];
        for (uint256 i = 0; i < 7; ++i) {
            vm.assertEq(ModelRoot.depthOf(dimensions[i]), depths[i]);
        }
    }

    function rootOf(bytes memory leaf, uint256 coordinate, bytes32[] memory proof) external view returns (bytes32) {
        return ModelRoot.rootOf(leaf, coordinate, proof);
    }

    function test_LeavesTooLongAreRefused() external {
        vm.expectRevert(abi.encodeWithSelector(ModelRoot.LeafLength.selector, 257));
        this.rootOf(new bytes(257), 0, new bytes32[](0));
    }

    function shapeOf(bytes calldata openings, uint256 count, uint64 coordinate, uint64 dimension) external pure {
        Openings.shapeOf(openings, count, coordinate, dimension);
    }

    function test_OpeningsOfAnotherShapeAreRefused() external {
        vm.expectRevert(abi.encodeWithSelector(ModelRoot.CoordinateOutOfRange.selector, 64, 64));
        this.shapeOf(new bytes(320), 1, 64, 64);
        // 65 weights have two leaves, each with one sibling.
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.OpeningsLength.selector, 320, 352));
        this.shapeOf(new bytes(320), 1, 64, 65);
        this.shapeOf(new bytes(352), 1, 64, 65);
    }

    // ------------------------------------------------------------------ federated averaging

    function test_FedAvgVectors() external view {
        string memory json = vm.readFile("test/vectors/fedavg.json");
        uint256 coordinates = 0;
        uint256 n = 0;
        for (;; ++n) {
            string memory path = string.concat("$[", vm.toString(n), "]");
            if (!vm.keyExistsJson(json, path)) break;
            coordinates += _checkAverage(json, path);
        }
        vm.assertEq(n, 17);
        vm.assertTrue(coordinates > 80, "vectors were read");
    }

    function _checkAverage(string memory json, string memory path) private pure returns (uint256 dimension) {
        uint256[] memory samples = vm.parseJsonUintArray(json, string.concat(path, ".samples"));
        uint256[] memory output = vm.parseJsonUintArray(json, string.concat(path, ".output"));
        dimension = output.length;
        uint256[][] memory rows = new uint256[][](samples.length);
        for (uint256 k = 0; k < rows.length; ++k) {
            string memory row = string.concat(path, ".inputs[", vm.toString(k), "]");
            rows[k] = vm.parseJsonUintArray(json, row);
        }
        uint256[] memory column = new uint256[](samples.length);
        for (uint256 j = 0; j < dimension; ++j) {
            for (uint256 k = 0; k < rows.length; ++k) {
                column[k] = rows[k][j];
            }
            vm.assertEq(ExactFedAvg.average(samples, column), output[j], path);
        }
    }

    function average(uint256[] memory samples, uint256[] memory column) public pure returns (uint32) {
        return ExactFedAvg.average(samples, column);
    }

    function _pair(uint256 a, uint256 b) private pure returns (uint256[] memory list) {
        list = new uint256[](2);
        (list[0], list[1]) = (a, b);
    }

    /// @dev The average of one value is that value, of x and -x zero, and a sign flips with its inputs.
    function testFuzz_AverageOfEqualAndOpposite(uint32 bits, uint32 count) external pure {
        bits = (bits & 0x807fffff) | ((bits >> 23) % 167) << 23;
        uint256 n = uint256(count) + 1;
        uint32 same = bits == 0x80000000 ? 0 : bits;
        vm.assertEq(ExactFedAvg.average(_pair(n, n), _pair(bits, bits)), same);
        vm.assertEq(ExactFedAvg.average(_pair(n, n), _pair(bits, bits ^ 0x80000000)), 0);
        uint32 mixed = ExactFedAvg.average(_pair(n, 3), _pair(bits, 0x3f800000));
        uint32 flipped = ExactFedAvg.average(_pair(n, 3), _pair(bits ^ 0x80000000, 0xbf800000));
        vm.assertEq(flipped, mixed == 0 ? 0 : mixed ^ 0x80000000);
    }

    function testFuzz_AverageLiesBetween(uint32 a, uint32 b, uint32 n, uint32 m) external pure {
        a = (a & 0x7fffff) | ((a >> 23) % 137) << 23;
        b = (b & 0x7fffff) | ((b >> 23) % 137) << 23;
        uint256 r = ExactFedAvg.average(_pair(uint256(n) + 1, uint256(m) + 1), _pair(a, b));
        // Bits of floats that are not negative are ordered as the floats are.
        vm.assertTrue(r >= (a < b ? a : b) && r <= (a < b ? b : a), "outside");
    }

    function test_ValuesOutsideTheDomainAreNotJudged() external {
        vm.expectRevert(abi.encodeWithSelector(ExactFedAvg.ValueOutOfRange.selector, 0x7fc00000));
        this.average(_pair(1, 1), _pair(0x7fc00000, 0));
        vm.expectRevert(abi.encodeWithSelector(ExactFedAvg.ValueOutOfRange.selector, 0x53800000));
        this.average(_pair(1, 1), _pair(0x53800000, 0));
        this.average(_pair(1 << 32, 1), _pair(0x537fffff, 0));
        vm.expectRevert(abi.encodeWithSelector(ExactFedAvg.SampleCountOutOfRange.selector, 0));
        this.average(_pair(1, 0), _pair(0, 0));
        vm.expectRevert(abi.encodeWithSelector(ExactFedAvg.SampleCountOutOfRange.selector, (1 << 32) + 1));
        this.average(_pair((1 << 32) + 1, 1), _pair(0, 0));
        vm.expectRevert(abi.encodeWithSelector(ExactFedAvg.UpdateCountOutOfRange.selector, 0));
        this.average(new uint256[](0), new uint256[](0));
        vm.expectRevert(abi.encodeWithSelector(ExactFedAvg.UpdateCountOutOfRange.selector, 1_025));
        this.average(new uint256[](1_025), new uint256[](1_025));
        vm.expectRevert(abi.encodeWithSelector(ExactFedAvg.UpdateCountOutOfRange.selector, 2));
        this.average(_pair(1, 1), new uint256[](1));
    }

    function test_MostAndLargestUpdates() external pure {
        uint256[] memory samples = new uint256[](1_024);
        uint256[] memory column = new uint256[](1_024);
        for (uint256 k = 0; k < 1_024; ++k) {
            (samples[k], column[k]) = (1 << 32, 0x53000000);
        }
        vm.assertEq(ExactFedAvg.average(samples, column), 0x53000000);
    }
}
