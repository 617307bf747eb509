// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IClientRegistry} from "../interfaces/IClientRegistry.sol";
import {IFaultProofs} from "../interfaces/IFaultProofs.sol";
import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";
import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";
import {Messages} from "../libraries/Messages.sol";
import {EndedWord} from "../libraries/EndedWord.sol";
import {FederationTime} from "../libraries/FederationTime.sol";
import {RoundWord} from "../libraries/RoundWord.sol";
import {SignerBits} from "../libraries/SignerBits.sol";
import {ChallengeDesk} from "./ChallengeDesk.sol";

/// @title What follows from a fault: where the candidate stands, who pays how much, and what is taken back
abstract contract Verdicts is ChallengeDesk {
    using EndedWord for EndedWord.Ended;
    using FederationTime for IRoundConsensus;
    using RoundWord for uint256;
    using SignerBits for uint8;

    /// @dev Part of a slash that goes to the finder, basis points: well below all of it, so slashing oneself always loses.
    uint256 internal constant BOUNTY = 3_000;

    struct Finding {
        address finder;
        uint16 slashBps;
        uint40 openedAt;
        bytes32 openingHash;
    }

    /// @dev Where a contested candidate stands.
    struct Standing {
        IRoundConsensus.RoundStatus status;
        uint8 index;
        bool isWinner;
        uint40 openedAt;
        /// 0 while the round is open.
        uint40 finalAt;
        /// See SignerBits.
        uint8 signers;
        bytes32 openingHash;
    }

    /// @dev What was proven, at which rate, and by whom: who gets the bounties, these and those of later accusations.
    struct Ruling {
        uint64 round;
        bytes32 candidate;
        uint256 slashBps;
        address finder;
    }

    IRoundConsensus internal immutable _consensus;
    IMinerRegistry internal immutable _minerRegistry;
    IClientRegistry internal immutable _clientRegistry;
    /// @dev Weights of the model, which no task ever changes.
    uint64 internal immutable _dimension;

    /// @dev A candidate id binds chain, contract and round.
    mapping(bytes32 candidate => Finding) internal _findings;
    /// @dev Basis points taken for an offence; never twice, only up to a higher rate.
    mapping(bytes32 offence => mapping(address miner => uint256)) private _punished;

    constructor(address consensus_) {
        IRoundConsensus.Wiring memory w = IRoundConsensus(consensus_).wiring();
        require(w.faultProofs == address(this), WrongWiring(consensus_, w.faultProofs));
        _consensus = IRoundConsensus(consensus_);
        (_minerRegistry, _clientRegistry) = (IMinerRegistry(w.minerRegistry), IClientRegistry(w.clientRegistry));
        _dimension = _consensus.task().dimension;
    }

    /// @inheritdoc IFaultProofs
    function accuse(uint64 round, bytes32 candidate, Accused[] calldata accused) external {
        Finding memory f = _findings[candidate];
        require(f.slashBps != 0, NotProven(candidate));
        _punishAll(round, candidate, f, accused);
    }

    // ------------------------------------------------------------------ punishment

    function _disprove(
        Ruling memory ruling,
        Standing memory standing,
        IRoundConsensus.OpeningPreimage calldata opening,
        Accused[] calldata accused
    ) internal {
        (uint64 round, bytes32 candidate, uint256 bps) = (ruling.round, ruling.candidate, ruling.slashBps);
        uint256 before = _findings[candidate].slashBps;
        require(bps > before, AlreadyProven(candidate, before));
        Finding memory f = Finding(ruling.finder, uint16(bps), standing.openedAt, standing.openingHash);
        _findings[candidate] = f;
        emit CandidateDisproven(round, candidate, ruling.finder, bps);
        _punishAll(round, candidate, f, accused);
        if (before != 0) return;
        if (standing.status == IRoundConsensus.RoundStatus.Open) _consensus.strike(round, standing.index);
        // A candidate that lost changed nothing.
        else if (standing.isWinner) _consensus.revertRound(round, opening);
    }

    function _punishAll(uint64 round, bytes32 candidate, Finding memory f, Accused[] calldata accused) private {
        require(accused.length != 0, NobodyAccused());
        for (uint256 i = 0; i < accused.length; ++i) {
            Accused calldata a = accused[i];
            bytes32 hash = a.voter
                ? Messages.vote(round, f.openingHash, candidate, uint256(2) << 48 | uint256(a.confidence) << 64)
                : candidate;
            _punish(_minerOf(hash, f.openedAt, a.r, a.vs), candidate, f.slashBps, f.finder);
        }
    }

    /// @dev The part of `bps` not yet taken for this offence.
    function _punish(address miner, bytes32 offence, uint256 bps, address finder) internal {
        require(miner != msg.sender, ChallengerAccused(miner));
        uint256 taken = _punished[offence][miner];
        require(bps > taken, AlreadyPunished(miner, offence));
        _punished[offence][miner] = bps;
        // A finder that was at fault itself is punished by others, without a bounty.
        uint256 bountyBps = miner == finder ? 0 : BOUNTY;
        (uint256 slashed, uint256 bounty) = _minerRegistry.slash(miner, bps - taken, finder, bountyBps);
        emit Punished(miner, offence, slashed, finder, bounty);
    }

    function _minerOf(bytes32 structHash, uint40 openedAt, bytes32 r, bytes32 vs)
        internal
        view
        returns (address miner)
    {
        address key = ECDSA.recover(_consensus.hashTypedData(structHash), r, vs);
        miner = _minerRegistry.ownerOfKeyAt(key, openedAt);
        require(miner != address(0), NotAMiner(key));
    }

    // ------------------------------------------------------------------ standing

    /// @dev The candidate is posted, its round neither final nor taken back, and content and base root are its own.
    function _checkClaim(Claim calldata claim) internal view returns (Standing memory standing) {
        standing = _standingOf(claim.round, claim.candidate);
        bytes32 given = Messages.candidate(claim.round, standing.openingHash, claim.opening.baseRoot, claim.content);
        require(given == claim.candidate, WrongContent(claim.candidate, given));
    }

    function _standingOf(uint64 round, bytes32 candidate) internal view returns (Standing memory s) {
        (uint256 word, bytes32 openingHash, bytes32[2] memory ids) = _consensus.slotOf(round);
        s.status = word.statusOf();
        s.openingHash = openingHash;
        s.index = ids[0] == candidate ? 0 : 1;
        if (s.status == IRoundConsensus.RoundStatus.Open) {
            RoundWord.Open memory open = RoundWord.unpackOpen(word);
            (s.signers, s.openedAt) = (open.signers, open.openedAt);
        } else {
            EndedWord.Ended memory ended = EndedWord.unpack(word).inBlockTime(_consensus.pausedTime());
            (s.signers, s.openedAt, s.finalAt) = (ended.signers, ended.openedAt, ended.finalAt);
            bool won =
                s.status == IRoundConsensus.RoundStatus.Agreed || s.status >= IRoundConsensus.RoundStatus.Degraded;
            bool stands = won || s.status == IRoundConsensus.RoundStatus.Failed || _fell(s.status, candidate);
            require(stands, NotContestable(round, candidate, s.status));
            require(block.timestamp < ended.finalAt, AlreadyFinal(round, ended.finalAt));
            s.isWinner = won && ended.winnerIndex == s.index;
        }
        // Ids of an earlier round may still lie in the slot.
        bool posted = s.index < s.signers.candidateCount() && ids[s.index] == candidate;
        require(posted, NotPosted(round, candidate));
    }

    /// @dev The round was taken back for a fault of this candidate: a dearer one still takes the rest, or a liar's friend could
    /// prove the cheapest one first and save it.
    function _fell(IRoundConsensus.RoundStatus status, bytes32 candidate) private view returns (bool) {
        return status == IRoundConsensus.RoundStatus.Reverted && _findings[candidate].slashBps != 0;
    }

    function _checkReferences(Claim calldata claim, Messages.UpdateReference[] calldata references) internal pure {
        bytes32 given = keccak256(abi.encode(references));
        require(given == claim.content.updatesHash, WrongReferences(claim.content.updatesHash, given));
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IFaultProofs
    function consensus() external view returns (address) {
        return address(_consensus);
    }

    /// @inheritdoc IFaultProofs
    function findingOf(bytes32 candidate) external view returns (uint256, address) {
        Finding memory f = _findings[candidate];
        return (f.slashBps, f.finder);
    }
}
