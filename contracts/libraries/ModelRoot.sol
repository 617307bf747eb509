// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title The commitment to a model's bytes
/// @notice modelRoot = SHA-256(0x02, SHA-256(header), SHA-256(non-float bytes), uint64be(dimension), merkleRoot). The
/// tree stands over leaves of 64 float32 (256 bytes, the last one zero-padded), missing leaves are 32 zero bytes up to
/// the next power of two. SHA-256, because the EVM checks it by a precompile.
library ModelRoot {
    uint256 internal constant LEAF_BYTES = 256;
    uint256 internal constant FLOATS_PER_LEAF = 64;

    error CoordinateOutOfRange(uint256 coordinate, uint256 dimension);
    /// @dev Neither 256 bytes nor, for the last leaf, fewer.
    error LeafLength(uint256 length);

    /// @param dimension Number of float32 values of the model.
    function modelRoot(bytes32 headerHash, bytes32 nonFloatHash, uint64 dimension, bytes32 merkleRoot)
        internal
        pure
        returns (bytes32)
    {
        return sha256(abi.encodePacked(uint8(2), headerHash, nonFloatHash, dimension, merkleRoot));
    }

    /// @dev Hash of a leaf; a short one is padded with zeros.
    function leafHash(bytes memory leaf) internal view returns (bytes32 hash) {
        require(leaf.length <= LEAF_BYTES, LeafLength(leaf.length));
        // A fault proof hashes thousands of nodes: free memory is used, but not taken.
        assembly ("memory-safe") {
            let start := mload(0x40)
            let end := add(add(start, 1), mload(leaf))
            mstore8(start, 0)
            mcopy(add(start, 1), add(leaf, 32), mload(leaf))
            calldatacopy(end, calldatasize(), sub(256, mload(leaf)))
            if iszero(staticcall(gas(), 2, start, 257, 0, 32)) { revert(0, 0) }
            hash := mload(0)
        }
    }

    /// @dev Leaves that hold weights.
    function leafCount(uint64 dimension) internal pure returns (uint256) {
        return Math.ceilDiv(dimension, FLOATS_PER_LEAF);
    }

    /// @dev Levels above the leaves.
    function depthOf(uint64 dimension) internal pure returns (uint256) {
        return Math.log2(leafCount(dimension), Math.Rounding.Ceil);
    }

    /// @notice Root that a leaf opens to. Its position follows from the coordinate, and the number of siblings must follow
    /// from the dimension (`depthOf`), never from whoever shows the leaf.
    /// @param siblings Lowest first.
    function rootOf(bytes memory leaf, uint256 coordinate, bytes32[] memory siblings)
        internal
        view
        returns (bytes32 root)
    {
        uint256 position = coordinate / FLOATS_PER_LEAF;
        root = leafHash(leaf);
        assembly ("memory-safe") {
            let node := mload(0x40)
            mstore8(node, 1)
            mstore(0, root)
            let end := add(siblings, shl(5, add(mload(siblings), 1)))
            for { let next := add(siblings, 32) } lt(next, end) { next := add(next, 32) } {
                // What was hashed last stands right where the position is odd.
                let right := shl(5, and(position, 1))
                mstore(add(add(node, 1), right), mload(0))
                mstore(sub(add(node, 33), right), mload(next))
                if iszero(staticcall(gas(), 2, node, 65, 0, 32)) { revert(0, 0) }
                position := shr(1, position)
            }
            root := mload(0)
        }
    }

    /// @dev Bits of a coordinate in its leaf, which holds them little-endian.
    function floatAt(bytes memory leaf, uint256 coordinate) internal pure returns (uint32 bits) {
        uint256 offset = 4 * (coordinate % FLOATS_PER_LEAF);
        require(offset + 4 <= leaf.length, LeafLength(leaf.length));
        uint256 word;
        assembly ("memory-safe") {
            word := shr(224, mload(add(add(leaf, 32), offset)))
        }
        bits = uint32(word >> 24 | (word >> 8 & 0xff00) | (word << 8 & 0xff0000) | word << 24);
    }
}
