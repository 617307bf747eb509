// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {ChallengeDesk} from "./disputes/ChallengeDesk.sol";
import {IClientRegistry} from "./interfaces/IClientRegistry.sol";
import {IFaultProofs} from "./interfaces/IFaultProofs.sol";
import {IMinerRegistry} from "./interfaces/IMinerRegistry.sol";
import {IRoundConsensus} from "./interfaces/IRoundConsensus.sol";
import {CoordinateJudge} from "./libraries/CoordinateJudge.sol";
import {ExactFedAvg} from "./libraries/ExactFedAvg.sol";
import {Messages} from "./libraries/Messages.sol";
import {Openings} from "./libraries/Openings.sol";
import {EndedWord} from "./libraries/EndedWord.sol";
import {RoundWord} from "./libraries/RoundWord.sol";
import {SignerBits} from "./libraries/SignerBits.sol";

/// @title FaultProofs
/// @notice See IFaultProofs.
contract FaultProofs is ChallengeDesk {
    using Openings for bytes;
    using RoundWord for uint256;
    using SignerBits for uint8;

    /// @dev Slashes and bounty in basis points. The bounty is well below the slash: slashing oneself always loses.
    uint256 internal constant SLASH_WRONG = 5_000;
    uint256 internal constant SLASH_NOT_EXACT = 100;
    uint256 internal constant SLASH_REFERENCE = 5_000;
    uint256 internal constant SLASH_DOUBLE = 5_000;
    uint256 internal constant SLASH_REFUTED = 1_000;
    uint256 internal constant BOUNTY = 3_000;

    /// @dev Reasons of a no, see `IRoundConsensus.Vote`.
    uint256 private constant REASON_COORDINATE = 1;
    uint256 private constant REASON_REFERENCE = 2;
    uint256 private constant REASON_WITHHELD = 3;

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
        bytes32 openingHash;
    }

    IRoundConsensus private immutable _consensus;
    IMinerRegistry private immutable _minerRegistry;
    IClientRegistry private immutable _clientRegistry;
    CoordinateJudge.Kind private immutable _kind;
    uint256 private immutable _trim;
    uint256 private immutable _maxExponent;

    /// @dev A candidate id binds chain, contract and round.
    mapping(bytes32 candidate => Finding) private _findings;
    /// @dev Basis points taken for an offence; never twice, only up to a higher rate.
    mapping(bytes32 offence => mapping(address miner => uint256)) private _punished;

    constructor(Setup memory s) {
        IRoundConsensus.Wiring memory w = IRoundConsensus(s.consensus).wiring();
        require(w.faultProofs == address(this), WrongWiring(s.consensus, w.faultProofs));
        require(s.rule.maxExponent <= ExactFedAvg.MAX_EXPONENT, CoordinateJudge.BoundTooLarge(s.rule.maxExponent));
        _consensus = IRoundConsensus(s.consensus);
        (_minerRegistry, _clientRegistry) = (IMinerRegistry(w.minerRegistry), IClientRegistry(w.clientRegistry));
        (_kind, _trim, _maxExponent) = (s.rule.kind, s.rule.trim, s.rule.maxExponent);
    }

    // ------------------------------------------------------------------ wrong candidates

    /// @inheritdoc IFaultProofs
    function proveAggregate(AggregateProof calldata proof, bytes32 salt, Accused[] calldata accused) external {
        _reveal(keccak256(abi.encode(proof)), salt);
        Standing memory standing = _checkClaim(proof.claim);
        CoordinateJudge.Verdict verdict = _judge(proof);
        require(verdict != CoordinateJudge.Verdict.Right, CoordinateRight(proof.coordinate));
        emit CoordinateWrong(proof.claim.candidate, proof.coordinate, verdict);
        bool hard = verdict == CoordinateJudge.Verdict.Wrong;
        _disprove(proof.claim, standing, hard ? SLASH_WRONG : SLASH_NOT_EXACT, accused);
    }

    /// @inheritdoc IFaultProofs
    function proveReference(ReferenceProof calldata proof, bytes32 salt, Accused[] calldata accused) external {
        _reveal(keccak256(abi.encode(proof)), salt);
        Standing memory standing = _checkClaim(proof.claim);
        ReferenceFault fault = _referenceFault(proof);
        require(fault != ReferenceFault.None, ReferenceRight(proof.index));
        emit ReferenceWrong(proof.claim.candidate, proof.index, fault);
        _disprove(proof.claim, standing, SLASH_REFERENCE, accused);
    }

    /// @inheritdoc IFaultProofs
    function accuse(uint64 round, bytes32 candidate, Accused[] calldata accused) external {
        Finding memory f = _findings[candidate];
        require(f.slashBps != 0, NotProven(candidate));
        _punishAll(round, candidate, f, accused);
    }

    function _disprove(Claim calldata claim, Standing memory standing, uint256 bps, Accused[] calldata accused)
        private
    {
        uint256 before = _findings[claim.candidate].slashBps;
        require(bps > before, AlreadyProven(claim.candidate, before));
        Finding memory f = Finding(msg.sender, uint16(bps), standing.openedAt, standing.openingHash);
        _findings[claim.candidate] = f;
        emit CandidateDisproven(claim.round, claim.candidate, msg.sender, bps);
        _punishAll(claim.round, claim.candidate, f, accused);
        if (before != 0) return;
        if (standing.status == IRoundConsensus.RoundStatus.Open) _consensus.strike(claim.round, standing.index);
        // A candidate that lost changed nothing.
        else if (standing.isWinner) _consensus.revertRound(claim.round, claim.opening);
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
    function _punish(address miner, bytes32 offence, uint256 bps, address finder) private {
        require(miner != msg.sender, ChallengerAccused(miner));
        uint256 taken = _punished[offence][miner];
        require(bps > taken, AlreadyPunished(miner, offence));
        _punished[offence][miner] = bps;
        // A finder that was at fault itself is punished by others, without a bounty.
        uint256 bountyBps = miner == finder ? 0 : BOUNTY;
        (uint256 slashed, uint256 bounty) = _minerRegistry.slash(miner, bps - taken, finder, bountyBps);
        emit Punished(miner, offence, slashed, finder, bounty);
    }

    function _minerOf(bytes32 structHash, uint40 openedAt, bytes32 r, bytes32 vs) private view returns (address miner) {
        address key = ECDSA.recover(_consensus.hashTypedData(structHash), r, vs);
        miner = _minerRegistry.ownerOfKeyAt(key, openedAt);
        require(miner != address(0), NotAMiner(key));
    }

    // ------------------------------------------------------------------ contradictions

    /// @inheritdoc IFaultProofs
    function proveDoubleSignature(DoubleSignature calldata proof, bytes32 salt) external {
        _reveal(keccak256(abi.encode(proof)), salt);
        bytes32 typeHash = _checkBodies(proof);
        bytes memory start = abi.encode(typeHash, proof.round, proof.openingHash);
        bytes32 first = keccak256(bytes.concat(start, proof.firstBody));
        bytes32 second = keccak256(bytes.concat(start, proof.secondBody));
        require(first != second, NoContradiction());
        uint40 openedAt = _openedAt(proof.round);
        address miner = _minerOf(first, openedAt, proof.firstR, proof.firstVs);
        address other = _minerOf(second, openedAt, proof.secondR, proof.secondVs);
        require(miner == other, SignersDiffer(miner, other));
        bytes32 about = proof.kind == Message.Vote ? bytes32(proof.firstBody) : bytes32(0);
        bytes32 offence = keccak256(abi.encode(proof.kind, proof.round, proof.openingHash, about));
        _punish(miner, offence, SLASH_DOUBLE, msg.sender);
    }

    /// @dev Type hash of the messages; the bodies are as long as that type's, votes are on one candidate, and not a
    /// withheld-no that a yes replaced.
    function _checkBodies(DoubleSignature calldata proof) private pure returns (bytes32 typeHash) {
        uint256 length;
        if (proof.kind == Message.Candidate) (typeHash, length) = (Messages.CANDIDATE_TYPEHASH, 320);
        else if (proof.kind == Message.Manifest) (typeHash, length) = (Messages.MANIFEST_TYPEHASH, 32);
        else (typeHash, length) = (Messages.VOTE_TYPEHASH, 160);
        require(proof.firstBody.length == length, BodyLength(proof.firstBody.length, length));
        require(proof.secondBody.length == length, BodyLength(proof.secondBody.length, length));
        if (proof.kind == Message.Vote) {
            bool same = bytes32(proof.firstBody) == bytes32(proof.secondBody);
            require(same && !_replaces(proof.firstBody, proof.secondBody), NoContradiction());
            require(!_replaces(proof.secondBody, proof.firstBody), NoContradiction());
        }
    }

    /// @dev Whether the vote `yes` may follow the vote `no`.
    function _replaces(bytes calldata no, bytes calldata yes) private pure returns (bool) {
        bool withheld = uint256(bytes32(no[32:])) == 0 && uint256(bytes32(no[96:])) == REASON_WITHHELD;
        return withheld && uint256(bytes32(yes[32:])) != 0;
    }

    // ------------------------------------------------------------------ refuted votes

    /// @inheritdoc IFaultProofs
    function refuteCoordinate(AggregateProof calldata proof, bytes32 salt, bytes32 r, bytes32 vs) external {
        _reveal(keccak256(abi.encode(proof)), salt);
        Standing memory standing = _checkClaim(proof.claim);
        bool right = _judge(proof) == CoordinateJudge.Verdict.Right;
        require(right, CoordinateNotRight(proof.coordinate));
        _refute(proof.claim, standing, REASON_COORDINATE << 80 | uint256(proof.coordinate) << 88, r, vs);
    }

    /// @inheritdoc IFaultProofs
    function refuteReference(
        ReferenceProof calldata proof,
        ClientSignature calldata client,
        bytes32 salt,
        bytes32 r,
        bytes32 vs
    ) external {
        _reveal(keccak256(abi.encode(proof)), salt);
        Standing memory standing = _checkClaim(proof.claim);
        bool right = _referenceFault(proof) == ReferenceFault.None && _isSigned(proof, standing.openingHash, client);
        require(right, ReferenceNotRight(proof.index));
        _refute(proof.claim, standing, REASON_REFERENCE << 80 | uint256(proof.index) << 88, r, vs);
    }

    /// @param reason Reason and index of the no, as in `Ballots`.
    function _refute(Claim calldata claim, Standing memory standing, uint256 reason, bytes32 r, bytes32 vs) private {
        uint256 vote = uint256(1) << 48 | uint256(10_000) << 64 | reason;
        bytes32 hash = Messages.vote(claim.round, standing.openingHash, claim.candidate, vote);
        _punish(_minerOf(hash, standing.openedAt, r, vs), hash, SLASH_REFUTED, msg.sender);
    }

    function _isSigned(ReferenceProof calldata proof, bytes32 openingHash, ClientSignature calldata s)
        private
        view
        returns (bool)
    {
        Messages.UpdateReference calldata entry = proof.references[proof.index];
        if (keccak256(abi.encodePacked(s.r, s.vs)) != entry.signatureHash) return false;
        bytes32 hash = Messages.update(
            Messages.Update(
                proof.claim.round,
                openingHash,
                proof.claim.opening.baseRoot,
                entry.modelRoot,
                s.modelCid,
                entry.sampleCount
            )
        );
        (address key,,) = ECDSA.tryRecover(_consensus.hashTypedData(hash), s.r, s.vs);
        return key != address(0) && key == _clientRegistry.termsAt(entry.client, proof.claim.round).key;
    }

    // ------------------------------------------------------------------ checks

    /// @dev The candidate is posted, its round neither final nor taken back, and content and base root are its own.
    function _checkClaim(Claim calldata claim) private view returns (Standing memory standing) {
        standing = _standingOf(claim.round, claim.candidate);
        bytes32 given = Messages.candidate(claim.round, standing.openingHash, claim.opening.baseRoot, claim.content);
        require(given == claim.candidate, WrongContent(claim.candidate, given));
    }

    function _standingOf(uint64 round, bytes32 candidate) private view returns (Standing memory s) {
        (uint256 word, bytes32 openingHash, bytes32[2] memory ids) = _consensus.slotOf(round);
        s.status = word.statusOf();
        s.openingHash = openingHash;
        s.index = ids[0] == candidate ? 0 : 1;
        uint256 count;
        if (s.status == IRoundConsensus.RoundStatus.Open) {
            RoundWord.Open memory open = RoundWord.unpackOpen(word);
            (count, s.openedAt) = (open.signers.candidateCount(), open.openedAt);
        } else {
            EndedWord.Ended memory ended = EndedWord.unpack(word);
            (count, s.openedAt) = (ended.signers.candidateCount(), ended.openedAt);
            bool won =
                s.status == IRoundConsensus.RoundStatus.Agreed || s.status >= IRoundConsensus.RoundStatus.Degraded;
            require(won || s.status == IRoundConsensus.RoundStatus.Failed, NotContestable(round, candidate, s.status));
            require(block.timestamp < ended.finalAt, AlreadyFinal(round, ended.finalAt));
            s.isWinner = won && ended.winnerIndex == s.index;
        }
        // Ids of an earlier round may still lie in the slot.
        require(s.index < count && ids[s.index] == candidate, NotPosted(round, candidate));
    }

    /// @dev When a round was opened that is still in the ring.
    function _openedAt(uint64 round) private view returns (uint40) {
        (uint256 word,,) = _consensus.slotOf(round);
        return EndedWord.unpack(word).openedAt;
    }

    function _checkReferences(Claim calldata claim, Messages.UpdateReference[] calldata references) private pure {
        bytes32 given = keccak256(abi.encode(references));
        require(given == claim.content.updatesHash, WrongReferences(claim.content.updatesHash, given));
    }

    function _judge(AggregateProof calldata proof) private view returns (CoordinateJudge.Verdict) {
        require(_kind != CoordinateJudge.Kind.None, CoordinateJudge.RuleNotProvable());
        _checkReferences(proof.claim, proof.references);
        uint256 count = proof.references.length;
        Openings.Shape memory shape = proof.openings.shapeOf(count + 1, proof.coordinate, _consensus.task().dimension);
        uint32 claimed = proof.openings.valueAt(shape, 0, proof.claim.content.modelRoot);
        uint256[] memory samples = new uint256[](count);
        uint256[] memory column = new uint256[](count);
        for (uint256 k = 0; k < count; ++k) {
            Messages.UpdateReference calldata entry = proof.references[k];
            samples[k] = entry.sampleCount;
            column[k] = proof.openings.valueAt(shape, k + 1, entry.modelRoot);
        }
        return CoordinateJudge.judge(rule(), claimed, samples, column, proof.order);
    }

    function _referenceFault(ReferenceProof calldata proof) private view returns (ReferenceFault) {
        _checkReferences(proof.claim, proof.references);
        uint64 k = proof.index;
        require(k < proof.references.length, ReferenceOutOfRange(k, proof.references.length));
        Messages.UpdateReference calldata entry = proof.references[k];
        if (k != 0 && entry.client <= proof.references[k - 1].client) return ReferenceFault.NotAscending;
        if (entry.sampleCount == 0 || entry.sampleCount > ExactFedAvg.MAX_SAMPLES) return ReferenceFault.SampleCount;
        IClientRegistry.Terms memory terms = _clientRegistry.termsAt(entry.client, proof.claim.round);
        if (!terms.active) return ReferenceFault.NotClient;
        if (entry.sampleCount > terms.sampleCap) return ReferenceFault.OverCap;
        if (proof.opening.length == 0) return ReferenceFault.None;
        Openings.Shape memory shape = proof.opening.shapeOf(1, proof.coordinate, _consensus.task().dimension);
        uint32 bits = proof.opening.valueAt(shape, 0, entry.modelRoot);
        return uint8(bits >> 23) > _maxExponent ? ReferenceFault.OutOfDomain : ReferenceFault.None;
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

    /// @inheritdoc IFaultProofs
    function rule() public view returns (CoordinateJudge.Rule memory) {
        return CoordinateJudge.Rule(_kind, _trim, _maxExponent);
    }
}
