// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Lists of words, read without looking at their length
/// @notice Solidity compares every index with the length, about 45 gas each time, and a settlement reads every seat and
/// vote a dozen times. Only for indices that are below the length by construction: a loop's own, or one checked before.
library WordList {
    function get(uint256[] memory list, uint256 i) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(list, 32), shl(5, i)))
        }
    }

    function put(uint256[] memory list, uint256 i, uint256 word) internal pure {
        assembly ("memory-safe") {
            mstore(add(add(list, 32), shl(5, i)), word)
        }
    }

    /// @dev A list of `length` words to be filled. The word before it is 32: from there on it is the ABI encoding of one
    /// list, which an event or an answer takes as it lies there.
    function encoded(uint256 length) internal pure returns (uint256[] memory list) {
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, 32)
            list := add(start, 32)
            mstore(list, length)
            mstore(0x40, add(list, shl(5, add(length, 1))))
        }
    }
}
