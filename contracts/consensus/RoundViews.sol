// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFederationPause} from "../interfaces/IFederationPause.sol";
import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";
import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";
import {Ballots} from "../libraries/Ballots.sol";
import {EndedWord} from "../libraries/EndedWord.sol";
import {FederationTime} from "../libraries/FederationTime.sol";
import {RoundWord} from "../libraries/RoundWord.sol";
import {Settings} from "../libraries/Settings.sol";
import {RoundVoting} from "./RoundVoting.sol";

/// @title What can be asked of the round consensus
abstract contract RoundViews is RoundVoting {
    using EndedWord for uint256;
    using EndedWord for EndedWord.Ended;
    using FederationTime for uint256;
    using RoundWord for uint256;
    using Settings for uint256;

    /// @inheritdoc IRoundConsensus
    function progress() external view returns (Progress memory) {
        State memory s = _state;
        uint256 word = _slot(s.round).word;
        return Progress({
            round: s.round,
            open: word.statusOf() == RoundStatus.Open,
            settlement: s.settlement,
            ballots: s.ballots,
            openedAt: EndedWord.unpack(word).openedAt,
            lastFinalAt: s.lastFinalAt + _pausedTime()
        });
    }

    /// @inheritdoc IRoundConsensus
    function currentRound() external view returns (uint64) {
        return _state.round;
    }

    /// @inheritdoc IRoundConsensus
    function statusOf(uint64 round) external view returns (RoundStatus) {
        return _wordOf(round).statusOf();
    }

    /// @inheritdoc IRoundConsensus
    function isFinal(uint64 round) external view returns (bool) {
        uint256 word = _wordOf(round);
        if (_state.flags & PROVISIONAL != 0 && round >= _chains[0].first) return false;
        return _hasWindow(word.statusOf()) && _isWordFinal(word, _pausedTime());
    }

    /// @dev Whether the slot of this word may be used again: empty, void, or final.
    function _isWordFinal(uint256 word, uint256 pausedTime) internal view returns (bool) {
        RoundStatus status = word.statusOf();
        if (!_hasWindow(status)) return status != RoundStatus.Open;
        unchecked {
            // Both have 40 bits.
            return block.timestamp >= word.finalAtOf() + pausedTime;
        }
    }

    /// @dev Ended, and neither reverted nor void.
    function _hasWindow(RoundStatus status) private pure returns (bool) {
        return status == RoundStatus.Agreed || status == RoundStatus.Failed || status >= RoundStatus.Degraded;
    }

    /// @inheritdoc IRoundConsensus
    function head() external view returns (Head memory) {
        State memory s = _state;
        bool provisional = s.flags & PROVISIONAL != 0;
        uint256 round = s.settlement == 0 ? 0 : _rewardDistributor.payout(s.settlement).round;
        if (provisional) round = _chains[0].last;
        return Head(s.settlement, uint32(round), _headRoot, s.payoutsTotal, s.updateCount, provisional);
    }

    /// @inheritdoc IRoundConsensus
    function parametersHash() external view returns (bytes32) {
        return _parametersHash;
    }

    /// @inheritdoc IRoundConsensus
    function wiring() external view returns (Wiring memory) {
        return Wiring(address(_minerRegistry), address(_clientRegistry), address(_rewardDistributor), _faultProofs);
    }

    /// @inheritdoc IRoundConsensus
    function ringSlots() external view returns (uint256) {
        return _ringSlots;
    }

    /// @inheritdoc IRoundConsensus
    function stakeBounds() external view returns (uint256, uint256, uint16) {
        uint256 stakes = _settings.stakes;
        if (stakes.areHeld()) _requireRunning();
        return (uint88(stakes), uint88(stakes >> 88), stakes.startReputation());
    }

    /// @inheritdoc IRoundConsensus
    function unbondingDelay() public view returns (uint256) {
        return _settings.times.unbondingDelay();
    }

    /// @inheritdoc IRoundConsensus
    function reputationRule() external view returns (IMinerRegistry.ReputationRule memory) {
        return _reputationRule(_settings.rules);
    }

    /// @inheritdoc IRoundConsensus
    function ballotOf(uint64 round) external view returns (uint32, uint256, uint8) {
        uint256 word = _wordOf(round);
        require(word.statusOf() != RoundStatus.Open, RoundAlreadyOpen(round));
        EndedWord.Ended memory e = EndedWord.unpack(word).inBlockTime(_pausedTime());
        return (e.ballot, e.voteDeadline, _settings.stakes.absencesAllowed());
    }

    /// @inheritdoc IFederationPause
    function pauseInfo() external view returns (uint256 since, uint256 until, uint256 pausedTime) {
        Pauses memory p = _pauses;
        return (p.since, p.since == 0 ? 0 : _pauseEnd(p), _pausedTimeOf(p));
    }

    /// @inheritdoc IRoundConsensus
    function lens() external view returns (address) {
        return address(_lens);
    }

    /// @inheritdoc IRoundConsensus
    function recovery() external view returns (address) {
        return address(_recovery);
    }

    /// @inheritdoc IRoundConsensus
    function slotOf(uint64 round) external view returns (uint256, bytes32, bytes32[2] memory) {
        uint256 word = _wordOf(round);
        Slot storage slot = _slot(round);
        return (word, slot.openingHash, slot.candidates);
    }

    /// @inheritdoc IRoundConsensus
    function castVoteAt(uint64 round, uint256 place) external view returns (uint256 vote) {
        vote = _slot(round).cast[place];
        if (Ballots.isStale(vote, round)) return 0;
    }
}
