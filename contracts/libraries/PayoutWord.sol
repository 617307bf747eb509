// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A settlement's payouts in one word
/// @notice All but the root. Lowest bits first: total (96), settlement (32), round (32), the federation time
/// from which claims are open (40).
library PayoutWord {
    function pack(uint256 total, uint256 finalAt, uint256 settlement, uint256 round) internal pure returns (uint256) {
        return uint96(total) | uint256(uint32(settlement)) << 96 | uint256(uint32(round)) << 128 | finalAt << 160;
    }

    function totalOf(uint256 word) internal pure returns (uint256) {
        return uint96(word);
    }

    function settlementOf(uint256 word) internal pure returns (uint256) {
        return uint32(word >> 96);
    }

    function roundOf(uint256 word) internal pure returns (uint64) {
        return uint32(word >> 128);
    }

    function finalAtOf(uint256 word) internal pure returns (uint256) {
        return word >> 160;
    }
}
