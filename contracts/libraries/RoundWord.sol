// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";

/// @title A round in one storage word
/// @notice An open round and an ended one need different fields; both fit a word with round number, status and opening
/// time in the same place (lowest bits first, in the order of the structs).
library RoundWord {
    struct Open {
        uint32 round;
        IRoundConsensus.RoundStatus status;
        uint40 openedAt;
        /// Opening block's number until the seed is stored, then the seed.
        uint64 seed;
        bool seedStored;
        /// Seats in the roster.
        uint8 members;
        uint16 updateTarget;
        uint16 voteCount;
        /// Vote deadline in seconds after the opening; 0 without a candidate.
        uint32 voteEndsAfter;
        /// Low half byte: signers of candidate 0; high half byte: of candidate 1. Bit 0 primary, 1 secondary, 2 the
        /// reserve that posted.
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
        uint40 finalAt;
        /// 0 without a candidate.
        uint40 voteDeadline;
        /// Number among the rounds with a candidate; 0 without one.
        uint32 ballot;
        /// 0 unless agreed.
        uint32 settlement;
        uint8 winnerIndex;
        uint8 signers;
        uint8 members;
    }

    function packOpen(Open memory r) internal pure returns (uint256) {
        uint256 low = uint256(r.round) | uint256(r.status) << 32 | uint256(r.openedAt) << 40 | uint256(r.seed) << 80
            | (r.seedStored ? 1 << 144 : 0) | uint256(r.members) << 152;
        uint256 high = uint256(r.updateTarget) | uint256(r.voteCount) << 16 | uint256(r.voteEndsAfter) << 32
            | uint256(r.signers) << 64 | uint256(r.primary) << 72 | uint256(r.secondary) << 80 | uint256(r.reserve)
            << 88;
        return low | high << 160;
    }

    function unpackOpen(uint256 w) internal pure returns (Open memory r) {
        r.round = uint32(w);
        r.status = statusOf(w);
        r.openedAt = uint40(w >> 40);
        r.seed = uint64(w >> 80);
        r.seedStored = uint8(w >> 144) != 0;
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
            | uint256(r.winnerIndex) << 224 | uint256(r.signers) << 232 | uint256(r.members) << 240;
    }

    function unpackEnded(uint256 w) internal pure returns (Ended memory r) {
        r.round = uint32(w);
        r.status = statusOf(w);
        r.openedAt = uint40(w >> 40);
        r.finalAt = uint40(w >> 80);
        r.voteDeadline = uint40(w >> 120);
        r.ballot = uint32(w >> 160);
        r.settlement = uint32(w >> 192);
        r.winnerIndex = uint8(w >> 224);
        r.signers = uint8(w >> 232);
        r.members = uint8(w >> 240);
    }

    function roundOf(uint256 w) internal pure returns (uint64) {
        return uint32(w);
    }

    function statusOf(uint256 w) internal pure returns (IRoundConsensus.RoundStatus) {
        return IRoundConsensus.RoundStatus(uint8(w >> 32));
    }

    /// @dev The word with another status.
    function withStatus(uint256 w, IRoundConsensus.RoundStatus status) internal pure returns (uint256) {
        return (w & ~(uint256(0xff) << 32)) | uint256(status) << 32;
    }

    /// @dev Candidates posted, from their signers.
    function candidateCount(uint8 signers) internal pure returns (uint256) {
        if (signers == 0) return 0;
        return signers < 16 ? 1 : 2;
    }

    /// @dev Whether primary and secondary have both signed a posted candidate.
    function allSigned(uint8 signers) internal pure returns (bool) {
        return (signers | (signers >> 4)) & 3 == 3;
    }

    /// @dev Signer bits of one candidate.
    function signersOf(uint8 signers, uint256 index) internal pure returns (uint8) {
        return index == 0 ? signers & 15 : signers >> 4;
    }
}
