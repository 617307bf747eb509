// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";
import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";
import {Ballots} from "../libraries/Ballots.sol";
import {Messages} from "../libraries/Messages.sol";
import {EndedWord} from "../libraries/EndedWord.sol";
import {RoundWord} from "../libraries/RoundWord.sol";
import {SeatWord} from "../libraries/SeatWord.sol";
import {Settings} from "../libraries/Settings.sol";
import {SignerBits} from "../libraries/SignerBits.sol";
import {Tally} from "../libraries/Tally.sol";
import {WordList} from "../libraries/WordList.sol";
import {RoundStorage} from "./RoundStorage.sol";

/// @title Votes: checking, casting on chain, counting, scoring
abstract contract RoundVoting is RoundStorage {
    using Ballots for uint256;
    using EndedWord for EndedWord.Ended;
    using RoundWord for uint256;
    using SignerBits for uint8;
    using SeatWord for uint256;
    using Settings for uint256;
    using Tally for Tally.Count;
    using WordList for uint256[];

    /// @dev Working memory of a decision.
    struct Decision {
        uint64 round;
        bytes32 openingHash;
        bytes32 domain;
        uint256 candidateCount;
        bytes32[2] ids;
        /// Parameters in force, see Settings.
        uint256 rules;
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

    /// @dev What counts for the steps of a round.
    struct Record {
        /// Sets of seats (bit i = seat i): signed a disagreed candidate; drawn without signing an agreed one.
        uint256 signedDisagreed;
        uint256 idle;
        /// By candidate, the kind of vote (see Ballots) that was wrong.
        uint256 wrongFirst;
        uint256 wrongSecond;
        /// Steps as `recordBallot` takes them.
        uint256 up;
        uint256 down;
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
        if (word.isPaused()) _requireRunning();
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
        _requireRunning();
        EndedWord.Ended memory r = EndedWord.unpack(word).inBlockTime(_pausedTime());
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
        d.domain = _domainSeparator();
        d.candidateCount = signers.candidateCount();
        d.ids[0] = slot.candidates[0];
        if (d.candidateCount > 1) d.ids[1] = slot.candidates[1];
        d.rules = _settings.rules;
        d.seats = _roster(members);
        d.votes = new uint256[](2 * members);
    }

    /// @dev The roster, used as it lies in the answer: taking that apart would cost as much again.
    function _roster(uint256 members) internal view returns (uint256[] memory seats) {
        bytes memory question = abi.encodeCall(IMinerRegistry.rosterWords, (members));
        address registry = address(_minerRegistry);
        assembly ("memory-safe") {
            let answer := mload(0x40)
            let size := shl(5, add(members, 2))
            let done := staticcall(gas(), registry, add(question, 32), mload(question), answer, size)
            if iszero(and(done, eq(returndatasize(), size))) { revert(0, 0) }
            seats := add(answer, 32)
            mstore(0x40, add(answer, size))
        }
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
        uint256 count = d.voteCount;
        unchecked {
            // Counters below 2 x 255 and the length of a list in calldata.
            for (uint256 i = 0; i < votes.length; ++i) {
                Vote calldata v = votes[i];
                uint256 vote = Ballots.pack(d.round, v, false);
                uint256 place = vote.placeOf();
                uint256 cast = place < taken.length ? taken.get(place) : 0;
                VoteFault fault = place < next ? VoteFault.NotAscending : _faultOf(d, v, vote, cast);
                if (place >= next) next = place + 1;
                if (fault != VoteFault.None) {
                    emit VoteSkipped(d.round, i, v.seat, fault);
                    continue;
                }
                if (cast == 0) ++count;
                // Its seat exists, or it would be at fault.
                taken.put(place, vote);
            }
        }
        d.voteCount = count;
    }

    /// @param vote The same vote as a word.
    /// @param cast The seat's vote on this candidate that is on chain; 0 = none.
    function _faultOf(Decision memory d, Vote calldata v, uint256 vote, uint256 cast) private view returns (VoteFault) {
        uint256 seat = vote.seatOf();
        uint256 index = vote.indexOf();
        uint256[] memory seats = d.seats;
        if (seat >= seats.length) return VoteFault.UnknownSeat;
        if (index >= d.candidateCount) return VoteFault.UnknownCandidate;
        if (!vote.isConfident(d.rules.minConfidenceBps())) return VoteFault.ConfidenceOutOfRange;
        if (!vote.isReasoned()) return VoteFault.ReasonOutOfRange;
        if (!cast.mayFollow(vote)) return VoteFault.AlreadyCast;
        bytes32 id = index == 0 ? d.ids[0] : d.ids[1];
        bytes32 digest = Messages.digest(d.domain, Messages.vote(d.round, d.openingHash, id, vote));
        // A failed recovery gives the zero address, which is nobody's key.
        (address signer,,) = ECDSA.tryRecover(digest, v.r, v.vs);
        return signer == _keyOf(seats.get(seat)) ? VoteFault.None : VoteFault.BadSignature;
    }

    /// @dev Voting key of a seat.
    function _keyOf(uint256 seat) internal view returns (address) {
        return seat.hasSeparateKey() ? _minerRegistry.keyOf(seat.ownerOf()) : seat.ownerOf();
    }

    /// @dev Counts the votes taken and judges every candidate.
    function _tally(Decision memory d, RoundWord.Open memory r) internal pure {
        uint256[] memory seats = d.seats;
        uint256[] memory votes = d.votes;
        Tally.Count memory first;
        Tally.Count memory second;
        uint256 total = 0;
        uint256 voted = 0;
        unchecked {
            // At most 255 weights of 88 bits; there are two votes per seat.
            for (uint256 seat = 0; seat < seats.length; ++seat) {
                uint256 weight = seats.get(seat).votingWeightOf();
                total += weight;
                uint256 one = votes.get(2 * seat);
                uint256 two = votes.get(2 * seat + 1);
                if (one | two == 0) continue;
                voted += weight;
                if (one != 0) first.add(weight, one.isYes(), one.confidenceOf());
                if (two != 0) second.add(weight, two.isYes(), two.confidenceOf());
            }
        }
        (d.totalWeight, d.votedWeight) = (total, voted);
        _judge(d, r, 0, first);
        if (d.candidateCount > 1) _judge(d, r, 1, second);
    }

    function _judge(Decision memory d, RoundWord.Open memory r, uint256 c, Tally.Count memory count) private pure {
        uint256 sole = _soleSigner(r, c);
        uint256 soleWeight = 0;
        if (sole < d.seats.length) {
            soleWeight = d.seats[sole].votingWeightOf();
            uint256 vote = d.votes[2 * sole + c];
            if (vote.isYes()) count.soleYes = soleWeight * vote.confidenceOf();
        }
        d.yes[c] = count.yes;
        bool struck = (r.struck >> c) & 1 != 0;
        d.verdicts[c] = struck ? Tally.Verdict.Disagreed : count.verdict(d.totalWeight, soleWeight, d.rules.quorumBps());
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
        uint256[] memory seats = d.seats;
        uint256[] memory votes = d.votes;
        uint256 count = d.voteCount;
        uint256[] memory counted = new uint256[](count);
        Record memory record = _recordOf(d, r);
        uint256 n = 0;
        unchecked {
            // A counter below 2 x 255; a step of at most 5,000 either way. There are as many votes as were counted.
            for (uint256 seat = 0; n < count; ++seat) {
                uint256 first = votes.get(2 * seat);
                uint256 second = votes.get(2 * seat + 1);
                if (first | second == 0) continue;
                address owner = seats.get(seat).ownerOf();
                uint256 score = seat | (agreed ? _stepOf(record, seat, first, second) : NO_STEP) << 8;
                if (first != 0) counted.put(n++, first.toEvent(owner) | score);
                if (second != 0) counted.put(n++, second.toEvent(owner) | score);
            }
        }
        _minerRegistry.recordBallot(d.round, ballot, counted, _reputationRule(d.rules));
    }

    function _recordOf(Decision memory d, RoundWord.Open memory r) private pure returns (Record memory record) {
        uint256 signedAgreed = 0;
        for (uint256 c = 0; c < d.candidateCount; ++c) {
            uint8 bits = r.signers.signersOf(c);
            uint256 seats = (bits & 1 != 0 ? 1 << r.primary : 0) | (bits & 2 != 0 ? 1 << r.secondary : 0)
                | (bits & 4 != 0 ? 1 << r.reserve : 0);
            if (d.verdicts[c] == Tally.Verdict.Agreed) signedAgreed |= seats;
            if (d.verdicts[c] == Tally.Verdict.Disagreed) record.signedDisagreed |= seats;
        }
        record.idle = ((1 << r.primary) | (1 << r.secondary)) & ~signedAgreed;
        (record.wrongFirst, record.wrongSecond) = (_wrongKind(d.verdicts[0]), _wrongKind(d.verdicts[1]));
        uint256 rules = d.rules;
        (record.up, record.down) = (NO_STEP + rules.reputationGain(), NO_STEP - rules.reputationLoss());
    }

    /// @dev A no on an agreed candidate, a yes on a disagreed one; of a pending one no kind that exists.
    function _wrongKind(Tally.Verdict verdict) private pure returns (uint256) {
        if (verdict == Tally.Verdict.Agreed) return Ballots.NO;
        return verdict == Tally.Verdict.Disagreed ? Ballots.YES : type(uint256).max;
    }

    /// @dev The step of a miner that voted in an agreed round, in 1/10,000 + NO_STEP: down for a no on an agreed
    /// candidate, a yes on a disagreed one, or its signature; else up, but not if drawn without signing an agreed one.
    function _stepOf(Record memory record, uint256 seat, uint256 first, uint256 second) private pure returns (uint256) {
        bool wrong = first.kindOf() == record.wrongFirst || second.kindOf() == record.wrongSecond
            || (record.signedDisagreed >> seat) & 1 != 0;
        if (wrong) return record.down;
        return (record.idle >> seat) & 1 != 0 ? NO_STEP : record.up;
    }

    function _reputationRule(uint256 rules) internal pure returns (IMinerRegistry.ReputationRule memory) {
        (uint16 least, uint16 most) = rules.reputationRange();
        return IMinerRegistry.ReputationRule(least, most, rules.reputationLoss());
    }
}
