// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";

/// @title Bounds of every parameter
library ParametersLib {
    /// @dev Reverts ParameterOutOfRange or RingTooSmall. `slots` of the round ring.
    function validate(IRoundConsensus.Parameters memory p, uint256 slots) internal pure {
        _within("collectMin", p.collectMin, 1, 30 days);
        _within("collectMax", p.collectMax, p.collectMin, 30 days);
        _within("proposeSlot", p.proposeSlot, 5, 1 days);
        _within("voteWindow", p.voteWindow, 5, 7 days);
        _within("voteGrace", p.voteGrace, 5, 7 days);
        _within("challengeWindow", p.challengeWindow, 10, 30 days);
        _within("answerTime", p.answerTime, 10, 30 days);
        _within("minRoundInterval", p.minRoundInterval, 0, 1 days);
        // Above one half, or two disjoint groups could both agree.
        _within("quorumBps", p.quorumBps, 5_001, 10_000);
        _within("minConfidenceBps", p.minConfidenceBps, 5_000, 10_000);
        _within("reputationMin", p.reputationMin, 100, 10_000);
        _within("reputationMax", p.reputationMax, 10_000, 50_000);
        _within("reputationStart", p.reputationStart, p.reputationMin, p.reputationMax);
        _within("reputationGain", p.reputationGain, 0, 5_000);
        _within("reputationLoss", p.reputationLoss, 0, 5_000);
        _within("absenceLimit", p.absenceLimit, 1, 8);
        // No fraction of a weight is lost to rounding, and no weight is 0.
        _within("minStake", p.minStake, 10_000, type(uint88).max);
        // stake x reputation fits the 88 bits of a seat's weight.
        uint256 maxStake = (uint256(type(uint88).max) * 10_000) / p.reputationMax;
        _within("maxStake", p.maxStake, p.minStake, maxStake);
        // A pot of 2^96 must cover a budget many times.
        _within("roundBudget", p.roundBudget, 0, type(uint80).max);
        _coverWindow(p, slots);
    }

    /// @dev The opening of round r + slots overwrites round r, which ended at the opening of r + 1 and must be final:
    /// slots - 1 rounds of the shortest length last at least the challenge window.
    function _coverWindow(IRoundConsensus.Parameters memory p, uint256 slots) private pure {
        uint256 shortest = p.collectMin > p.minRoundInterval ? p.collectMin : p.minRoundInterval;
        uint256 needed = (p.challengeWindow + shortest - 1) / shortest + 1;
        require(slots >= needed, IRoundConsensus.RingTooSmall(slots, needed));
    }

    function _within(bytes32 name, uint256 value, uint256 min, uint256 max) private pure {
        require(value >= min && value <= max, IRoundConsensus.ParameterOutOfRange(name, value, min, max));
    }
}
