// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title A seat of the roster in one word
/// @notice Lowest bits first: owner (160), weight (88), separate key (8: 1 if the voting key is not the owner).
/// A round reads and hands on these words as they are: unpacking every seat would cost more than the votes.
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
        return seat >> 248 != 0;
    }

    function withWeight(uint256 seat, uint88 weight) internal pure returns (uint256) {
        return (seat & ~(uint256(type(uint88).max) << 160)) | uint256(weight) << 160;
    }
}
