// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";
import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";
import {Ballots} from "../libraries/Ballots.sol";
import {Messages} from "../libraries/Messages.sol";
import {RoundWord} from "../libraries/RoundWord.sol";
import {SeatWord} from "../libraries/SeatWord.sol";
import {Settings} from "../libraries/Settings.sol";
import {Tally} from "../libraries/Tally.sol";
import {RoundStorage} from "./RoundStorage.sol";

/// @title Votes: checking, casting on chain, counting, scoring
abstract contract RoundVoting is RoundStorage {
    using Ballots for uint256;
    using RoundWord for uint256;
    using RoundWord for uint8;
    using SeatWord for uint256;
    using Settings for uint256;
    using Tally for Tally.Count;

    /// @dev Working memory of a decision.
    struct Decision {
        uint64 round;
        bytes32 openingHash;
        bytes32 domain;
        uint256 candidateCount;
        bytes32[2] ids;
        uint256 minConfidence;
        /// The roster, see SeatWord.
        uint256[] seats;
        /// By 2 x seat + candidate index; 0 = no vote. See Ballots.
        uint256[] votes;
        /// Votes taken, and seats they came from.
        uint256 voteCount;
        uint256 present;
        /// Weight of all active miners, and of those that voted.
        uint256 totalWeight;
        uint256 votedWeight;
        /// By candidate: weighted yes, verdict.
        uint256[2] yes;
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
        Decision memory d = _decision(round, slot, r.signers, r.members);
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
        Decision memory d = _decision(round, slot, r.signers, r.members);
        VoteFault fault = _faultOf(d, vote, 0);
        require(fault == VoteFault.None, InvalidVote(fault));
        _emitCast(d, vote);
        _minerRegistry.provePresence(round, d.seats[vote.seat].ownerOf(), r.ballot, _reputationRule());
    }

    function _emitCast(Decision memory d, Vote calldata v) private {
        emit VoteCast(
            d.round,
            d.ids[v.candidateIndex],
            d.seats[v.seat].ownerOf(),
            v.support,
            v.confidence,
            v.reason,
            v.reasonIndex
        );
    }

    /// @dev Fresh working memory.
    function _decision(uint64 round, Slot storage slot, uint8 signers, uint256 members)
        internal
        view
        returns (Decision memory d)
    {
        d.round = round;
        d.openingHash = slot.openingHash;
        d.domain = Messages.domainSeparator(address(this));
        d.candidateCount = signers.candidateCount();
        d.ids[0] = slot.candidates[0];
        if (d.candidateCount > 1) d.ids[1] = slot.candidates[1];
        d.minConfidence = _settings.rules.minConfidenceBps();
        d.seats = _minerRegistry.rosterWords(members);
        d.votes = new uint256[](2 * members);
    }

    /// @dev Takes the votes that are on chain.
    function _takeCast(Decision memory d, Slot storage slot, uint256 voteCount) internal view {
        d.voteCount = voteCount;
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
            uint256 cast = place < d.votes.length ? d.votes[place] : 0;
            VoteFault fault = place < next ? VoteFault.NotAscending : _faultOf(d, v, cast);
            if (place >= next) next = place + 1;
            if (fault == VoteFault.None) {
                if (cast == 0) ++d.voteCount;
                d.votes[place] = Ballots.pack(d.round, v, false);
            } else {
                emit VoteSkipped(d.round, i, v.seat, fault);
            }
        }
    }

    /// @param cast The seat's vote on this candidate that is on chain; 0 = none.
    function _faultOf(Decision memory d, Vote calldata v, uint256 cast) private view returns (VoteFault fault) {
        if (v.seat >= d.seats.length) return VoteFault.UnknownSeat;
        if (v.candidateIndex >= d.candidateCount) return VoteFault.UnknownCandidate;
        fault = Ballots.faultOf(v, d.minConfidence);
        if (fault != VoteFault.None) return fault;
        if (!cast.mayFollow(v)) return VoteFault.AlreadyCast;
        bytes32 structHash = Messages.vote(d.round, d.openingHash, d.ids[v.candidateIndex], v);
        bytes32 digest = MessageHashUtils.toTypedDataHash(d.domain, structHash);
        // A failed recovery gives the zero address, which is nobody's key.
        (address signer,,) = ECDSA.tryRecover(digest, v.r, v.vs);
        return signer == _keyOf(d.seats[v.seat]) ? VoteFault.None : VoteFault.BadSignature;
    }

    /// @dev Voting key of a seat.
    function _keyOf(uint256 seat) internal view returns (address) {
        return seat.hasSeparateKey() ? _minerRegistry.keyOf(seat.ownerOf()) : seat.ownerOf();
    }

    /// @dev Counts the votes taken and judges every candidate.
    function _tally(Decision memory d, RoundWord.Open memory r) internal view {
        uint256[] memory seats = d.seats;
        unchecked {
            // At most 255 weights of 88 bits.
            for (uint256 seat = 0; seat < seats.length; ++seat) {
                uint256 weight = seats[seat].weightOf();
                d.totalWeight += weight;
                if (d.votes[2 * seat] | d.votes[2 * seat + 1] == 0) continue;
                d.votedWeight += weight;
                ++d.present;
            }
        }
        uint256 quorum = _settings.rules.quorumBps();
        for (uint256 c = 0; c < d.candidateCount; ++c) {
            uint256 sole = _soleSigner(r, c);
            Tally.Count memory count = _count(d, c, sole);
            d.yes[c] = count.yes;
            uint256 soleWeight = sole < seats.length ? seats[sole].weightOf() : 0;
            d.verdicts[c] = count.verdict(d.totalWeight, soleWeight, quorum);
        }
    }

    /// @dev Adds up the votes on candidate `c`. Overflow: see Tally.
    function _count(Decision memory d, uint256 c, uint256 sole) private pure returns (Tally.Count memory count) {
        uint256[] memory seats = d.seats;
        uint256[] memory votes = d.votes;
        unchecked {
            for (uint256 seat = 0; seat < seats.length; ++seat) {
                uint256 vote = votes[2 * seat + c];
                if (vote == 0) continue;
                uint256 weight = seats[seat].weightOf();
                count.voted += weight;
                if (!vote.isYes()) continue;
                uint256 yes = weight * vote.confidenceOf();
                count.yes += yes;
                ++count.yesVoters;
                if (seat == sole) count.soleYes = yes;
            }
        }
    }

    /// @dev Seat of the only signer of a candidate; a number beyond all seats if two signed.
    function _soleSigner(RoundWord.Open memory r, uint256 c) private pure returns (uint256) {
        uint8 bits = r.signers.signersOf(c);
        if (bits == 3) return type(uint256).max;
        if (bits == 1) return r.primary;
        return bits == 2 ? r.secondary : r.reserve;
    }

    /// @dev Records who was present and, in an agreed round, the reputation step each earned.
    function _score(Decision memory d, RoundWord.Open memory r, uint32 ballot, bool agreed) internal {
        uint256[] memory counted = new uint256[](d.voteCount);
        uint256[] memory steps = new uint256[](d.present);
        uint256 rules = _settings.rules;
        uint256 n = 0;
        uint256 m = 0;
        for (uint256 seat = 0; m < steps.length; ++seat) {
            uint256 first = d.votes[2 * seat];
            uint256 second = d.votes[2 * seat + 1];
            if (first | second == 0) continue;
            if (first != 0) counted[n++] = first.toEvent(d.seats[seat].ownerOf());
            if (second != 0) counted[n++] = second.toEvent(d.seats[seat].ownerOf());
            int256 change = 0;
            if (agreed) {
                change = _change(_wrong(d, r, seat, 0, first) || _wrong(d, r, seat, 1, second), rules);
                bool drawn = seat == r.primary || seat == r.secondary;
                if (change > 0 && drawn && !_signedAgreed(d, r, seat)) change = 0;
            }
            steps[m++] = seat | uint256(change + (1 << 15)) << 8;
        }
        emit VotesCounted(d.round, counted);
        _minerRegistry.recordBallot(d.round, ballot, steps, _reputationRule());
    }

    /// @dev True if vote or signature of a seat were wrong about candidate `c`: a no on an agreed one, a yes on a
    /// disagreed one, or its signature.
    function _wrong(Decision memory d, RoundWord.Open memory r, uint256 seat, uint256 c, uint256 vote)
        private
        pure
        returns (bool)
    {
        if (d.verdicts[c] == Tally.Verdict.Agreed) return vote != 0 && !vote.isYes();
        if (d.verdicts[c] == Tally.Verdict.Disagreed) return vote.isYes() || _signed(r, seat, c);
        return false;
    }

    function _change(bool wrong, uint256 rules) private pure returns (int256) {
        if (wrong) return -int256(uint256(rules.reputationLoss()));
        return int256(uint256(rules.reputationGain()));
    }

    function _signedAgreed(Decision memory d, RoundWord.Open memory r, uint256 seat) private pure returns (bool) {
        for (uint256 c = 0; c < d.candidateCount; ++c) {
            if (d.verdicts[c] == Tally.Verdict.Agreed && _signed(r, seat, c)) return true;
        }
        return false;
    }

    function _signed(RoundWord.Open memory r, uint256 seat, uint256 c) private pure returns (bool) {
        uint8 bits = r.signers.signersOf(c);
        return (bits & 1 != 0 && seat == r.primary) || (bits & 2 != 0 && seat == r.secondary)
            || (bits & 4 != 0 && seat == r.reserve);
    }

    function _reputationRule() internal view returns (IMinerRegistry.ReputationRule memory) {
        uint256 rules = _settings.rules;
        return IMinerRegistry.ReputationRule(rules.reputationMin(), rules.reputationMax(), rules.reputationLoss());
    }
}
