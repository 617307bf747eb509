// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";
import {RoundWord} from "./RoundWord.sol";

/// @title An ended round in one storage word
/// @notice Number, status and opening time stand where RoundWord has them. `finalAt` and `voteDeadline` are federation time.
library EndedWord {
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

    function pack(Ended memory r) internal pure returns (uint256) {
        return uint256(r.round) | uint256(r.status) << 32 | uint256(r.openedAt) << 40 | uint256(r.finalAt) << 80
            | uint256(r.voteDeadline) << 120 | uint256(r.ballot) << 160 | uint256(r.settlement) << 192
            | uint256(r.signers) << 224 | uint256(r.members) << 232 | uint256(r.updateTarget) << 240
            | uint256(r.winnerIndex) << 255;
    }

    function unpack(uint256 w) internal pure returns (Ended memory r) {
        r.round = uint32(w);
        r.status = RoundWord.statusOf(w);
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

    function finalAtOf(uint256 w) internal pure returns (uint256) {
        return uint40(w >> 80);
    }

    /// @dev The same with its windows in block time.
    function inBlockTime(Ended memory r, uint256 pausedTime) internal pure returns (Ended memory) {
        if (r.finalAt != 0 && r.finalAt != type(uint40).max) r.finalAt += uint40(pausedTime);
        if (r.voteDeadline != 0) r.voteDeadline += uint40(pausedTime);
        return r;
    }

    function withFinalAt(uint256 w, uint40 finalAt) internal pure returns (uint256) {
        return (w & ~(uint256(type(uint40).max) << 80)) | uint256(finalAt) << 80;
    }
}
