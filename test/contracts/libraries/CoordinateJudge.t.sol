// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CoordinateJudge} from "../../../contracts/libraries/CoordinateJudge.sol";
import {ExactFedAvg} from "../../../contracts/libraries/ExactFedAvg.sol";
import {SortedColumn} from "../../../contracts/libraries/SortedColumn.sol";
import {vm} from "../solidity/Vm.sol";

/// @dev test/vectors/coordinates.json, whose honest claims come from float64 hardware.
contract CoordinateJudgeTest {
    uint32 private constant ONE = 0x3f800000;
    /// @dev 2^-125.
    uint32 private constant SMALL = 0x01000000;

    function test_CoordinateVectors() external view {
        string memory json = vm.readFile("test/vectors/coordinates.json");
        uint256 n = 0;
        for (;; ++n) {
            string memory path = string.concat("$[", vm.toString(n), "]");
            if (!vm.keyExistsJson(json, path)) break;
            _check(json, path);
        }
        vm.assertEq(n, 155);
    }

    function _check(string memory json, string memory path) private pure {
        CoordinateJudge.Rule memory rule = CoordinateJudge.Rule(
            _kind(vm.parseJsonString(json, string.concat(path, ".kind"))),
            vm.parseJsonUint(json, string.concat(path, ".trim")),
            136
        );
        uint256[] memory samples = vm.parseJsonUintArray(json, string.concat(path, ".samples"));
        uint256[] memory column = vm.parseJsonUintArray(json, string.concat(path, ".column"));
        uint256[] memory claims = vm.parseJsonUintArray(json, string.concat(path, ".claims"));
        uint256[] memory verdicts = vm.parseJsonUintArray(json, string.concat(path, ".verdicts"));
        bytes memory order = vm.parseJsonBytes(json, string.concat(path, ".order"));
        for (uint256 i = 0; i < claims.length; ++i) {
            CoordinateJudge.Verdict v = CoordinateJudge.judge(rule, uint32(claims[i]), samples, column, order);
            vm.assertEq(uint256(v), verdicts[i], path);
        }
    }

    function _kind(string memory name) private pure returns (CoordinateJudge.Kind) {
        bytes32 hash = keccak256(bytes(name));
        if (hash == keccak256("fedavg")) return CoordinateJudge.Kind.FedAvg;
        return hash == keccak256("median") ? CoordinateJudge.Kind.Median : CoordinateJudge.Kind.TrimmedMean;
    }

    function judge(
        CoordinateJudge.Kind kind,
        uint256 trim,
        uint32 claim,
        uint256[] memory samples,
        uint256[] memory column,
        bytes memory order
    ) public pure returns (uint256) {
        return uint256(CoordinateJudge.judge(CoordinateJudge.Rule(kind, trim, 136), claim, samples, column, order));
    }

    function _list(uint256 a, uint256 b, uint256 c) private pure returns (uint256[] memory list) {
        list = new uint256[](3);
        (list[0], list[1], list[2]) = (a, b, c);
    }

    function _median(uint256[] memory column, bytes memory order) private view returns (uint256) {
        return this.judge(CoordinateJudge.Kind.Median, 0, ONE, _list(1, 1, 1), column, order);
    }

    function test_OrdersThatDoNotSortAreRefused() external {
        uint256[] memory column = _list(0x40000000, ONE, 0xbf800000);
        vm.assertEq(_median(column, hex"000200010000"), 0);
        vm.expectRevert(abi.encodeWithSelector(SortedColumn.OrderLength.selector, 4, 6));
        _median(column, hex"00020001");
        vm.expectRevert(abi.encodeWithSelector(SortedColumn.OrderLength.selector, 8, 6));
        _median(column, hex"0002000100000000");
        vm.expectRevert(abi.encodeWithSelector(SortedColumn.NotAPermutation.selector, 1, 2));
        _median(column, hex"000200020000");
        vm.expectRevert(abi.encodeWithSelector(SortedColumn.NotAPermutation.selector, 2, 3));
        _median(column, hex"000200010003");
        vm.expectRevert(abi.encodeWithSelector(SortedColumn.NotSorted.selector, 2));
        _median(column, hex"000200000001");
    }

    /// @dev Values that are equal, signed zeros too, may be named in any order.
    function test_TiesDoNotMatter() external view {
        uint256[] memory column = _list(ONE, 0x80000000, ONE);
        vm.assertEq(_median(column, hex"000100000002"), 0);
        vm.assertEq(_median(column, hex"000100020000"), 0);
        column = _list(0x80000000, 0, ONE);
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory order = i == 0 ? bytes(hex"000000010002") : bytes(hex"000100000002");
            vm.assertEq(this.judge(CoordinateJudge.Kind.Median, 0, 0, _list(1, 1, 1), column, order), 0);
            vm.assertEq(this.judge(CoordinateJudge.Kind.TrimmedMean, 1, 0, _list(1, 1, 1), column, order), 0);
        }
    }

    function test_ClaimsOutOfTheDomainAreWrong() external view {
        uint32[4] memory claims = [uint32(0x7fc00000), 0x7f800000, 0xff800000, 137 << 23];
        for (uint256 i = 0; i < 4; ++i) {
            uint256 v = this.judge(CoordinateJudge.Kind.FedAvg, 0, claims[i], _list(1, 1, 1), _list(ONE, ONE, ONE), "");
            vm.assertEq(v, uint256(CoordinateJudge.Verdict.Wrong));
        }
    }

    function test_WhatIsNotJudged() external {
        uint256[] memory ones = _list(1, 1, 1);
        vm.expectRevert(abi.encodeWithSelector(CoordinateJudge.InputOutOfDomain.selector, 1, 137 << 23));
        this.judge(CoordinateJudge.Kind.FedAvg, 0, ONE, ones, _list(ONE, 137 << 23, ONE), "");
        vm.expectRevert(abi.encodeWithSelector(CoordinateJudge.InputOutOfDomain.selector, 2, 0xffc00000));
        this.judge(CoordinateJudge.Kind.Median, 0, ONE, ones, _list(ONE, ONE, 0xffc00000), hex"000000010002");
        vm.expectRevert(CoordinateJudge.RuleNotProvable.selector);
        this.judge(CoordinateJudge.Kind.None, 0, ONE, ones, ones, "");
        vm.expectRevert(abi.encodeWithSelector(CoordinateJudge.OrderNotNeeded.selector, 6));
        this.judge(CoordinateJudge.Kind.FedAvg, 0, ONE, ones, ones, hex"000000010002");
        vm.expectRevert(abi.encodeWithSelector(SortedColumn.TooFewUpdates.selector, 3, 2));
        this.judge(CoordinateJudge.Kind.TrimmedMean, 2, ONE, ones, ones, hex"000000010002");
        vm.expectRevert(abi.encodeWithSelector(SortedColumn.TooFewUpdates.selector, 0, 0));
        this.judge(CoordinateJudge.Kind.Median, 0, ONE, ones, new uint256[](0), "");
    }

    /// @dev The exact average of values that differ by one step is never blamed, one two steps off always is.
    function testFuzz_ToleranceIsOneStepWide(uint32 bits, uint32 n) external view {
        bits = (bits & 0x7fffff) | (1 + (bits >> 23) % 130) << 23;
        uint256[] memory samples = _list(uint256(n) + 1, uint256(n) + 1, 1);
        uint256[] memory column = _list(bits, bits, bits);
        vm.assertEq(this.judge(CoordinateJudge.Kind.FedAvg, 0, bits, samples, column, ""), 0);
        vm.assertEq(this.judge(CoordinateJudge.Kind.FedAvg, 0, bits + 2, samples, column, ""), 2);
    }

    /// @dev The quotient exceeds a float32 tie by half a float64 step and a remainder: only the sticky bit sees that.
    function test_TheRemainderBreaksTies() external view {
        uint256[] memory samples = new uint256[](2);
        uint256[] memory column = new uint256[](2);
        (samples[0], samples[1], column[0], column[1]) = ((1 << 28) - 1, 1 << 28, SMALL, SMALL + 1);
        vm.assertEq(this.judge(CoordinateJudge.Kind.FedAvg, 0, SMALL + 1, samples, column, ""), 0);
        vm.assertEq(this.judge(CoordinateJudge.Kind.FedAvg, 0, SMALL, samples, column, ""), 1);
    }

    function test_LargestColumnsDoNotOverflow() external pure {
        uint256[] memory samples = new uint256[](1_024);
        uint256[] memory column = new uint256[](1_024);
        for (uint256 k = 0; k < 1_024; ++k) {
            (samples[k], column[k]) = (1 << 32, 0x537fffff);
        }
        CoordinateJudge.Rule memory rule =
            CoordinateJudge.Rule(CoordinateJudge.Kind.FedAvg, 0, ExactFedAvg.MAX_EXPONENT);
        vm.assertEq(uint256(CoordinateJudge.judge(rule, 0x537fffff, samples, column, "")), 0);
        vm.assertEq(uint256(CoordinateJudge.judge(rule, 0xd37fffff, samples, column, "")), 2);
    }
}
