// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFaultProofs} from "../interfaces/IFaultProofs.sol";
import {ModelRoot} from "./ModelRoot.sol";

/// @title One value out of each of several models' commitments
/// @notice Models of one federation usually have equal headers and non-float bytes, whose two hashes are then given once:
/// `hashes, (leaf, siblings) x count`. A model that differs must be provable too: `(hashes, leaf, siblings) x count`.
/// Hashes are 64 bytes, a leaf 256, and the dimension gives the number of siblings; so the length tells the form.
library Openings {
    uint256 private constant HASHES = 64;

    struct Shape {
        uint64 coordinate;
        uint64 dimension;
        /// Siblings of a leaf.
        uint256 depth;
        /// Bytes from one model's leaf to the next one's.
        uint256 step;
        /// True if each leaf has its own hashes before it.
        bool apart;
    }

    /// @dev Reverts unless the coordinate exists and the length is that of one of the two forms.
    function shapeOf(bytes calldata openings, uint256 count, uint64 coordinate, uint64 dimension)
        internal
        pure
        returns (Shape memory s)
    {
        require(coordinate < dimension, ModelRoot.CoordinateOutOfRange(coordinate, dimension));
        uint256 depth = ModelRoot.depthOf(dimension);
        uint256 step = ModelRoot.LEAF_BYTES + 32 * depth;
        uint256 expected = HASHES + count * step;
        bool apart = openings.length != expected;
        require(
            !apart || openings.length == count * (HASHES + step), IFaultProofs.OpeningsLength(openings.length, expected)
        );
        return Shape(coordinate, dimension, depth, apart ? HASHES + step : step, apart);
    }

    /// @param position Of the model; its root must be `expected`.
    /// @return Float32 bits of the coordinate.
    function valueAt(bytes calldata openings, Shape memory s, uint256 position, bytes32 expected)
        internal
        view
        returns (uint32)
    {
        bytes calldata part = openings[HASHES + position * s.step:];
        bytes memory leaf = part[:ModelRoot.LEAF_BYTES];
        bytes32 merkleRoot = ModelRoot.rootOf(leaf, s.coordinate, _siblings(part, s.depth));
        bytes calldata hashes = openings[s.apart ? position * s.step : 0:];
        bytes32 given = ModelRoot.modelRoot(bytes32(hashes), bytes32(hashes[32:]), s.dimension, merkleRoot);
        require(given == expected, IFaultProofs.WrongOpening(position, expected, given));
        return ModelRoot.floatAt(leaf, s.coordinate);
    }

    function _siblings(bytes calldata part, uint256 depth) private pure returns (bytes32[] memory siblings) {
        siblings = new bytes32[](depth);
        bytes calldata path = part[ModelRoot.LEAF_BYTES:ModelRoot.LEAF_BYTES + 32 * depth];
        assembly ("memory-safe") {
            calldatacopy(add(siblings, 32), path.offset, path.length)
        }
    }
}
