// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";

/// @title An open round in one storage word
/// @notice Open and ended rounds (EndedWord) share the place of number, status and opening time; lowest bits first, as in the
/// struct.
library RoundWord {
    struct Open {
        uint32 round;
        IRoundConsensus.RoundStatus status;
        uint40 openedAt;
        /// Opening block's number until the seed is stored, then the seed.
        uint64 seed;
        bool seedStored;
        /// Bit i: candidate i was proven wrong.
        uint8 struck;
        /// Seats in the roster.
        uint8 members;
        uint16 updateTarget;
        uint16 voteCount;
        /// Vote deadline in seconds after the opening; 0 without a candidate.
        uint32 voteEndsAfter;
        /// Signers of candidate 0 (low half byte) and 1: bit 0 primary, 1 secondary, 2 the reserve that posted.
        uint8 signers;
        /// Seats of primary, secondary and that reserve; valid once the seed is stored.
        uint8 primary;
        uint8 secondary;
        uint8 reserve;
    }

    /// @dev Set while the federation is paused, in a place of `struck` that no candidate has.
    uint256 private constant PAUSED = 1 << 151;

    function packOpen(Open memory r) internal pure returns (uint256) {
        uint256 low = uint256(r.round) | uint256(r.status) << 32 | uint256(r.openedAt) << 40 | uint256(r.seed) << 80
            | (r.seedStored ? 1 << 144 : 0) | uint256(r.struck) << 145 | uint256(r.members) << 152;
        uint256 high = uint256(r.updateTarget) | uint256(r.voteCount) << 16 | uint256(r.voteEndsAfter) << 32
            | uint256(r.signers) << 64 | uint256(r.primary) << 72 | uint256(r.secondary) << 80 | uint256(r.reserve)
            << 88;
        return low | high << 160;
    }

    /// @dev A round that opens in this block.
    function opening(uint32 round, uint256 members, uint16 updateTarget) internal view returns (uint256) {
        return round | uint256(IRoundConsensus.RoundStatus.Open) << 32 | uint256(uint40(block.timestamp)) << 40
            | uint256(uint64(block.number)) << 80 | uint256(uint8(members)) << 152 | uint256(updateTarget) << 160;
    }

    function unpackOpen(uint256 w) internal pure returns (Open memory r) {
        unpackInto(r, w);
    }

    /// @dev Where memory is there already: setting a struct aside twice costs as much as filling it.
    function unpackInto(Open memory r, uint256 w) internal pure {
        r.round = uint32(w);
        r.status = statusOf(w);
        r.openedAt = uint40(w >> 40);
        r.seed = uint64(w >> 80);
        r.seedStored = (w >> 144) & 1 != 0;
        r.struck = uint8(w >> 144) >> 1;
        r.members = uint8(w >> 152);
        r.updateTarget = uint16(w >> 160);
        r.voteCount = uint16(w >> 176);
        r.voteEndsAfter = uint32(w >> 192);
        r.signers = uint8(w >> 224);
        r.primary = uint8(w >> 232);
        r.secondary = uint8(w >> 240);
        r.reserve = uint8(w >> 248);
    }

    function roundOf(uint256 w) internal pure returns (uint64) {
        return uint32(w);
    }

    function statusOf(uint256 w) internal pure returns (IRoundConsensus.RoundStatus) {
        return IRoundConsensus.RoundStatus(uint8(w >> 32));
    }

    function isPaused(uint256 w) internal pure returns (bool) {
        return w & PAUSED != 0;
    }

    function withPause(uint256 w) internal pure returns (uint256) {
        return w | PAUSED;
    }

    /// @dev As if it had opened later by all the time that it was paused: so everything in it is later.
    function resumed(uint256 w, uint256 pausedFor) internal pure returns (uint256) {
        return (w & ~PAUSED) + (pausedFor << 40);
    }

    function withStatus(uint256 w, IRoundConsensus.RoundStatus status) internal pure returns (uint256) {
        return (w & ~(uint256(0xff) << 32)) | uint256(status) << 32;
    }
}
