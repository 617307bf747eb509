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

    /// @notice A request to show a leaf; the keccak256 of its ABI encoding is its id.
    struct LeafRequest {
        uint64 round;
        bytes32 candidate;
        /// Place of the update in the manifest; 2^64 - 1 stands for the candidate's own model.
        uint64 index;
        /// From 0: weights 64 x leaf and following.
        uint64 leaf;
        /// Of the model the leaf is in.
        bytes32 modelRoot;
    }

    enum RequestState {
        None,
        Open,
        /// Shown in time.
        Answered,
        /// Not shown in time: the candidate was disproven by it.
        Withheld,
        /// Something else decided it; the bond was taken back.
        Released
    }

    struct Request {
        address requester;
        /// Last moment of an answer.
        uint40 dueAt;
        /// Until then the round is not final, so that it can be concluded.
        uint40 decidedBy;
        RequestState state;
    }

    /// @notice A miner's receipt for a client's update, its signature of a candidate of that round, and the candidate's
    /// manifest, which holds nothing of that client's.
    struct ReceiptProof {
        Claim claim;
        /// All of the manifest's.
        Messages.UpdateReference[] references;
        address client;
        /// Of the update that was acknowledged.
        bytes32 modelRoot;
        bytes32 receiptR;
        bytes32 receiptVs;
        bytes32 signerR;
        bytes32 signerVs;
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
        /// Put up with every request for a leaf, in the token's smallest unit; from 1/1,000 to 1/50 of the least stake.
        uint256 leafBond;
    }

    // ------------------------------------------------------------------ events

    event Committed(bytes32 indexed commitment, address indexed challenger);
    event CandidateDisproven(uint64 indexed round, bytes32 indexed candidate, address indexed finder, uint256 slashBps);
    event CoordinateWrong(bytes32 indexed candidate, uint64 coordinate, CoordinateJudge.Verdict verdict);
    event ReferenceWrong(bytes32 indexed candidate, uint64 index, ReferenceFault fault);
    /// @notice `index` 2^64 - 1: of the candidate's own model. To be shown up to and including `dueAt`; the round is not
    /// final before `decidedBy`.
    event LeafRequested(
        bytes32 id,
        uint64 indexed round,
        bytes32 indexed candidate,
        address indexed requester,
        uint64 index,
        uint64 leaf,
        bytes32 modelRoot,
        uint256 dueAt,
        uint256 decidedBy,
        uint256 bond
    );
    /// @notice The leaf is in the call data. `paid` of the bond went to the answerer, the rest was burnt.
    event LeafAnswered(
        bytes32 id, uint64 indexed round, bytes32 indexed candidate, address indexed answerer, uint256 paid
    );
    /// @notice Nobody showed the leaf in time; `CandidateDisproven` follows, and the bond went back.
    event LeafWithheld(bytes32 id, uint64 indexed round, bytes32 indexed candidate);
    /// @notice The requester took the bond back: something else decided about the candidate, or nobody concluded in time.
    event BondReleased(bytes32 id, uint64 indexed round, bytes32 indexed candidate, address indexed requester);
    /// @notice The miner acknowledged this update and signed a manifest without its client.
    event ReceiptBroken(
        uint64 indexed round, bytes32 indexed candidate, address indexed miner, address client, bytes32 modelRoot
    );
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
    /// @dev Reverted or voided already. What its round was reverted for can still be proven wrong at a higher rate.
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
    error LeafBondOutOfRange(uint256 bond, uint256 min, uint256 max);
    error LeafOutOfRange(uint256 leaf, uint256 leaves);
    /// @dev Answer time and grace would last until `decidedBy`, but the round can be final at `end`: too late to ask, or
    /// a federation whose challenge window is shorter than both.
    error RequestTooLate(uint256 decidedBy, uint256 end);
    /// @dev This leaf was asked for before; ask for another one.
    error AlreadyRequested(bytes32 id);
    /// @dev Never made, or decided as `state` says.
    error NoOpenRequest(bytes32 id, RequestState state);
    error AnswerTooLate(uint256 dueAt);
    error StillAnswerable(uint256 dueAt);
    error NotRequester(address caller, address requester);
    /// @dev It can still be answered or concluded.
    error StillOpen(bytes32 id, uint256 decidedBy);
    /// @dev Entry `index` is the client's, or holds the acknowledged model by a client of a lower address.
    error ReceiptKept(address client, uint256 index);

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

    /// @notice Demand that somebody shows a leaf of an update in the candidate's manifest, or of its model. Pulls
    /// `leafBond` (needs an allowance). Answer time and grace must fit into what is left of the challenge window. Needs no
    /// commitment: there is nothing in it to steal.
    /// @param references All of the manifest's; empty for the candidate's own model.
    /// @param index Place in the manifest; 2^64 - 1 for the candidate's own model.
    function requestLeaf(
        Claim calldata claim,
        Messages.UpdateReference[] calldata references,
        uint64 index,
        uint64 leaf
    ) external returns (bytes32 id);

    /// @notice Show the leaf. Anyone; half of the bond is the answerer's, the other half is burnt.
    /// @param opening Header hash, hash of the non-float bytes, leaf (256 bytes), siblings from the lowest up.
    function answerLeaf(LeafRequest calldata request, bytes calldata opening) external;

    /// @notice Nobody showed the leaf in time: 10 % of each accused, as for a wrong candidate, bounties to the requester,
    /// who gets the bond back. Anyone but the accused.
    /// @param opening What the round was opened with; ignored if nothing is to be reverted.
    function concludeLeaf(
        LeafRequest calldata request,
        IRoundConsensus.OpeningPreimage calldata opening,
        Accused[] calldata accused
    ) external;

    /// @notice Take the bond back if the candidate was proven wrong otherwise, its round reverted or void, or if nobody
    /// concluded in time. The requester only.
    function releaseBond(LeafRequest calldata request) external;

    /// @notice A signer of the candidate acknowledged an update and left its client out: 10 %. If it posted the candidate
    /// alone and its round is open, it is struck; an agreed round stays.
    function proveBrokenReceipt(ReceiptProof calldata proof, bytes32 salt) external;

    /// @notice A request for a leaf; all zero if there was none.
    function requestOf(bytes32 id) external view returns (Request memory);
    /// @notice What a request for a leaf costs until it is decided.
    function leafBond() external view returns (uint256);
    /// @notice Rate proven against a candidate so far and who gets the bounties; zero if none.
    function findingOf(bytes32 candidate) external view returns (uint256 slashBps, address finder);
    /// @notice Block of a commitment that waits for its proof; 0 if there is none.
    function madeIn(bytes32 commitment) external view returns (uint256);
    function rule() external view returns (CoordinateJudge.Rule memory);
    /// @notice The consensus whose candidates are judged.
    function consensus() external view returns (address);
}
