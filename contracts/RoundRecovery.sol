// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAuthority} from "@openzeppelin/contracts/access/manager/IAuthority.sol";
import {RoundState} from "./consensus/RoundState.sol";
import {IFederationPause} from "./interfaces/IFederationPause.sol";
import {IRoundConsensus} from "./interfaces/IRoundConsensus.sol";
import {IRoundLens} from "./interfaces/IRoundLens.sol";
import {Ballots} from "./libraries/Ballots.sol";
import {Messages} from "./libraries/Messages.sol";
import {EndedWord} from "./libraries/EndedWord.sol";
import {FederationTime} from "./libraries/FederationTime.sol";
import {RoundWord} from "./libraries/RoundWord.sol";
import {SeatWord} from "./libraries/SeatWord.sol";
import {Settings} from "./libraries/Settings.sol";
import {SignerBits} from "./libraries/SignerBits.sol";

/// @title RoundRecovery
/// @notice What happens to rounds out of the usual course: a miner that is alone, what it did ratified or void, candidates
/// struck and rounds taken back; new parameters; and pauses. Created by its RoundConsensus, which delegates to it, because both together exceed the size limit of a
/// contract; it holds nothing itself. See docs/decisions/0009-degraded-rounds.md.
contract RoundRecovery is RoundState {
    using Ballots for uint256;
    using EndedWord for uint256;
    using EndedWord for EndedWord.Ended;
    using FederationTime for uint256;
    using RoundWord for uint256;
    using SeatWord for uint256;
    using Settings for uint256;
    using SignerBits for uint8;

    /// @dev Only on the storage of the consensus that created this one.
    modifier delegated() {
        require(address(this) == _consensus, IRoundConsensus.OnlyDelegated(address(this)));
        _;
    }

    address private immutable _consensus;

    constructor(IRoundConsensus.Wiring memory w, uint256 ringSlots_) RoundState(w, ringSlots_) {
        _consensus = msg.sender;
    }

    // ------------------------------------------------------------------ a miner that is alone

    /// @notice Ends the open round as degraded if one miner is left whose vote counts and it said yes.
    /// @param votes By 2 x seat + candidate index, see Ballots.
    function settleLone(uint64 round, uint256[] calldata votes, IRoundConsensus.CandidateContent calldata content)
        external
        delegated
    {
        (Slot storage slot, RoundWord.Open memory r) = _openRoundOf(round);
        (bool lone, uint256 seat, address owner) = _loneSeat(r.members);
        require(lone, IRoundConsensus.Undecided(round));
        _requireNobodyJoins(round);
        (bool found, uint256 index) = _supported(r, votes, seat);
        require(found && _mayDegrade(), IRoundConsensus.Undecided(round));
        bytes32 given = Messages.candidate(round, slot.openingHash, _headRoot, content);
        require(given == slot.candidates[index], IRoundConsensus.WrongContent(slot.candidates[index], given));

        if (_state.flags & PROVISIONAL == 0) {
            _state.flags |= PROVISIONAL;
            _chains[0] = DegradedChain(uint32(round), uint32(round), 1, _headRoot);
        } else {
            _chains[0].last = uint32(round);
            ++_chains[0].count;
        }
        _headRoot = content.modelRoot;
        _end(slot, r, IRoundConsensus.RoundStatus.Degraded, index);
        emit IRoundConsensus.RoundDegraded(round, given, owner, votes[2 * seat + index].confidenceOf());
    }

    /// @notice Fails the open round if it is a lone miner's; reverts if that miner's yes on chain can settle it.
    /// @return lone Whether it was.
    function failLone(uint64 round, uint256[] calldata votes) external delegated returns (bool lone) {
        (Slot storage slot, RoundWord.Open memory r) = _openRoundOf(round);
        uint256 seat;
        (lone, seat,) = _loneSeat(r.members);
        if (!lone) return false;
        (bool found, uint256 index) = _supported(r, votes, seat);
        bool settles = found && _mayDegrade() && _minerRegistry.nextToJoin() == address(0);
        require(!settles, IRoundConsensus.CandidateAgreed(slot.candidates[index]));
        _end(slot, r, IRoundConsensus.RoundStatus.Failed, 0);
        emit IRoundConsensus.RoundFailed(round, r.signers.candidateCount(), 0, _state.lastFinalAt + _pausedTime());
    }

    /// @notice Reverts `TooEarlyToFail` unless the round is a lone miner's and another waits for the next opening.
    function requireReturn(uint64 round, uint256 readyAt) external view delegated {
        (, RoundWord.Open memory r) = _openRoundOf(round);
        (bool lone,,) = _loneSeat(r.members);
        bool gives = lone && _minerRegistry.nextToJoin() != address(0);
        require(gives, IRoundConsensus.TooEarlyToFail(readyAt + 1));
    }

    /// @dev No lone round is opened when there are so many, but one of several may end as one miner's.
    function _mayDegrade() private view returns (bool) {
        return _state.flags & PROVISIONAL == 0 || _chains[0].count < MAX_DEGRADED;
    }

    function _requireNobodyJoins(uint64 round) private view {
        address joining = _minerRegistry.nextToJoin();
        require(joining == address(0), IRoundConsensus.MinerReturns(round, joining));
    }

    /// @dev The only seat whose vote counts.
    function _loneSeat(uint256 members) private view returns (bool lone, uint256 seat, address owner) {
        uint256[] memory seats = _minerRegistry.rosterWords(members);
        for (uint256 i = 0; i < seats.length; ++i) {
            if (seats[i].votingWeightOf() == 0) continue;
            if (owner != address(0)) return (false, 0, address(0));
            (lone, seat, owner) = (true, i, seats[i].ownerOf());
        }
    }

    /// @dev The candidate that is not proven wrong and has this seat's yes, with as much confidence as agrees a round of
    /// several; of two the primary's.
    function _supported(RoundWord.Open memory r, uint256[] calldata votes, uint256 seat)
        private
        view
        returns (bool, uint256)
    {
        uint256 count = r.signers.candidateCount();
        uint256 first = r.signers.bestCandidate();
        uint256 enough = _settings.rules.quorumBps();
        for (uint256 i = 0; i < count; ++i) {
            uint256 c = first ^ i;
            if ((r.struck >> c) & 1 != 0) continue;
            uint256 vote = votes[2 * seat + c];
            if (vote.isYes() && vote.confidenceOf() >= enough) return (true, c);
        }
        return (false, 0);
    }

    /// @dev No ballot: neither reputation nor absence follows from a round that one miner decides.
    function _end(Slot storage slot, RoundWord.Open memory r, IRoundConsensus.RoundStatus status, uint256 winner)
        private
    {
        uint256 pausedTime = _pausedTime();
        EndedWord.Ended memory e;
        (e.round, e.status, e.openedAt) = (r.round, status, r.openedAt);
        e.finalAt = type(uint40).max;
        if (status == IRoundConsensus.RoundStatus.Failed) {
            uint40 finalAt = uint40(block.timestamp - pausedTime + _settings.rules.finalAfter());
            if (finalAt > _state.lastFinalAt) _state.lastFinalAt = finalAt;
            e.finalAt = _state.lastFinalAt;
        }
        e.voteDeadline = uint40(r.openedAt + r.voteEndsAfter - pausedTime);
        e.winnerIndex = uint8(winner);
        (e.signers, e.members, e.updateTarget) = (r.signers, r.members, r.updateTarget);
        slot.word = EndedWord.pack(e);
    }

    // ------------------------------------------------------------------ ratified or void

    /// @notice Ratifies all degraded rounds: the round `by` that builds on them is agreed. They become final with it.
    /// @param finalAt Federation time.
    function ratify(uint64 by, uint40 finalAt) external delegated {
        DegradedChain memory chain = _chains[0];
        delete _chains[0];
        _chains[by] = chain;
        for (uint64 round = chain.first; round < by; ++round) {
            Slot storage slot = _slot(round);
            uint256 word = slot.word.withFinalAt(finalAt);
            IRoundConsensus.RoundStatus status = word.statusOf();
            if (status == IRoundConsensus.RoundStatus.Degraded) {
                slot.word = word.withStatus(IRoundConsensus.RoundStatus.Ratified);
                emit IRoundConsensus.RoundRatified(round, by, finalAt + _pausedTime());
            } else if (status == IRoundConsensus.RoundStatus.Failed) {
                slot.word = word;
            }
        }
    }

    /// @notice Voids all degraded rounds that nobody ratified: the head is the last agreed one again.
    function voidDegraded() external delegated {
        DegradedChain memory chain = _chains[0];
        delete _chains[0];
        _headRoot = chain.agreedRoot;
        for (uint64 round = chain.first; round <= chain.last; ++round) {
            if (_slot(round).word.statusOf() == IRoundConsensus.RoundStatus.Degraded) _void(round);
        }
    }

    // ------------------------------------------------------------------ parameters

    /// @notice See IRoundConsensus.
    function setParameters(IRoundConsensus.Parameters calldata p) external delegated {
        IRoundConsensus self = IRoundConsensus(address(this));
        (_nextSettings, _nextHash) = IRoundLens(self.lens()).pack(p, self.task(), _ringSlots);
        _state.flags |= PARAMETERS_QUEUED;
        emit IRoundConsensus.ParametersQueued(p);
    }

    // ------------------------------------------------------------------ pauses

    /// @notice See IFederationPause.
    function pause() external delegated {
        _requireRunning();
        Pauses memory p = _pauses;
        // Once all is taken that may be, some of it must come back first.
        bool spent = p.repaidAt >= block.timestamp + MAX_PAUSE;
        if (spent) revert IFederationPause.PausedTooLong(p.repaidAt - MAX_PAUSE + 1);
        p.since = uint40(block.timestamp);
        _pauses = p;
        _settings.stakes = _settings.stakes.held(true);
        if (_state.flags & EVER_PAUSED == 0) {
            _state.flags |= EVER_PAUSED;
            _rewardDistributor.followPauses();
        }
        Slot storage slot = _slot(_state.round);
        if (slot.word.statusOf() == IRoundConsensus.RoundStatus.Open) _hold(slot);
        emit IFederationPause.FederationPaused(msg.sender, _pauseEnd(p));
    }

    /// @dev Whose turn it is must not change in a pause, and the block of the seed moves on as long as none is stored. In the
    /// opening block nobody knows it yet: one block later there is a pause.
    function _hold(Slot storage slot) private {
        RoundWord.Open memory r = RoundWord.unpackOpen(slot.word);
        if (!r.seedStored) {
            uint64 opening = r.seed;
            uint256 seedBlock = _freeze(r, _minerRegistry.rosterWords(r.members));
            if (seedBlock == opening) emit IRoundConsensus.SeedFrozen(r.round, r.seed, opening);
        }
        slot.word = RoundWord.packOpen(r).withPause();
    }

    /// @notice See IFederationPause.
    function resume() external delegated {
        Pauses memory p = _pauses;
        require(p.since != 0, IFederationPause.NotPaused());
        if (block.timestamp < _pauseEnd(p)) {
            IAuthority authority = IAuthority(IAccessManaged(address(this)).authority());
            bool allowed = authority.canCall(msg.sender, address(this), msg.sig);
            require(allowed, IAccessManaged.AccessManagedUnauthorized(msg.sender));
        }
        uint256 pausedAt = p.since;
        uint256 pausedFor = block.timestamp - pausedAt;
        // What took longer than it may, because nobody ended it, counts as what it may.
        uint256 taken = (p.repaidAt > pausedAt ? p.repaidAt - pausedAt : 0) + pausedFor;
        p.repaidAt = uint40(block.timestamp + (taken < MAX_PAUSE ? taken : MAX_PAUSE));
        p.total += uint40(pausedFor);
        p.since = 0;
        _pauses = p;
        _settings.stakes = _settings.stakes.held(false);
        Slot storage slot = _slot(_state.round);
        uint256 word = slot.word;
        if (word.statusOf() == IRoundConsensus.RoundStatus.Open) slot.word = word.resumed(pausedFor);
        emit IFederationPause.FederationResumed(msg.sender, pausedAt, p.total);
    }

    // ------------------------------------------------------------------ proven faults

    /// @notice See IRoundConsensus.
    function strike(uint64 round, uint8 index) external delegated {
        (Slot storage slot, RoundWord.Open memory r) = _openRoundOf(round);
        r.struck |= uint8(1 << index);
        slot.word = RoundWord.packOpen(r);
        emit IRoundConsensus.CandidateStruck(round, slot.candidates[index]);
    }

    /// @notice See IRoundConsensus.
    function revertRound(uint64 round, IRoundConsensus.OpeningPreimage calldata opening) external delegated {
        _requireRunning();
        uint256 word = _wordOf(round);
        EndedWord.Ended memory ended = EndedWord.unpack(word).inBlockTime(_pausedTime());
        bool won =
            ended.status == IRoundConsensus.RoundStatus.Agreed || ended.status >= IRoundConsensus.RoundStatus.Degraded;
        require(won, IRoundConsensus.NotRevertible(round, ended.status));
        require(block.timestamp < ended.finalAt, IRoundConsensus.AlreadyFinal(round, ended.finalAt));
        bytes32 given = _openingHash(round, opening.baseRoot, opening.parametersHash, opening.previousBlockHash);
        bytes32 expected = _slot(round).openingHash;
        require(given == expected, IRoundConsensus.WrongOpening(expected, given));

        State memory s = _state;
        (uint32 back, DegradedChain memory chain) = _basisOf(round, ended, s.settlement);
        // One wrong model leaves nothing to trust in those that its miner made alone, before or after.
        if (chain.first == 0) (chain.first, chain.agreedRoot) = (uint32(round), opening.baseRoot);
        if (back != s.settlement) {
            _rewardDistributor.revertTo(back, s.settlement);
            s.settlement = back;
            s.payoutsTotal = back == 0 ? 0 : uint96(_rewardDistributor.payout(back).total);
        }
        s.updateCount = back == 0 ? 0 : ended.updateTarget;
        s.flags &= ~PROVISIONAL;
        delete _chains[0];
        _headRoot = chain.agreedRoot;
        _state = s;
        _slot(round).word = word.withStatus(IRoundConsensus.RoundStatus.Reverted);
        emit IRoundConsensus.RoundReverted(round, back, chain.agreedRoot);
        for (uint64 other = chain.first; other <= s.round; ++other) {
            // What failed before it was built on what was agreed, or voted down: it stays contestable.
            bool stays =
                other == round || (other < round && _slot(other).word.statusOf() == IRoundConsensus.RoundStatus.Failed);
            if (!stays) _void(other);
        }
    }

    /// @dev The settlement to go back to, and the degraded rounds that fall with this one.
    function _basisOf(uint64 round, EndedWord.Ended memory ended, uint32 settlement)
        private
        view
        returns (uint32 back, DegradedChain memory chain)
    {
        if (ended.status == IRoundConsensus.RoundStatus.Degraded) return (settlement, _chains[0]);
        // The round that ratified it is the next one agreed: it said that its voters recomputed this one.
        while (ended.status != IRoundConsensus.RoundStatus.Agreed) {
            ended = EndedWord.unpack(_slot(++round).word);
        }
        return (ended.settlement - 1, _chains[round]);
    }

    function _void(uint64 round) private {
        Slot storage slot = _slot(round);
        uint256 word = slot.word;
        if (word.statusOf() == IRoundConsensus.RoundStatus.Open) {
            EndedWord.Ended memory e;
            RoundWord.Open memory r = RoundWord.unpackOpen(word);
            (e.round, e.openedAt, e.members) = (r.round, r.openedAt, r.members);
            word = EndedWord.pack(e);
        }
        slot.word = word.withStatus(IRoundConsensus.RoundStatus.Voided);
        emit IRoundConsensus.RoundVoided(round);
    }
}
