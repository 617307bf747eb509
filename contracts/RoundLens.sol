// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMinerRegistry} from "./interfaces/IMinerRegistry.sol";
import {IRoundConsensus} from "./interfaces/IRoundConsensus.sol";
import {IRoundLens} from "./interfaces/IRoundLens.sol";
import {Ballots} from "./libraries/Ballots.sol";
import {FederationTime} from "./libraries/FederationTime.sol";
import {Messages} from "./libraries/Messages.sol";
import {ParametersLib} from "./libraries/ParametersLib.sol";
import {ProposerDraw} from "./libraries/ProposerDraw.sol";
import {EndedWord} from "./libraries/EndedWord.sol";
import {RoundWord} from "./libraries/RoundWord.sol";
import {SeatWord} from "./libraries/SeatWord.sol";
import {Settings} from "./libraries/Settings.sol";
import {SignerBits} from "./libraries/SignerBits.sol";

/// @title RoundLens
/// @notice See IRoundLens.
contract RoundLens is IRoundLens {
    using Ballots for uint256;
    using EndedWord for EndedWord.Ended;
    using FederationTime for IRoundConsensus;
    using RoundWord for uint256;
    using SignerBits for uint8;
    using SeatWord for uint256;
    using Settings for uint256;

    /// @notice The consensus this reads.
    IRoundConsensus public immutable consensus;

    constructor(IRoundConsensus consensus_) {
        consensus = consensus_;
    }

    /// @inheritdoc IRoundLens
    function pack(IRoundConsensus.Parameters calldata p, IRoundConsensus.Task calldata task, uint256 ringSlots)
        external
        pure
        returns (Settings.Packed memory packed, bytes32 parametersHash)
    {
        ParametersLib.validate(p, ringSlots);
        return (Settings.pack(p), keccak256(abi.encode(p, task)));
    }

    /// @inheritdoc IRoundLens
    function parameters() external view returns (IRoundConsensus.Parameters memory) {
        (Settings.Packed memory current,,) = consensus.packedParameters();
        return Settings.unpack(current);
    }

    /// @inheritdoc IRoundLens
    function nextParameters() external view returns (IRoundConsensus.Parameters memory) {
        (Settings.Packed memory current, Settings.Packed memory next, bool queued) = consensus.packedParameters();
        return Settings.unpack(queued ? next : current);
    }

    /// @inheritdoc IRoundLens
    function roundInfo(uint64 round) external view returns (RoundInfo memory info) {
        (uint256 word, bytes32 openingHash,) = consensus.slotOf(round);
        info.round = round;
        info.status = word.statusOf();
        info.openingHash = openingHash;
        if (info.status == IRoundConsensus.RoundStatus.Open) {
            (uint256 pausedAt,,) = consensus.pauseInfo();
            // As it would be if it went on now.
            if (pausedAt != 0) word = word.resumed(block.timestamp - pausedAt);
            _fillOpen(info, RoundWord.unpackOpen(word));
            return info;
        }
        EndedWord.Ended memory e = EndedWord.unpack(word).inBlockTime(consensus.pausedTime());
        info.phase = Phase.Ended;
        info.openedAt = e.openedAt;
        info.voteDeadline = e.voteDeadline;
        info.members = e.members;
        info.updateTarget = e.updateTarget;
        info.candidateCount = e.signers.candidateCount();
        if (e.finalAt != type(uint40).max) info.finalAt = e.finalAt;
        info.winnerIndex = e.winnerIndex;
        info.ballot = e.ballot;
        info.settlement = e.settlement;
    }

    /// @inheritdoc IRoundLens
    function candidates(uint64 round) external view returns (CandidateInfo[] memory list) {
        (uint256 word,, bytes32[2] memory ids) = consensus.slotOf(round);
        bool open = word.statusOf() == IRoundConsensus.RoundStatus.Open;
        uint8 all = open ? RoundWord.unpackOpen(word).signers : EndedWord.unpack(word).signers;
        list = new CandidateInfo[](all.candidateCount());
        for (uint256 i = 0; i < list.length; ++i) {
            list[i].id = ids[i];
            list[i].signerBits = all.signersOf(i);
            if (open) list[i].signers = _signerOwners(RoundWord.unpackOpen(word), list[i].signerBits);
        }
    }

    /// @inheritdoc IRoundLens
    function castVotes(uint64 round) external view returns (CastVote[] memory list) {
        RoundWord.Open memory r = _openRoundOf(round);
        uint256[] memory seats = _roster(r.members);
        list = new CastVote[](r.voteCount);
        uint256 n = 0;
        for (uint256 place = 0; n < list.length; ++place) {
            uint256 vote = consensus.castVoteAt(round, place);
            if (vote != 0) list[n++] = vote.unpack(seats[place / 2].ownerOf());
        }
    }

    /// @inheritdoc IRoundLens
    function proposers(uint64 round) external view returns (address[] memory owners) {
        RoundWord.Open memory r = _openRoundOf(round);
        uint256[] memory seats = _roster(r.members);
        uint256 seed = r.seedStored ? r.seed : ProposerDraw.seedAt(ProposerDraw.seedBlock(r.seed));
        uint256[] memory order = ProposerDraw.draw(seed, seats, seats.length);
        owners = new address[](seats.length);
        for (uint256 rank = 0; rank < seats.length; ++rank) {
            owners[rank] = seats[order[rank]].ownerOf();
        }
    }

    /// @inheritdoc IRoundLens
    function candidateId(uint64 round, IRoundConsensus.CandidateContent calldata content)
        external
        view
        returns (bytes32)
    {
        _openRoundOf(round);
        (, bytes32 openingHash,) = consensus.slotOf(round);
        return Messages.candidate(round, openingHash, consensus.head().modelRoot, content);
    }

    // ------------------------------------------------------------------ inside

    function _roster(uint256 members) private view returns (uint256[] memory) {
        return IMinerRegistry(consensus.wiring().minerRegistry).rosterWords(members);
    }

    function _openRoundOf(uint64 round) private view returns (RoundWord.Open memory) {
        (uint256 word,,) = consensus.slotOf(round);
        require(word.statusOf() == IRoundConsensus.RoundStatus.Open, IRoundConsensus.RoundNotOpen(round));
        return RoundWord.unpackOpen(word);
    }

    function _fillOpen(RoundInfo memory info, RoundWord.Open memory r) private view {
        (Settings.Packed memory current,,) = consensus.packedParameters();
        uint256 times = current.times;
        info.openedAt = r.openedAt;
        info.collectMinEnd = info.openedAt + times.collectMin();
        info.collectMaxEnd = info.openedAt + times.collectMax();
        info.updateTarget = r.updateTarget;
        info.proposeDeadline = info.collectMaxEnd + times.proposeSlot();
        info.lastSlotEnd = info.collectMaxEnd + times.proposeSlot() * (r.members > 1 ? r.members - 1 : 1);
        info.members = r.members;
        info.candidateCount = r.signers.candidateCount();
        info.voteCount = r.voteCount;
        if (r.seedStored) info.seed = r.seed;
        else info.seedBlock = ProposerDraw.seedBlock(r.seed);
        if (r.signers != 0) {
            info.voteDeadline = info.openedAt + r.voteEndsAfter;
            info.graceEnd = info.voteDeadline + times.voteGrace();
        }
        info.phase = _phaseOf(info, r.signers.allSigned() || (r.members == 1 && r.signers != 0));
    }

    /// @param allSigned All miners of ranks 0 and 1 have signed.
    function _phaseOf(RoundInfo memory info, bool allSigned) private view returns (Phase) {
        uint256 time = block.timestamp;
        if (info.candidateCount == 0) {
            if (time < info.collectMinEnd) return Phase.Collect;
            return time <= info.lastSlotEnd ? Phase.Propose : Phase.Overdue;
        }
        if (!allSigned && time <= info.proposeDeadline) return Phase.Propose;
        if (time <= info.voteDeadline) return Phase.Vote;
        return time <= info.graceEnd ? Phase.Grace : Phase.Overdue;
    }

    function _signerOwners(RoundWord.Open memory r, uint8 bits) private view returns (address[] memory owners) {
        uint256[] memory seats = _roster(r.members);
        if (bits == 3) {
            owners = new address[](2);
            owners[1] = seats[r.secondary].ownerOf();
        } else {
            owners = new address[](1);
        }
        owners[0] = seats[bits & 1 != 0 ? r.primary : bits == 2 ? r.secondary : r.reserve].ownerOf();
    }
}
