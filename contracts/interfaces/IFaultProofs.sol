// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CoordinateJudge} from "../libraries/CoordinateJudge.sol";
import {Messages} from "../libraries/Messages.sol";
import {IRoundConsensus} from "./IRoundConsensus.sol";

/// @title Faults that are proven, not voted
/// @notice Anyone proves that a posted candidate is wrong, or that a miner contradicted itself; the contract recomputes
/// what is claimed, and whoever signed it loses stake. See docs/fault-proofs.md.
///
/// A proof is committed to before it is shown, so that nobody can copy it out of the transaction pool: `commit`, then, at
/// least one block later and before the round is final, the proof with its salt. A commitment delays nothing, so it
/// needs no bond. A proof that fails reverts and may be tried again. Rates are basis points (1/10,000).
interface IFaultProofs {
    // ------------------------------------------------------------------ types

    /// @notice What is contested. `content` and `opening.baseRoot` hash to `candidate`.
    struct Claim {
        uint64 round;
        bytes32 candidate;
        IRoundConsensus.CandidateContent content;
        IRoundConsensus.OpeningPreimage opening;
    }

    /// @notice One coordinate of the claimed model and of every update in it.
    struct AggregateProof {
        Claim claim;
        uint64 coordinate;
        /// All of the manifest's; they hash to the content's `updatesHash`.
        Messages.UpdateReference[] references;
        /// Big-endian uint16 per rank, lowest value first; empty for FedAvg.
        bytes order;
        /// Of the claimed model, then of the updates in order: header hash, hash of the non-float bytes, leaf (256 bytes),
        /// siblings from the lowest up. If all models have the same two hashes, these may stand once at the beginning.
        /// The dimension gives depth and position.
        bytes openings;
    }

    /// @notice Entry `index` of a manifest and, if one of its values is out of the domain, that value's opening.
    struct ReferenceProof {
        Claim claim;
        Messages.UpdateReference[] references;
        uint64 index;
        uint64 coordinate;
        /// Empty unless the fault is `OutOfDomain`.
        bytes opening;
    }

    /// @notice A client's signature behind a reference.
    struct ClientSignature {
        bytes32 modelCid;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice A signature under a wrong candidate: as a proposer, or a yes with its confidence.
    struct Accused {
        bool voter;
        uint16 confidence;
        bytes32 r;
        bytes32 vs;
    }

    enum Message {
        Candidate,
        Manifest,
        /// Two votes on one candidate.
        Vote
    }

    /// @notice Two messages by one key. Bodies are the ABI words that follow round and opening hash in the signed type.
    struct DoubleSignature {
        Message kind;
        uint64 round;
        bytes32 openingHash;
        bytes firstBody;
        bytes secondBody;
        bytes32 firstR;
        bytes32 firstVs;
        bytes32 secondR;
        bytes32 secondVs;
    }

    enum ReferenceFault {
        None,
        /// Not above the client before it: out of order or twice.
        NotAscending,
        /// 0, or more than 2^32.
        SampleCount,
        /// Not a client in that round.
        NotClient,
        /// More samples than the client's cap.
        OverCap,
        /// The update holds a value too large to be aggregated.
        OutOfDomain
    }

    /// @notice Settings, fixed at deployment.
    struct Setup {
        address consensus;
        /// The task's.
        CoordinateJudge.Rule rule;
    }

    // ------------------------------------------------------------------ events

    event Committed(bytes32 indexed commitment, address indexed challenger);
    event CandidateDisproven(uint64 indexed round, bytes32 indexed candidate, address indexed finder, uint256 slashBps);
    event CoordinateWrong(bytes32 indexed candidate, uint64 coordinate, CoordinateJudge.Verdict verdict);
    event ReferenceWrong(bytes32 indexed candidate, uint64 index, ReferenceFault fault);
    event Punished(
        address indexed miner, bytes32 indexed offence, uint256 slashed, address indexed finder, uint256 bounty
    );

    // ------------------------------------------------------------------ errors

    /// @dev The consensus names another contract of fault proofs.
    error WrongWiring(address consensus, address itsFaultProofs);
    error AlreadyCommitted(bytes32 commitment);
    /// @dev Nobody committed to this proof with this salt, or another account did.
    error NotCommitted(bytes32 commitment);
    error TooEarly(uint256 firstBlock);
    /// @dev Reverted or voided already.
    error NotContestable(uint64 round, bytes32 candidate, IRoundConsensus.RoundStatus status);
    error AlreadyFinal(uint64 round, uint256 finalAt);
    error NotPosted(uint64 round, bytes32 candidate);
    error WrongContent(bytes32 candidate, bytes32 given);
    error WrongReferences(bytes32 expected, bytes32 given);
    error OpeningsLength(uint256 length, uint256 expected);
    /// @dev Opening `position` (0 is the claimed model's) opens to another model.
    error WrongOpening(uint256 position, bytes32 expected, bytes32 given);
    error CoordinateRight(uint64 coordinate);
    error CoordinateNotRight(uint64 coordinate);
    error ReferenceRight(uint64 index);
    error ReferenceNotRight(uint64 index);
    error ReferenceOutOfRange(uint64 index, uint256 count);
    error AlreadyProven(bytes32 candidate, uint256 slashBps);
    error NotProven(bytes32 candidate);
    error NobodyAccused();
    error NotAMiner(address key);
    error ChallengerAccused(address miner);
    error AlreadyPunished(address miner, bytes32 offence);
    error BodyLength(uint256 length, uint256 expected);
    /// @dev Equal messages, other candidates' votes, or the one change of a vote that is allowed.
    error NoContradiction();
    error SignersDiffer(address first, address second);

    // ------------------------------------------------------------------ functions

    /// @notice Announce a proof.
    /// @param commitment keccak256(abi.encode(keccak256(abi.encode(proof)), challenger, salt)).
    function commit(bytes32 commitment) external;

    /// @notice A coordinate of the candidate's model is not the rule's result: 50 % of the stake of each accused if no
    /// float64 evaluation gives it, 1 % if only the exact replay fails. The candidate is struck. A second proof against
    /// a candidate counts only if it raises the rate.
    function proveAggregate(AggregateProof calldata proof, bytes32 salt, Accused[] calldata accused) external;

    /// @notice An entry of the candidate's manifest should not be there: 50 %.
    function proveReference(ReferenceProof calldata proof, bytes32 salt, Accused[] calldata accused) external;

    /// @notice Punish further signers or yes-voters of a candidate that was proven wrong; the bounty is the finder's.
    function accuse(uint64 round, bytes32 candidate, Accused[] calldata accused) external;

    /// @notice One key signed two messages where one is allowed: 50 %.
    function proveDoubleSignature(DoubleSignature calldata proof, bytes32 salt) external;

    /// @notice A no named this coordinate, which is right: 10 %.
    /// @param r Signature of the no.
    function refuteCoordinate(AggregateProof calldata proof, bytes32 salt, bytes32 r, bytes32 vs) external;

    /// @notice A no named this reference, which is right and signed by its client: 10 %.
    /// @param r Signature of the no.
    function refuteReference(
        ReferenceProof calldata proof,
        ClientSignature calldata client,
        bytes32 salt,
        bytes32 r,
        bytes32 vs
    ) external;

    /// @notice Rate proven against a candidate so far and who gets the bounties; zero if none.
    function findingOf(bytes32 candidate) external view returns (uint256 slashBps, address finder);
    /// @notice Block of a commitment that waits for its proof; 0 if there is none.
    function madeIn(bytes32 commitment) external view returns (uint256);
    function rule() external view returns (CoordinateJudge.Rule memory);
    /// @notice The consensus whose candidates are judged.
    function consensus() external view returns (address);
}
