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
import {SignerBits} from "../libraries/SignerBits.sol";
import {Tally} from "../libraries/Tally.sol";
import {RoundStorage} from "./RoundStorage.sol";

/// @title Votes: checking, casting on chain, counting, scoring
abstract contract RoundVoting is RoundStorage {
    using Ballots for uint256;
    using RoundWord for uint256;
    using SignerBits for uint8;
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
        /// Parameters in force, see Settings.
        uint256 rules;
        uint256 times;
        /// The roster, see SeatWord.
        uint256[] seats;
        /// By 2 x seat + candidate index; 0 = no vote. See Ballots.
        uint256[] votes;
        uint256 voteCount;
        /// Weight of all active miners, and of those that voted.
        uint256 totalWeight;
        uint256 votedWeight;
        /// By candidate: weighted yes, verdict.
        uint256[2] yes;
        Tally.Verdict[2] verdicts;
    }

    /// @dev What counts for the steps of a round: sets of seats (bit i = seat i), verdicts, sizes.
    struct Record {
        uint256 drawn;
        uint256 signedAgreed;
        uint256 signedDisagreed;
        Tally.Verdict first;
        Tally.Verdict second;
        uint256 gain;
        uint256 loss;
    }

    /// @dev A change of 0 as `recordBallot` takes it.
    uint256 private constant NO_STEP = 1 << 15;

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
        uint256 packed = Ballots.pack(round, vote, old != 0);
        VoteFault fault = _faultOf(d, vote, packed, old);
        require(fault == VoteFault.None, InvalidVote(fault));
        if (old == 0) {
            ++r.voteCount;
            slot.word = RoundWord.packOpen(r);
        }
        cast[place] = packed;
        _emitCast(d, vote);
    }

    /// @dev A vote after an early settlement: too late to count, in time to prove presence.
    function _provePresence(uint64 round, uint256 word, Slot storage slot, Vote calldata vote) private {
        RoundWord.Ended memory r = RoundWord.unpackEnded(word);
        bool counts = r.ballot != 0 && (r.status == RoundStatus.Agreed || r.status == RoundStatus.Failed);
        require(counts, RoundNotOpen(round));
        require(block.timestamp <= r.voteDeadline, VotingClosed(r.voteDeadline));
        Decision memory d = _decision(round, slot, r.signers, r.members);
        VoteFault fault = _faultOf(d, vote, Ballots.pack(round, vote, false), 0);
        require(fault == VoteFault.None, InvalidVote(fault));
        _emitCast(d, vote);
        _minerRegistry.provePresence(round, d.seats[vote.seat].ownerOf(), r.ballot, _reputationRule(d.rules));
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
        (d.rules, d.times) = (_settings.rules, _settings.times);
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
        uint256[] memory taken = d.votes;
        uint256 next = 0;
        for (uint256 i = 0; i < votes.length; ++i) {
            Vote calldata v = votes[i];
            uint256 place = 2 * uint256(v.seat) + v.candidateIndex;
            uint256 cast = place < taken.length ? taken[place] : 0;
            uint256 vote = Ballots.pack(d.round, v, false);
            VoteFault fault = place < next ? VoteFault.NotAscending : _faultOf(d, v, vote, cast);
            if (place >= next) next = place + 1;
            if (fault != VoteFault.None) {
                emit VoteSkipped(d.round, i, v.seat, fault);
                continue;
            }
            if (cast == 0) ++d.voteCount;
            taken[place] = vote;
        }
    }

    /// @param vote The same vote as a word.
    /// @param cast The seat's vote on this candidate that is on chain; 0 = none.
    function _faultOf(Decision memory d, Vote calldata v, uint256 vote, uint256 cast)
        private
        view
        returns (VoteFault fault)
    {
        uint256 seat = v.seat;
        uint256 index = v.candidateIndex;
        if (seat >= d.seats.length) return VoteFault.UnknownSeat;
        if (index >= d.candidateCount) return VoteFault.UnknownCandidate;
        fault = vote.faultOf(d.rules.minConfidenceBps());
        if (fault != VoteFault.None) return fault;
        if (!cast.mayFollow(vote)) return VoteFault.AlreadyCast;
        bytes32 structHash = Messages.vote(d.round, d.openingHash, d.ids[index], vote);
        bytes32 digest = MessageHashUtils.toTypedDataHash(d.domain, structHash);
        // A failed recovery gives the zero address, which is nobody's key.
        (address signer,,) = ECDSA.tryRecover(digest, v.r, v.vs);
        return signer == _keyOf(d.seats[seat]) ? VoteFault.None : VoteFault.BadSignature;
    }

    /// @dev Voting key of a seat.
    function _keyOf(uint256 seat) internal view returns (address) {
        return seat.hasSeparateKey() ? _minerRegistry.keyOf(seat.ownerOf()) : seat.ownerOf();
    }

    /// @dev Counts the votes taken and judges every candidate.
    function _tally(Decision memory d, RoundWord.Open memory r) internal pure {
        uint256[] memory seats = d.seats;
        uint256[] memory votes = d.votes;
        uint256 total = 0;
        uint256 voted = 0;
        unchecked {
            // At most 255 weights of 88 bits.
            for (uint256 seat = 0; seat < seats.length; ++seat) {
                uint256 weight = seats[seat].votingWeightOf();
                total += weight;
                if (votes[2 * seat] | votes[2 * seat + 1] != 0) voted += weight;
            }
        }
        (d.totalWeight, d.votedWeight) = (total, voted);
        uint256 quorum = d.rules.quorumBps();
        for (uint256 c = 0; c < d.candidateCount; ++c) {
            uint256 sole = _soleSigner(r, c);
            Tally.Count memory count = _count(d, c, sole);
            d.yes[c] = count.yes;
            uint256 soleWeight = sole < seats.length ? seats[sole].votingWeightOf() : 0;
            bool struck = (r.struck >> c) & 1 != 0;
            d.verdicts[c] = struck ? Tally.Verdict.Disagreed : count.verdict(total, soleWeight, quorum);
        }
    }

    /// @dev Adds up the votes on candidate `c`. Overflow: see Tally.
    function _count(Decision memory d, uint256 c, uint256 sole) private pure returns (Tally.Count memory count) {
        uint256[] memory seats = d.seats;
        uint256[] memory votes = d.votes;
        unchecked {
            for (uint256 seat = 0; seat < seats.length; ++seat) {
                uint256 vote = votes[2 * seat + c];
                uint256 weight = seats[seat].votingWeightOf();
                if (vote == 0 || weight == 0) continue;
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

    /// @dev Records who voted what and, in an agreed round, the reputation step each earned.
    function _score(Decision memory d, RoundWord.Open memory r, uint32 ballot, bool agreed) internal {
        uint256[] memory votes = d.votes;
        uint256[] memory counted = new uint256[](d.voteCount);
        Record memory record = _recordOf(d, r);
        uint256 n = 0;
        unchecked {
            // A counter below 2 x 255; a step of at most 5,000 either way.
            for (uint256 seat = 0; n < counted.length; ++seat) {
                uint256 first = votes[2 * seat];
                uint256 second = votes[2 * seat + 1];
                if (first | second == 0) continue;
                address owner = d.seats[seat].ownerOf();
                uint256 score = seat | (agreed ? _stepOf(record, seat, first, second) : NO_STEP) << 8;
                if (first != 0) counted[n++] = first.toEvent(owner) | score;
                if (second != 0) counted[n++] = second.toEvent(owner) | score;
            }
        }
        _minerRegistry.recordBallot(d.round, ballot, counted, _reputationRule(d.rules));
    }

    function _recordOf(Decision memory d, RoundWord.Open memory r) private pure returns (Record memory record) {
        record.drawn = (1 << r.primary) | (1 << r.secondary);
        for (uint256 c = 0; c < d.candidateCount; ++c) {
            uint8 bits = r.signers.signersOf(c);
            uint256 seats = (bits & 1 != 0 ? 1 << r.primary : 0) | (bits & 2 != 0 ? 1 << r.secondary : 0)
                | (bits & 4 != 0 ? 1 << r.reserve : 0);
            if (d.verdicts[c] == Tally.Verdict.Agreed) record.signedAgreed |= seats;
            if (d.verdicts[c] == Tally.Verdict.Disagreed) record.signedDisagreed |= seats;
        }
        (record.first, record.second) = (d.verdicts[0], d.verdicts[1]);
        uint256 rules = d.rules;
        (record.gain, record.loss) = (rules.reputationGain(), rules.reputationLoss());
    }

    /// @dev The step of a miner that voted in an agreed round, in 1/10,000 + NO_STEP: down for a no on an agreed
    /// candidate, a yes on a disagreed one, or its signature; else up, but not if drawn without signing an agreed one.
    function _stepOf(Record memory record, uint256 seat, uint256 first, uint256 second) private pure returns (uint256) {
        uint256 bit = 1 << seat;
        bool wrong =
            record.signedDisagreed & bit != 0 || _isWrong(record.first, first) || _isWrong(record.second, second);
        if (wrong) return NO_STEP - record.loss;
        return record.drawn & bit & ~record.signedAgreed != 0 ? NO_STEP : NO_STEP + record.gain;
    }

    function _isWrong(Tally.Verdict verdict, uint256 vote) private pure returns (bool) {
        if (vote == 0 || verdict == Tally.Verdict.Pending) return false;
        return vote.isYes() != (verdict == Tally.Verdict.Agreed);
    }

    function _reputationRule(uint256 rules) internal pure returns (IMinerRegistry.ReputationRule memory) {
        return IMinerRegistry.ReputationRule(rules.reputationMin(), rules.reputationMax(), rules.reputationLoss());
    }
}
