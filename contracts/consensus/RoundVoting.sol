// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";
import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";
import {Ballots} from "../libraries/Ballots.sol";
import {Messages} from "../libraries/Messages.sol";
import {RoundWord} from "../libraries/RoundWord.sol";
import {Settings} from "../libraries/Settings.sol";
import {Tally} from "../libraries/Tally.sol";
import {RoundStorage} from "./RoundStorage.sol";

/// @title Votes: checking, casting on chain, counting, scoring
abstract contract RoundVoting is RoundStorage {
    using Ballots for uint256;
    using RoundWord for uint256;
    using RoundWord for uint8;
    using Settings for uint256;
    using Tally for Tally.Count;

    /// @dev Working memory of a decision.
    struct Decision {
        uint64 round;
        bytes32 openingHash;
        bytes32[2] ids;
        uint256 candidateCount;
        uint256 minConfidence;
        IMinerRegistry.Seat[] seats;
        /// By 2 x seat + candidate index; 0 = no vote. See Ballots.
        uint256[] votes;
        /// Weight of all active miners, and of those that voted.
        uint256 totalWeight;
        uint256 votedWeight;
        Tally.Count[2] counts;
        Tally.Verdict[2] verdicts;
    }

    /// @inheritdoc IRoundConsensus
    function castVote(uint64 round, Vote calldata vote) external {
        uint256 word = _wordOf(round);
        Slot storage slot = _slot(round);
        if (word.statusOf() != RoundStatus.Open) {
            _provePresence(round, word, slot, vote);
            return;
        }
        RoundWord.Open memory r = RoundWord.unpackOpen(word);
        require(r.signers != 0, NoCandidate(round));
        uint256 deadline = uint256(r.openedAt) + r.voteEndsAfter + _settings.times.voteGrace();
        require(block.timestamp <= deadline, VotingClosed(deadline));
        Decision memory d = _decision(round, slot, r.signers);
        mapping(uint256 => uint256) storage cast = slot.cast;
        uint256 place = 2 * uint256(vote.seat) + vote.candidateIndex;
        uint256 old = cast[place];
        if (old.isStale(round)) old = 0;
        VoteFault fault = _faultOf(d, vote, old);
        require(fault == VoteFault.None, InvalidVote(fault));
        if (old == 0) {
            ++r.voteCount;
            slot.word = RoundWord.packOpen(r);
        }
        cast[place] = Ballots.pack(round, vote, old != 0);
        _emitCast(d, vote);
    }

    /// @dev A vote after an early settlement: too late to count, in time to prove presence.
    function _provePresence(uint64 round, uint256 word, Slot storage slot, Vote calldata vote) private {
        RoundWord.Ended memory r = RoundWord.unpackEnded(word);
        bool counts = r.ballot != 0 && (r.status == RoundStatus.Agreed || r.status == RoundStatus.Failed);
        require(counts, RoundNotOpen(round));
        require(block.timestamp <= r.voteDeadline, VotingClosed(r.voteDeadline));
        Decision memory d = _decision(round, slot, r.signers);
        VoteFault fault = _faultOf(d, vote, 0);
        require(fault == VoteFault.None, InvalidVote(fault));
        _emitCast(d, vote);
        _minerRegistry.provePresence(round, d.seats[vote.seat].owner, r.ballot, _reputationRule());
    }

    function _emitCast(Decision memory d, Vote calldata v) private {
        emit VoteCast(
            d.round,
            d.ids[v.candidateIndex],
            d.seats[v.seat].owner,
            v.support,
            v.confidence,
            v.reason,
            v.reasonIndex
        );
    }

    /// @dev Fresh working memory.
    function _decision(uint64 round, Slot storage slot, uint8 signers) internal view returns (Decision memory d) {
        d.round = round;
        d.openingHash = slot.openingHash;
        d.candidateCount = signers.candidateCount();
        d.ids[0] = slot.candidates[0];
        if (d.candidateCount > 1) d.ids[1] = slot.candidates[1];
        d.minConfidence = _settings.rules.minConfidenceBps();
        d.seats = _minerRegistry.roster();
        d.votes = new uint256[](2 * d.seats.length);
    }

    /// @dev Takes the votes that are on chain.
    function _takeCast(Decision memory d, Slot storage slot, uint256 voteCount) internal view {
        if (voteCount == 0) return;
        for (uint256 place = 0; place < d.votes.length; ++place) {
            if (place & 1 >= d.candidateCount) continue;
            uint256 vote = slot.cast[place];
            if (!vote.isStale(d.round)) d.votes[place] = vote;
        }
    }

    /// @dev Takes the valid votes of a settlement; skips the others with an event.
    function _takeBatch(Decision memory d, Vote[] calldata votes) internal {
        uint256 next = 0;
        for (uint256 i = 0; i < votes.length; ++i) {
            Vote calldata v = votes[i];
            uint256 place = 2 * uint256(v.seat) + v.candidateIndex;
            VoteFault fault;
            if (place < next) {
                fault = VoteFault.NotAscending;
            } else {
                next = place + 1;
                fault = _faultOf(d, v, place < d.votes.length ? d.votes[place] : 0);
            }
            if (fault == VoteFault.None) d.votes[place] = Ballots.pack(d.round, v, false);
            else emit VoteSkipped(d.round, i, v.seat, fault);
        }
    }

    /// @param cast The seat's vote on this candidate that is on chain; 0 = none.
    function _faultOf(Decision memory d, Vote calldata v, uint256 cast) private view returns (VoteFault fault) {
        if (v.seat >= d.seats.length) return VoteFault.UnknownSeat;
        if (v.candidateIndex >= d.candidateCount) return VoteFault.UnknownCandidate;
        fault = Ballots.faultOf(v, d.minConfidence);
        if (fault != VoteFault.None) return fault;
        if (!cast.mayFollow(v)) return VoteFault.AlreadyCast;
        bytes32 digest = hashTypedData(Messages.vote(d.round, d.openingHash, d.ids[v.candidateIndex], v));
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecover(digest, v.r, v.vs);
        bool signed = failure == ECDSA.RecoverError.NoError && signer == d.seats[v.seat].key;
        return signed ? VoteFault.None : VoteFault.BadSignature;
    }

    /// @dev Counts the votes taken and judges every candidate.
    function _tally(Decision memory d, RoundWord.Open memory r) internal view {
        uint256[2] memory soleWeight;
        uint256[2] memory soleSeat;
        for (uint256 c = 0; c < d.candidateCount; ++c) {
            soleSeat[c] = _soleSigner(r, c);
            if (soleSeat[c] < d.seats.length) soleWeight[c] = d.seats[soleSeat[c]].weight;
        }
        for (uint256 seat = 0; seat < d.seats.length; ++seat) {
            uint256 weight = d.seats[seat].weight;
            d.totalWeight += weight;
            if (_voted(d, seat)) d.votedWeight += weight;
            for (uint256 c = 0; c < d.candidateCount; ++c) {
                uint256 vote = d.votes[2 * seat + c];
                if (vote != 0) d.counts[c].add(weight, vote.isYes(), vote.confidenceOf(), seat == soleSeat[c]);
            }
        }
        uint256 quorum = _settings.rules.quorumBps();
        for (uint256 c = 0; c < d.candidateCount; ++c) {
            d.verdicts[c] = d.counts[c].verdict(d.totalWeight, soleWeight[c], quorum);
        }
    }

    /// @dev Seat of the only signer of a candidate; a number beyond all seats if two signed.
    function _soleSigner(RoundWord.Open memory r, uint256 c) private pure returns (uint256) {
        uint8 bits = r.signers.signersOf(c);
        if (bits == 1) return r.primary;
        if (bits == 2) return r.secondary;
        return bits == 4 ? r.reserve : type(uint256).max;
    }

    /// @dev Records who was present and, in an agreed round, the reputation step each earned.
    function _score(Decision memory d, RoundWord.Open memory r, uint32 ballot, bool agreed) internal {
        emit VotesCounted(d.round, _countedVotes(d));
        _minerRegistry.recordBallot(d.round, ballot, _steps(d, r, agreed), _reputationRule());
    }

    function _countedVotes(Decision memory d) private pure returns (uint256[] memory counted) {
        uint256 n = 0;
        for (uint256 place = 0; place < d.votes.length; ++place) {
            if (d.votes[place] != 0) ++n;
        }
        counted = new uint256[](n);
        n = 0;
        for (uint256 place = 0; place < d.votes.length; ++place) {
            uint256 vote = d.votes[place];
            if (vote != 0) counted[n++] = vote.toEvent(d.seats[place / 2].owner);
        }
    }

    function _steps(Decision memory d, RoundWord.Open memory r, bool agreed)
        private
        view
        returns (IMinerRegistry.Step[] memory steps)
    {
        uint256 n = 0;
        for (uint256 seat = 0; seat < d.seats.length; ++seat) {
            if (_voted(d, seat)) ++n;
        }
        steps = new IMinerRegistry.Step[](n);
        n = 0;
        for (uint256 seat = 0; seat < d.seats.length; ++seat) {
            if (!_voted(d, seat)) continue;
            steps[n++] = IMinerRegistry.Step(uint8(seat), agreed ? _stepOf(d, r, seat) : int16(0));
        }
    }

    function _voted(Decision memory d, uint256 seat) private pure returns (bool) {
        return d.votes[2 * seat] | d.votes[2 * seat + 1] != 0;
    }

    /// @dev The step of a miner that voted in an agreed round, in 1/10,000.
    function _stepOf(Decision memory d, RoundWord.Open memory r, uint256 seat) private view returns (int16) {
        bool drawn = seat == r.primary || seat == r.secondary;
        bool signedAgreed = false;
        bool wrong = false;
        for (uint256 c = 0; c < d.candidateCount; ++c) {
            uint8 bits = r.signers.signersOf(c);
            bool signer = (bits & 1 != 0 && seat == r.primary) || (bits & 2 != 0 && seat == r.secondary)
                || (bits & 4 != 0 && seat == r.reserve);
            uint256 vote = d.votes[2 * seat + c];
            if (d.verdicts[c] == Tally.Verdict.Agreed) {
                signedAgreed = signedAgreed || signer;
                wrong = wrong || (vote != 0 && !vote.isYes());
            } else if (d.verdicts[c] == Tally.Verdict.Disagreed) {
                wrong = wrong || signer || vote.isYes();
            }
        }
        uint256 rules = _settings.rules;
        if (wrong) return -int16(rules.reputationLoss());
        return drawn && !signedAgreed ? int16(0) : int16(rules.reputationGain());
    }

    function _reputationRule() internal view returns (IMinerRegistry.ReputationRule memory) {
        uint256 rules = _settings.rules;
        return IMinerRegistry.ReputationRule(rules.reputationMin(), rules.reputationMax(), rules.reputationLoss());
    }
}
