// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {RoundProposals} from "./consensus/RoundProposals.sol";
import {RoundStorage} from "./consensus/RoundStorage.sol";
import {IFederationPause} from "./interfaces/IFederationPause.sol";
import {IRoundConsensus} from "./interfaces/IRoundConsensus.sol";
import {Messages} from "./libraries/Messages.sol";
import {EndedWord} from "./libraries/EndedWord.sol";
import {RoundWord} from "./libraries/RoundWord.sol";
import {Settings} from "./libraries/Settings.sol";
import {SignerBits} from "./libraries/SignerBits.sol";
import {Tally} from "./libraries/Tally.sol";
import {RoundRecovery} from "./RoundRecovery.sol";

/// @title RoundConsensus
/// @notice See IRoundConsensus. Narrowing casts are plain because their ranges are given: times fit 40 bits, a round's
/// phases 32 bits (`ParametersLib`), seats 8 bits (`MAX_MINERS`), updates 16 bits (`MAX_UPDATES`), and a payouts total
/// never exceeds the funded 96 bits (a round opens only if the pot covers its budget).
contract RoundConsensus is RoundProposals {
    using EndedWord for uint256;
    using RoundWord for uint256;
    using SignerBits for uint8;
    using Settings for uint256;

    /// @dev Why the next round cannot open now.
    enum Obstacle {
        None,
        TooSoon,
        RingNotFinal,
        PotTooSmall,
        NotEnoughMiners
    }

    /// @dev In place of a winner's index.
    uint256 private constant UNDECIDED = 2;

    constructor(address authority, Wiring memory w, Task memory t, Parameters memory p, uint256 ringSlots_)
        RoundStorage(authority, w, t, p, ringSlots_)
    {}

    // ------------------------------------------------------------------ open

    /// @inheritdoc IRoundConsensus
    function openRound() external returns (uint64) {
        State memory s = _state;
        if (s.flags & EVER_PAUSED != 0) _requireRunning();
        uint256 previous = _slot(s.round).word;
        require(s.round == 0 || previous.statusOf() != RoundStatus.Open, RoundAlreadyOpen(s.round));
        (Obstacle o, uint256 found, uint256 needed) =
            _tryOpen(s, EndedWord.unpack(previous).openedAt, _rewardDistributor.funded());
        if (o == Obstacle.TooSoon) revert RoundTooSoon(needed);
        if (o == Obstacle.RingNotFinal) revert RoundNotFinal(uint64(found), needed);
        if (o == Obstacle.PotTooSmall) revert PotTooSmall(found, needed);
        if (o == Obstacle.NotEnoughMiners) revert NotEnoughMiners(found, needed);
        _state = s;
        return s.round;
    }

    /// @dev Opens the next round if nothing stands against it; then `s` is the new state, to be stored by the caller.
    /// @param previousOpening Time of the newest opening; 0 before the first.
    /// @return o The obstacle, with what was found and what is needed.
    function _tryOpen(State memory s, uint256 previousOpening, uint256 funded)
        private
        returns (Obstacle o, uint256 found, uint256 needed)
    {
        if (s.flags & PARAMETERS_QUEUED != 0) {
            s.flags &= ~PARAMETERS_QUEUED;
            _applyParameters();
        }
        needed = previousOpening == 0 ? 0 : previousOpening + _settings.rules.openAfter();
        if (block.timestamp < needed) return (Obstacle.TooSoon, block.timestamp, needed);

        uint32 round = s.round + 1;
        Slot storage slot = _slot(round);
        uint256 old = slot.word;
        uint256 pausedTime = _pausedTimeIn(s);
        if (!_isWordFinal(old, pausedTime)) {
            if (old.statusOf() != RoundStatus.Degraded) {
                return (Obstacle.RingNotFinal, old.roundOf(), old.finalAtOf() + pausedTime);
            }
            // Nobody ratified it in a whole lap of the ring: better void than no round any more.
            _voidDegraded(s);
        }

        needed = s.payoutsTotal + _settings.rules.roundBudget();
        if (funded < needed) return (Obstacle.PotTooSmall, funded, needed);

        uint256 members = _minerRegistry.beginRound(s.ballots, s.lastFinalAt);
        if (members < MIN_MINERS && !_mayBeAlone(s, members)) return (Obstacle.NotEnoughMiners, members, MIN_MINERS);

        s.round = round;
        _storeOpening(s, slot, members);
    }

    /// @dev A lone miner goes on, provisionally and not for ever. The first round needs two.
    function _mayBeAlone(State memory s, uint256 members) private view returns (bool) {
        if (members == 0 || s.round == 0) return false;
        if (s.flags & PROVISIONAL == 0) return true;
        DegradedChain memory chain = _chains[0];
        // The round after this one, which may ratify them, must not need the slot of the first of them.
        return chain.count < MAX_DEGRADED && s.round + 2 - chain.first < _ringSlots;
    }

    function _voidDegraded(State memory s) private {
        _recover(abi.encodeCall(RoundRecovery.voidDegraded, ()));
        s.flags &= ~PROVISIONAL;
    }

    function _storeOpening(State memory s, Slot storage slot, uint256 members) private {
        uint16 target = s.settlement == 0 ? _firstTarget() : s.updateCount;
        slot.word = RoundWord.opening(s.round, members, target);
        bytes32 baseRoot = _headRoot;
        bytes32 hash = _openingHash(s.round, baseRoot, _parametersHash, blockhash(block.number - 1));
        slot.openingHash = hash;
        emit RoundOpened(s.round, hash, baseRoot, members, target);
    }

    /// @dev Until a round was agreed collect ends early with an update of every registered client.
    function _firstTarget() private view returns (uint16) {
        uint256 clients = _clientRegistry.clientCount();
        if (clients == 0) return 1;
        return uint16(clients < MAX_UPDATES ? clients : MAX_UPDATES);
    }

    // ------------------------------------------------------------------ settle

    /// @inheritdoc IRoundConsensus
    function settle(uint64 round, Vote[] calldata votes, CandidateContent calldata content) external {
        (Slot storage slot, RoundWord.Open memory r) = _openRoundOf(round);
        require(r.signers != 0, NoCandidate(round));
        require(_slotsOver(r), Undecided(round));
        Decision memory d = _decision(round, slot, r.signers, r.members);
        _takeCast(d, slot, r.voteCount);
        _takeBatch(d, votes);
        _tally(d, r);
        (bool agreed, uint256 winner) = _winner(d, r);
        if (!agreed && winner == UNDECIDED) {
            _settleLone(d, r, content);
            return;
        }
        State memory s = _state;
        ++s.ballots;
        _score(d, r, s.ballots, agreed);
        if (agreed) _agree(s, slot, r, d, winner, content);
        else _fail(s, slot, r, d);
        _state = s;
    }

    /// @dev What more than one miner would have to decide may be one's alone by now.
    function _settleLone(Decision memory d, RoundWord.Open memory r, CandidateContent calldata content) private {
        _recover(abi.encodeCall(RoundRecovery.settleLone, (d.round, d.votes, content)));
        State memory s = _state;
        _tryOpen(s, r.openedAt, _rewardDistributor.funded());
        _state = s;
    }

    /// @dev Ends a round with a candidate, none of them agreed.
    function _fail(State memory s, Slot storage slot, RoundWord.Open memory r, Decision memory d) private {
        uint256 finalAt = _end(s, slot, r, RoundStatus.Failed, 0);
        emit RoundFailed(d.round, d.candidateCount, _participationDown(d), finalAt);
        // A round that could have ratified what one miner did alone, and did not.
        if (s.flags & PROVISIONAL != 0 && r.members >= MIN_MINERS) _voidDegraded(s);
    }

    /// @dev Every rank 0/1 proposer has signed a posted candidate, or its slot is over.
    function _slotsOver(RoundWord.Open memory r) private view returns (bool) {
        if (_allSigned(r)) return true;
        uint256 times = _settings.times;
        return block.timestamp > r.openedAt + times.collectMax() + times.proposeSlot();
    }

    /// @dev A lone miner is the only proposer.
    function _allSigned(RoundWord.Open memory r) private pure returns (bool) {
        return r.signers.allSigned() || r.members < MIN_MINERS;
    }

    /// @dev The primary's agreed candidate, else the secondary's, else the reserve's: whoever settles can't choose.
    /// Nor by leaving votes out: while a better-ranked candidate is pending, another one wins only after grace, when
    /// its voters had time to vote on chain.
    /// @return Whether one is agreed, and its index; UNDECIDED if none is and not all are disagreed.
    function _winner(Decision memory d, RoundWord.Open memory r) private view returns (bool, uint256) {
        uint256 first = r.signers.bestCandidate();
        bool pending = false;
        for (uint256 i = 0; i < d.candidateCount; ++i) {
            uint256 c = first ^ i;
            if (d.verdicts[c] == Tally.Verdict.Agreed) {
                require(!pending || _graceOver(r), Undecided(d.round));
                return (true, c);
            }
            if (d.verdicts[c] == Tally.Verdict.Pending) pending = true;
        }
        return (false, pending ? UNDECIDED : 0);
    }

    function _graceOver(RoundWord.Open memory r) private view returns (bool) {
        return block.timestamp > uint256(r.openedAt) + r.voteEndsAfter + _settings.times.voteGrace();
    }

    /// @dev Makes the winner the head, records its payouts, opens the next round if possible.
    function _agree(
        State memory s,
        Slot storage slot,
        RoundWord.Open memory r,
        Decision memory d,
        uint256 winner,
        CandidateContent calldata content
    ) private {
        bytes32 given = Messages.candidate(d.round, d.openingHash, _headRoot, content);
        require(given == d.ids[winner], WrongContent(d.ids[winner], given));
        ++s.settlement;
        uint256 finalAt = _end(s, slot, r, RoundStatus.Agreed, winner);
        if (s.flags & PROVISIONAL != 0) {
            _recover(abi.encodeCall(RoundRecovery.ratify, (d.round, s.lastFinalAt)));
            s.flags &= ~PROVISIONAL;
        }
        // A total out of range is the voters' fault, but reverting here could leave the round open for ever.
        bytes32 payoutsRoot = content.payoutsRoot;
        if (content.payoutsTotal < s.payoutsTotal || content.payoutsTotal > s.payoutsTotal + d.rules.roundBudget()) {
            payoutsRoot = 0;
        }
        if (payoutsRoot != 0) s.payoutsTotal = uint96(content.payoutsTotal);
        s.updateCount = uint16(content.updateCount);
        _headRoot = content.modelRoot;
        emit RoundAgreed(
            d.round,
            given,
            s.settlement,
            payoutsRoot,
            s.payoutsTotal,
            Tally.ratioBpsDown(d.yes[winner], d.totalWeight),
            _participationDown(d),
            finalAt
        );
        uint256 funded = _rewardDistributor.record(s.settlement, d.round, payoutsRoot, s.payoutsTotal, s.lastFinalAt);
        // If something stands against the next round, `openRound` opens it later.
        _tryOpen(s, r.openedAt, funded);
    }

    /// @dev Stores the round as ended. It becomes final after the challenge window, never before an earlier one.
    /// @return The block time at which it is final.
    function _end(State memory s, Slot storage slot, RoundWord.Open memory r, RoundStatus status, uint256 winner)
        private
        returns (uint256)
    {
        uint256 pausedTime = _pausedTimeIn(s);
        uint40 finalAt;
        unchecked {
            // Times of 40 bits; pauses take less than there was.
            finalAt = uint40(block.timestamp - pausedTime + _settings.rules.finalAfter());
        }
        if (finalAt > s.lastFinalAt) s.lastFinalAt = finalAt;
        bool voted = r.signers != 0;
        slot.word = EndedWord.pack(
            EndedWord.Ended({
                round: r.round,
                status: status,
                openedAt: r.openedAt,
                finalAt: s.lastFinalAt,
                voteDeadline: voted ? uint40(r.openedAt + r.voteEndsAfter - pausedTime) : 0,
                ballot: voted ? s.ballots : 0,
                settlement: status == RoundStatus.Agreed ? s.settlement : 0,
                winnerIndex: uint8(winner),
                signers: r.signers,
                members: r.members,
                updateTarget: r.updateTarget
            })
        );
        unchecked {
            return s.lastFinalAt + pausedTime;
        }
    }

    /// @dev `_pausedTime` in a federation that runs.
    function _pausedTimeIn(State memory s) private view returns (uint256) {
        return s.flags & EVER_PAUSED == 0 ? 0 : _pauses.total;
    }

    /// @inheritdoc IRoundConsensus
    function failRound(uint64 round) external {
        (Slot storage slot, RoundWord.Open memory r) = _openRoundOf(round);
        uint256 times = _settings.times;
        uint256 slotsEnd = r.openedAt + times.collectMax() + times.proposeSlot();
        uint256 readyAt = r.openedAt + r.voteEndsAfter + times.voteGrace();
        if (r.signers == 0) readyAt = slotsEnd + (r.members > 2 ? times.proposeSlot() * (r.members - 2) : 0);
        // Nobody could settle before the proposers' slots are over, so nobody may fail it before.
        else if (!_allSigned(r) && readyAt < slotsEnd) readyAt = slotsEnd;
        // A lone miner's round gives way at once to one that returns.
        if (block.timestamp <= readyAt) _recover(abi.encodeCall(RoundRecovery.requireReturn, (round, readyAt)));
        uint256 candidateCount = r.signers.candidateCount();
        if (candidateCount == 0) {
            State memory empty = _state;
            uint256 finalAt = _end(empty, slot, r, RoundStatus.Failed, 0);
            _state = empty;
            emit RoundFailed(round, 0, 0, finalAt);
            return;
        }
        Decision memory d = _decision(round, slot, r.signers, r.members);
        _takeCast(d, slot, r.voteCount);
        if (abi.decode(_recover(abi.encodeCall(RoundRecovery.failLone, (round, d.votes))), (bool))) return;
        _tally(d, r);
        for (uint256 c = 0; c < candidateCount; ++c) {
            require(d.verdicts[c] != Tally.Verdict.Agreed, CandidateAgreed(d.ids[c]));
        }
        State memory s = _state;
        ++s.ballots;
        _score(d, r, s.ballots, false);
        _fail(s, slot, r, d);
        _state = s;
    }

    /// @dev Weight that voted in basis points of all active weight, rounded down.
    function _participationDown(Decision memory d) private pure returns (uint256) {
        return d.totalWeight == 0 ? 0 : (d.votedWeight * Tally.BPS) / d.totalWeight;
    }

    // ------------------------------------------------------------------ pauses

    /// @inheritdoc IFederationPause
    function pause() external restricted {
        _recover(msg.data);
    }

    /// @inheritdoc IFederationPause
    function resume() external {
        _recover(msg.data);
    }

    // ------------------------------------------------------------------ proven faults

    /// @inheritdoc IRoundConsensus
    function strike(uint64, uint8) external onlyFaultProofs {
        _recover(msg.data);
    }

    /// @inheritdoc IRoundConsensus
    function revertRound(uint64, OpeningPreimage calldata) external onlyFaultProofs {
        _recover(msg.data);
    }
}
