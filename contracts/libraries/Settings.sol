// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";

/// @title Parameters in three words
/// @notice One word each for what a proposal, a settlement and a registration reads, lowest bits first; two times are in two.
library Settings {
    struct Packed {
        /// The eight times in the order of `Parameters`, 32 bits each.
        uint256 times;
        /// Quorum, confidence, range and steps of reputation (16 bits each), round budget (96 bits), challenge window and minimum
        /// round interval (32 bits each).
        uint256 rules;
        /// Minimum and maximum stake (88 bits each), reputation of a new miner (16 bits), absence limit (8 bits); highest bit: set
        /// while the federation is paused.
        uint256 stakes;
    }

    function pack(IRoundConsensus.Parameters memory p) internal pure returns (Packed memory w) {
        w.times = uint256(p.collectMin) | uint256(p.collectMax) << 32 | uint256(p.proposeSlot) << 64
            | uint256(p.voteWindow) << 96 | uint256(p.voteGrace) << 128 | uint256(p.challengeWindow) << 160
            | uint256(p.answerTime) << 192 | uint256(p.minRoundInterval) << 224;
        uint256 low = uint256(p.quorumBps) | uint256(p.minConfidenceBps) << 16 | uint256(p.reputationMin) << 32
            | uint256(p.reputationMax) << 48 | uint256(p.reputationGain) << 64 | uint256(p.reputationLoss) << 80;
        w.rules =
            low | uint256(p.roundBudget) << 96 | uint256(p.challengeWindow) << 192 | uint256(p.minRoundInterval) << 224;
        w.stakes = uint256(p.minStake) | uint256(p.maxStake) << 88 | uint256(p.reputationStart) << 176
            | uint256(p.absenceLimit) << 192;
    }

    function unpack(Packed memory w) internal pure returns (IRoundConsensus.Parameters memory p) {
        p.collectMin = uint32(collectMin(w.times));
        p.collectMax = uint32(collectMax(w.times));
        p.proposeSlot = uint32(proposeSlot(w.times));
        p.voteWindow = uint32(voteWindow(w.times));
        p.voteGrace = uint32(voteGrace(w.times));
        p.challengeWindow = uint32(w.times >> 160);
        p.answerTime = uint32(w.times >> 192);
        p.minRoundInterval = uint32(w.times >> 224);
        p.quorumBps = uint16(quorumBps(w.rules));
        p.minConfidenceBps = uint16(minConfidenceBps(w.rules));
        p.reputationStart = startReputation(w.stakes);
        (p.reputationMin, p.reputationMax) = reputationRange(w.rules);
        p.reputationGain = reputationGain(w.rules);
        p.reputationLoss = reputationLoss(w.rules);
        p.absenceLimit = absencesAllowed(w.stakes);
        p.roundBudget = uint96(roundBudget(w.rules));
        p.minStake = uint88(w.stakes);
        p.maxStake = uint88(w.stakes >> 88);
    }

    function collectMin(uint256 times) internal pure returns (uint256) {
        return uint32(times);
    }

    function collectMax(uint256 times) internal pure returns (uint256) {
        return uint32(times >> 32);
    }

    function proposeSlot(uint256 times) internal pure returns (uint256) {
        return uint32(times >> 64);
    }

    function voteWindow(uint256 times) internal pure returns (uint256) {
        return uint32(times >> 96);
    }

    function voteGrace(uint256 times) internal pure returns (uint256) {
        return uint32(times >> 128);
    }

    /// @dev All windows together.
    function unbondingDelay(uint256 times) internal pure returns (uint256) {
        uint256 untilVoted = collectMax(times) + proposeSlot(times) + voteWindow(times) + voteGrace(times);
        return untilVoted + uint32(times >> 160) + uint32(times >> 192);
    }

    function quorumBps(uint256 rules) internal pure returns (uint256) {
        return uint16(rules);
    }

    function minConfidenceBps(uint256 rules) internal pure returns (uint256) {
        return uint16(rules >> 16);
    }

    function reputationRange(uint256 rules) internal pure returns (uint16 least, uint16 most) {
        return (uint16(rules >> 32), uint16(rules >> 48));
    }

    function reputationGain(uint256 rules) internal pure returns (uint16) {
        return uint16(rules >> 64);
    }

    function reputationLoss(uint256 rules) internal pure returns (uint16) {
        return uint16(rules >> 80);
    }

    function roundBudget(uint256 rules) internal pure returns (uint256) {
        return uint96(rules >> 96);
    }

    /// @dev From a round's end until it is final.
    function finalAfter(uint256 rules) internal pure returns (uint256) {
        return uint32(rules >> 192);
    }

    /// @dev The minimum round interval.
    function openAfter(uint256 rules) internal pure returns (uint256) {
        return rules >> 224;
    }

    function startReputation(uint256 stakes) internal pure returns (uint16) {
        return uint16(stakes >> 176);
    }

    function absencesAllowed(uint256 stakes) internal pure returns (uint8) {
        return uint8(stakes >> 192);
    }
}
