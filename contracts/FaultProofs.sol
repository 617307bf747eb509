// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {LeafDesk} from "./disputes/LeafDesk.sol";
import {Verdicts} from "./disputes/Verdicts.sol";
import {IClientRegistry} from "./interfaces/IClientRegistry.sol";
import {IFaultProofs} from "./interfaces/IFaultProofs.sol";
import {IRoundConsensus} from "./interfaces/IRoundConsensus.sol";
import {IRoundLens} from "./interfaces/IRoundLens.sol";
import {Ballots} from "./libraries/Ballots.sol";
import {CoordinateJudge} from "./libraries/CoordinateJudge.sol";
import {ExactFedAvg} from "./libraries/ExactFedAvg.sol";
import {Messages} from "./libraries/Messages.sol";
import {Openings} from "./libraries/Openings.sol";
import {EndedWord} from "./libraries/EndedWord.sol";

/// @title FaultProofs
/// @notice See IFaultProofs.
contract FaultProofs is LeafDesk {
    using Openings for bytes;

    /// @dev Slashes in basis points.
    uint256 internal constant SLASH_WRONG = 5_000;
    uint256 internal constant SLASH_NOT_EXACT = 100;
    uint256 internal constant SLASH_REFERENCE = 5_000;
    uint256 internal constant SLASH_DOUBLE = 5_000;
    uint256 internal constant SLASH_REFUTED = 1_000;
    uint256 internal constant SLASH_RECEIPT = 1_000;

    /// @dev Reasons of a no, see `IRoundConsensus.Vote`.
    uint256 private constant REASON_COORDINATE = 1;
    uint256 private constant REASON_REFERENCE = 2;

    CoordinateJudge.Kind private immutable _kind;
    uint256 private immutable _trim;
    uint256 private immutable _maxExponent;

    constructor(Setup memory s) Verdicts(s.consensus) LeafDesk(s.leafBond) {
        require(s.rule.maxExponent <= ExactFedAvg.MAX_EXPONENT, CoordinateJudge.BoundTooLarge(s.rule.maxExponent));
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

    function _disprove(Claim calldata claim, Standing memory standing, uint256 bps, Accused[] calldata accused)
        private
    {
        _disprove(Ruling(claim.round, claim.candidate, bps, msg.sender), standing, claim.opening, accused);
    }

    // ------------------------------------------------------------------ broken receipts

    /// @inheritdoc IFaultProofs
    function proveBrokenReceipt(ReceiptProof calldata proof, bytes32 salt) external {
        _reveal(keccak256(abi.encode(proof)), salt);
        Claim calldata claim = proof.claim;
        Standing memory standing = _checkClaim(claim);
        _checkReferences(claim, proof.references);
        for (uint256 k = 0; k < proof.references.length; ++k) {
            Messages.UpdateReference calldata entry = proof.references[k];
            // An equal model by another client takes its place: the lowest address counts.
            bool copied = entry.modelRoot == proof.modelRoot && entry.client < proof.client;
            bool kept = entry.client == proof.client || copied;
            require(!kept, ReceiptKept(proof.client, k));
        }
        bytes32 receipt = Messages.receipt(claim.round, standing.openingHash, proof.client, proof.modelRoot);
        address miner = _minerOf(receipt, standing.openedAt, proof.receiptR, proof.receiptVs);
        address signer = _minerOf(claim.candidate, standing.openedAt, proof.signerR, proof.signerVs);
        require(miner == signer, SignersDiffer(miner, signer));
        emit ReceiptBroken(claim.round, claim.candidate, miner, proof.client, proof.modelRoot);
        bytes32 offence = keccak256(abi.encode(Messages.RECEIPT_TYPEHASH, claim.candidate));
        _punish(miner, offence, SLASH_RECEIPT, msg.sender);
        // Nobody else has posted it, so nobody else loses by it, and a candidate with the update can win.
        if (_isOnlyPoster(miner, claim.round, standing)) _consensus.strike(claim.round, standing.index);
    }

    /// @dev Of a candidate in an open round. A signature alone makes no poster: anyone can sign an id.
    function _isOnlyPoster(address miner, uint64 round, Standing memory standing) private view returns (bool) {
        if (standing.status != IRoundConsensus.RoundStatus.Open) return false;
        address[] memory posters = IRoundLens(_consensus.lens()).candidates(round)[standing.index].signers;
        return posters.length == 1 && posters[0] == miner;
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
        bool withheld = uint256(bytes32(no[32:])) == 0 && uint256(bytes32(no[96:])) == Ballots.REASON_WITHHELD;
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

    /// @dev When a round was opened that is still in the ring.
    function _openedAt(uint64 round) private view returns (uint40) {
        (uint256 word,,) = _consensus.slotOf(round);
        return EndedWord.unpack(word).openedAt;
    }

    function _judge(AggregateProof calldata proof) private view returns (CoordinateJudge.Verdict) {
        require(_kind != CoordinateJudge.Kind.None, CoordinateJudge.RuleNotProvable());
        _checkReferences(proof.claim, proof.references);
        uint256 count = proof.references.length;
        Openings.Shape memory shape = proof.openings.shapeOf(count + 1, proof.coordinate, _dimension);
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
        Openings.Shape memory shape = proof.opening.shapeOf(1, proof.coordinate, _dimension);
        uint32 bits = proof.opening.valueAt(shape, 0, entry.modelRoot);
        return uint8(bits >> 23) > _maxExponent ? ReferenceFault.OutOfDomain : ReferenceFault.None;
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IFaultProofs
    function rule() public view returns (CoordinateJudge.Rule memory) {
        return CoordinateJudge.Rule(_kind, _trim, _maxExponent);
    }
}
