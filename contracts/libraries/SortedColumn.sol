// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ExactFedAvg} from "./ExactFedAvg.sol";

/// @title The values that a coordinate median or a trimmed mean averages
/// @notice The challenger passes the order that sorts the column, so that checking it costs O(K). Equal values may stand
/// in any order among themselves: the kept values, and with them the verdict, are the same.
library SortedColumn {
    /// @dev The order has not two bytes for each update.
    error OrderLength(uint256 length, uint256 expected);
    /// @dev The order names an update that does not exist, or one twice.
    error NotAPermutation(uint256 position, uint256 entry);
    /// @dev The value at `position` is smaller than the one before it.
    error NotSorted(uint256 position);
    /// @dev Trimming `trim` values at both ends leaves none.
    error TooFewUpdates(uint256 count, uint256 trim);

    /// @param column Float32 bits of the coordinate.
    /// @param order Big-endian uint16 each: which update stands at this rank, lowest value first.
    /// @param from First rank kept.
    /// @param count Ranks kept.
    /// @return values Float32 bits of the kept values, ascending.
    function kept(uint256[] memory column, bytes memory order, uint256 from, uint256 count)
        internal
        pure
        returns (uint256[] memory values)
    {
        uint256 length = column.length;
        require(order.length == 2 * length, OrderLength(order.length, 2 * length));
        values = new uint256[](count);
        uint256[] memory seen = new uint256[](length / 256 + 1);
        int256 last = type(int256).min;
        for (uint256 rank = 0; rank < length; ++rank) {
            uint256 k = uint256(uint8(order[2 * rank])) << 8 | uint8(order[2 * rank + 1]);
            require(k < length && seen[k >> 8] >> (k & 255) & 1 == 0, NotAPermutation(rank, k));
            seen[k >> 8] |= 1 << (k & 255);
            int256 value = ExactFedAvg.scaled(uint32(column[k]));
            require(value >= last, NotSorted(rank));
            last = value;
            if (rank >= from && rank - from < count) values[rank - from] = column[k];
        }
    }

    /// @notice Ranks whose mean is the median of `length` values.
    function middle(uint256 length) internal pure returns (uint256 from, uint256 count) {
        require(length != 0, TooFewUpdates(0, 0));
        return length % 2 == 1 ? ((length - 1) / 2, 1) : (length / 2 - 1, 2);
    }

    /// @notice Ranks left when `trim` values are dropped at both ends.
    function trimmed(uint256 length, uint256 trim) internal pure returns (uint256 from, uint256 count) {
        require(trim < length && 2 * trim < length, TooFewUpdates(length, trim));
        return (trim, length - 2 * trim);
    }
}
