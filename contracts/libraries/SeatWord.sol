// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A seat of the roster in one word
/// @notice Lowest bits first: owner (160), weight (88), separate key (1: the voting key is not the owner), jailed (1).
/// The draw of proposers goes by weight alone, so a slash does not change the order of a round that runs; votes go by
/// voting weight. A round reads and hands on these words as they are: unpacking every seat would cost more than the votes.
library SeatWord {
    function pack(address owner, uint88 weight, bool separateKey) internal pure returns (uint256) {
        return uint256(uint160(owner)) | uint256(weight) << 160 | (separateKey ? 1 << 248 : 0);
    }

    function ownerOf(uint256 seat) internal pure returns (address) {
        return address(uint160(seat));
    }

    function weightOf(uint256 seat) internal pure returns (uint256) {
        return uint88(seat >> 160);
    }

    function hasSeparateKey(uint256 seat) internal pure returns (bool) {
        return (seat >> 248) & 1 != 0;
    }

    /// @dev A proven fault takes weight at once.
    function isJailed(uint256 seat) internal pure returns (bool) {
        return (seat >> 249) & 1 != 0;
    }

    /// @dev What a vote from this seat counts.
    function votingWeightOf(uint256 seat) internal pure returns (uint256) {
        return isJailed(seat) ? 0 : weightOf(seat);
    }

    function withJail(uint256 seat) internal pure returns (uint256) {
        return seat | 1 << 249;
    }

    function withWeight(uint256 seat, uint88 weight) internal pure returns (uint256) {
        return (seat & ~(uint256(type(uint88).max) << 160)) | uint256(weight) << 160;
    }
}
