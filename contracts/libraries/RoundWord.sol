// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";

/// @title A round in one storage word
/// @notice Open and ended rounds share the place of number, status and opening time; lowest bits first, as in the structs.
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

    struct Ended {
        uint32 round;
        IRoundConsensus.RoundStatus status;
        uint40 openedAt;
        /// The largest number if it is degraded: then it is not final by itself, however long one waits.
        uint40 finalAt;
        /// 0 without a candidate.
        uint40 voteDeadline;
        /// Number among the rounds with a candidate that more than one miner could decide; else 0.
        uint32 ballot;
        /// 0 unless agreed.
        uint32 settlement;
        uint8 winnerIndex;
        uint8 signers;
        uint8 members;
        /// At most 2^15 - 1: it shares 16 bits with the winner's index, 0 or 1.
        uint16 updateTarget;
    }

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

    function packEnded(Ended memory r) internal pure returns (uint256) {
        return uint256(r.round) | uint256(r.status) << 32 | uint256(r.openedAt) << 40 | uint256(r.finalAt) << 80
            | uint256(r.voteDeadline) << 120 | uint256(r.ballot) << 160 | uint256(r.settlement) << 192
            | uint256(r.signers) << 224 | uint256(r.members) << 232 | uint256(r.updateTarget) << 240
            | uint256(r.winnerIndex) << 255;
    }

    function unpackEnded(uint256 w) internal pure returns (Ended memory r) {
        r.round = uint32(w);
        r.status = statusOf(w);
        r.openedAt = uint40(w >> 40);
        r.finalAt = uint40(w >> 80);
        r.voteDeadline = uint40(w >> 120);
        r.ballot = uint32(w >> 160);
        r.settlement = uint32(w >> 192);
        r.signers = uint8(w >> 224);
        r.members = uint8(w >> 232);
        r.updateTarget = uint16(w >> 240) & 0x7fff;
        r.winnerIndex = uint8(w >> 255);
    }

    function roundOf(uint256 w) internal pure returns (uint64) {
        return uint32(w);
    }

    /// @dev Of an ended round.
    function finalAtOf(uint256 w) internal pure returns (uint256) {
        return uint40(w >> 80);
    }

    function statusOf(uint256 w) internal pure returns (IRoundConsensus.RoundStatus) {
        return IRoundConsensus.RoundStatus(uint8(w >> 32));
    }

    function withStatus(uint256 w, IRoundConsensus.RoundStatus status) internal pure returns (uint256) {
        return (w & ~(uint256(0xff) << 32)) | uint256(status) << 32;
    }

    function withFinalAt(uint256 w, uint40 finalAt) internal pure returns (uint256) {
        return (w & ~(uint256(type(uint40).max) << 80)) | uint256(finalAt) << 80;
    }
}
