// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Settings} from "../libraries/Settings.sol";
import {IFederationPause} from "./IFederationPause.sol";
import {IMinerRegistry} from "./IMinerRegistry.sol";

/// @title Rounds: candidates, votes, settlement, finality
/// @notice A round takes a base model to the next one: collect, propose, vote, settle. See docs/protocol.md.
///
/// Signed messages are EIP-712 in the domain (Quorate, 1, chain id, this contract); signatures are 64-byte compact
/// (EIP-2098): `r` and `vs`. CIDs are 32-byte sha-256 digests of dag-pb roots. Ratios and confidences are basis points
/// (1/10,000). Times are seconds of block time, deadlines inclusive: an action is legal up to and including its
/// deadline. Round numbers start at 1 and are never reused; settlement numbers count agreed rounds.
interface IRoundConsensus is IFederationPause {
    // ------------------------------------------------------------------ types

    /// @notice `Open` covers collect, propose and vote; which of them follows from the time and the candidates.
    enum RoundStatus {
        None,
        Open,
        Agreed,
        Failed,
        Reverted,
        Voided,
        /// Decided by one miner alone: a provisional head, never paid, never final by itself.
        Degraded,
        /// Degraded, and agreed by the first round of several miners that builds on it; final with that one.
        Ratified
    }

    /// @notice Why a vote does not count. `None` counts.
    enum VoteFault {
        None,
        /// Not strictly ascending by (seat, candidateIndex): out of order or twice.
        NotAscending,
        /// No such seat in this round.
        UnknownSeat,
        UnknownCandidate,
        /// A yes needs the minimum confidence ... 10,000; a no exactly 10,000.
        ConfidenceOutOfRange,
        /// A yes has reason 0 and index 0; a no has reason 1-5.
        ReasonOutOfRange,
        /// Not signed by the seat's key.
        BadSignature,
        /// The seat's vote on this candidate is on chain already and may not be replaced.
        AlreadyCast
    }

    /// @notice Settings; each bounded (see `ParametersLib`), changed by governance, in force from the next opening.
    struct Parameters {
        /// Shortest collect phase.
        uint32 collectMin;
        /// From here on proposals are legal whatever their update count.
        uint32 collectMax;
        /// Time of the first proposers after `collectMax`, and of each reserve after them.
        uint32 proposeSlot;
        /// From the last posted candidate to the vote deadline.
        uint32 voteWindow;
        /// After the vote deadline, before a round with a candidate may be failed.
        uint32 voteGrace;
        /// From a round's end until it is final.
        uint32 challengeWindow;
        /// For answers to a challenge; part of the unbonding delay.
        uint32 answerTime;
        /// Between two openings.
        uint32 minRoundInterval;
        /// Weighted yes needed of all active weight.
        uint16 quorumBps;
        /// Lowest confidence of a yes.
        uint16 minConfidenceBps;
        /// Reputation of a new miner, its range and its steps, in 1/10,000.
        uint16 reputationStart;
        uint16 reputationMin;
        uint16 reputationMax;
        uint16 reputationGain;
        uint16 reputationLoss;
        /// Absences among the last eight rounds with a candidate that allow `deactivate`.
        uint8 absenceLimit;
        /// What an agreed round pays to clients at most, in the token's smallest unit.
        uint96 roundBudget;
        /// Stake of one miner, in the token's smallest unit.
        uint88 minStake;
        uint88 maxStake;
    }

    /// @notice The learning task, fixed at deployment and bound to every round through `parametersHash`.
    struct Task {
        /// Hash of the task file (architecture, rule, validation set, pay).
        bytes32 taskHash;
        /// Model root of the genesis model, base of the first round.
        bytes32 genesisModelRoot;
        /// CID digest of the genesis model; zero if nodes derive it from a seed.
        bytes32 genesisModelCid;
        /// Number of float32 weights of the model.
        uint64 dimension;
        /// Samples of the validation set, the largest possible score; 0 without an evaluator.
        uint32 validationSize;
    }

    /// @notice Contracts a consensus works with.
    struct Wiring {
        address minerRegistry;
        address clientRegistry;
        address rewardDistributor;
        /// The only account that strikes candidates, reverts rounds and slashes.
        address faultProofs;
    }

    /// @notice What a proposer says; with round, opening hash and base root (known to the contract) it is the signed
    /// `Candidate`, whose struct hash is the candidate id.
    struct CandidateContent {
        bytes32 modelRoot;
        bytes32 modelCid;
        bytes32 updatesHash;
        bytes32 manifestCid;
        bytes32 payoutsRoot;
        /// Cumulative over all rounds.
        uint256 payoutsTotal;
        uint32 updateCount;
        uint64 totalSamples;
        /// Correct answers on the validation set.
        uint32 validationScore;
    }

    /// @notice A proposer's signature of a candidate; `rank` in the drawn order.
    struct ProposerSignature {
        uint8 rank;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice A signed vote. Seat and candidate index stand for the voter's key and the candidate id it signed.
    struct Vote {
        /// Seat of the voter in the roster (`MinerRegistry.roster`).
        uint8 seat;
        /// Position among the round's posted candidates.
        uint8 candidateIndex;
        bool support;
        uint16 confidence;
        /// 0 none (a yes), 1 coordinate, 2 reference, 3 withheld, 4 score, 5 payouts.
        uint8 reason;
        uint64 reasonIndex;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice The model the next round builds on, and the last agreed settlement.
    struct Head {
        /// 0 before the first.
        uint32 settlement;
        /// Whose model it is; 0 for the genesis model.
        uint32 round;
        bytes32 modelRoot;
        uint96 payoutsTotal;
        /// Updates in the last agreed model; 0 before the first.
        uint16 updateCount;
        /// The model is a degraded round's: nobody but its own miner has agreed to it.
        bool provisional;
    }

    /// @notice What a round's opening hash commits to besides chain, contract and round; all of it is in the events and
    /// in the block before the opening.
    struct OpeningPreimage {
        bytes32 baseRoot;
        bytes32 parametersHash;
        bytes32 previousBlockHash;
    }

    /// @notice Where the federation stands.
    struct Progress {
        /// Newest round ever opened; 0 before the first.
        uint64 round;
        bool open;
        /// Number of the newest agreed settlement.
        uint32 settlement;
        /// Rounds with a candidate so far.
        uint32 ballots;
        /// Time of the newest opening.
        uint256 openedAt;
        /// No round that has ended becomes final later than this, but those that are degraded.
        uint256 lastFinalAt;
    }

    // ------------------------------------------------------------------ events

    /// @notice The parameters in force are those of the newest `ParametersChanged`.
    event RoundOpened(
        uint64 indexed round, bytes32 openingHash, bytes32 baseRoot, uint256 members, uint256 updateTarget
    );
    /// @notice The order of proposers of `round` is the draw from this seed. Not emitted when the first `propose` stores the
    /// usual one, the lowest 64 bits of the opening block's hash.
    event SeedFrozen(uint64 indexed round, uint64 seed, uint256 seedBlock);
    /// @notice A new candidate, with all that is needed to prove its signers wrong: `signatures` are r and vs of each
    /// signer in the order of `signers`.
    event CandidatePosted(
        uint64 indexed round,
        bytes32 indexed candidate,
        uint8 index,
        CandidateContent content,
        address[] signers,
        bytes32[] signatures
    );
    /// @notice Another proposer signed a candidate that was posted already.
    event CandidateCosigned(uint64 indexed round, bytes32 indexed candidate, address[] signers, bytes32[] signatures);
    event VoteCast(
        uint64 indexed round,
        bytes32 indexed candidate,
        address indexed miner,
        bool support,
        uint16 confidence,
        uint8 reason,
        uint64 reasonIndex
    );
    /// @notice A vote in a settlement that does not count, and why. `position` in the submitted list.
    event VoteSkipped(uint64 indexed round, uint256 position, uint8 seat, VoteFault fault);
    /// @notice The model of the candidate is the base of the next round; the votes are in the registry's `VotesCounted`.
    /// `payoutsTotal` and `payoutsRoot` are those in force from now on; the root is zero if the last one stays, because the
    /// winner named none or a total below the previous one or above it by more than the round budget: then nobody is paid.
    event RoundAgreed(
        uint64 indexed round,
        bytes32 indexed candidate,
        uint256 indexed settlement,
        bytes32 payoutsRoot,
        uint256 payoutsTotal,
        uint256 ratioBps,
        uint256 participationBps,
        uint256 finalAt
    );
    /// @notice One miner alone decided the round: the model of its candidate is the base of the next, provisionally. Nobody is
    /// paid, no reputation changes. `confidence` is that of the miner's yes.
    event RoundDegraded(uint64 indexed round, bytes32 indexed candidate, address indexed miner, uint16 confidence);
    /// @notice The round `by`, which builds on this degraded one, is agreed. They become final together.
    event RoundRatified(uint64 indexed round, uint64 indexed by, uint256 finalAt);
    event RoundFailed(uint64 indexed round, uint256 candidateCount, uint256 participationBps, uint256 finalAt);
    /// @notice A candidate of the open round was proven wrong: it counts as disagreed.
    event CandidateStruck(uint64 indexed round, bytes32 indexed candidate);
    /// @notice A winner was proven wrong; the head is `modelRoot` again, the model of `settlement`.
    event RoundReverted(uint64 indexed round, uint256 settlement, bytes32 modelRoot);
    /// @notice It builds on what was reverted; or it was degraded, and what it belongs to was reverted or not ratified.
    event RoundVoided(uint64 indexed round);
    event ParametersQueued(Parameters parameters);
    /// @notice The queued parameters are in force from this opening on.
    event ParametersChanged(bytes32 parametersHash);

    // ------------------------------------------------------------------ errors

    error ZeroAddress();
    error OnlyFaultProofs(address caller);
    /// @dev A registry or the distributor was deployed for another consensus.
    error WrongWiring(address part, address itsConsensus);
    error ParameterOutOfRange(bytes32 name, uint256 value, uint256 min, uint256 max);
    /// @dev Too few slots in the round ring for the challenge window at the fastest pace.
    error RingTooSmall(uint256 slots, uint256 needed);
    error GenesisModelMissing();
    error RoundNotOpen(uint64 round);
    error UnknownRound(uint64 round);
    error RoundAlreadyOpen(uint64 round);
    error RoundTooSoon(uint256 readyAt);
    error NotEnoughMiners(uint256 active, uint256 needed);
    error PotTooSmall(uint256 funded, uint256 needed);
    /// @dev The slot of the ring still holds a round that is not final.
    error RoundNotFinal(uint64 round, uint256 finalAt);
    /// @dev The hash of the opening block is known from the next block on.
    error SeedNotReady(uint256 readyBlock);
    error SeedAlreadyFrozen(uint64 round);
    /// @dev Too early; `readyAt` is the earliest time for this update count.
    error CollectNotOver(uint256 readyAt, uint256 updateCount, uint256 updateTarget);
    error SignerCount(uint256 count);
    /// @dev Ranks must ascend, exist, and at most ranks 0 and 1 sign together.
    error BadRank(uint256 rank);
    error SlotNotOpen(uint256 rank, uint256 from, uint256 to);
    error NotProposer(uint256 rank, address expectedKey, address recovered);
    /// @dev A proposer signs one posted candidate per round.
    error AlreadySigned(uint256 rank);
    error UpdateCountOutOfRange(uint256 count, uint256 max);
    error SampleCountOutOfRange(uint256 samples, uint256 min, uint256 max);
    error ScoreOutOfRange(uint256 score, uint256 max);
    error InvalidVote(VoteFault fault);
    error VotingClosed(uint256 deadline);
    error NoCandidate(uint64 round);
    /// @dev No candidate is agreed (or a better one may still be), and not all are disagreed with no slot left.
    error Undecided(uint64 round);
    /// @dev The content is not that of the winner: its hash differs.
    error WrongContent(bytes32 winner, bytes32 given);
    error TooEarlyToFail(uint256 readyAt);
    /// @dev The votes on chain agree this candidate: settle instead.
    error CandidateAgreed(bytes32 candidate);
    /// @dev One miner alone may not settle this round: another joins, or joins again, at the next opening.
    error MinerReturns(uint64 round, address miner);
    /// @dev This code runs on the storage of the consensus that created it, by delegation, and nowhere else.
    error OnlyDelegated(address self);
    error NotRevertible(uint64 round, RoundStatus status);
    error AlreadyFinal(uint64 round, uint256 finalAt);
    /// @dev What was given does not hash to the round's opening hash.
    error WrongOpening(bytes32 openingHash, bytes32 given);

    // ------------------------------------------------------------------ rounds

    /// @notice Open the first round, or the next after a failure or revert, or when a settlement could not. Anyone.
    /// Needs two active miners, the interval passed, and a round's budget in the pot beyond what is promised. After the
    /// first round one miner is enough, for at most eight degraded rounds in a row.
    function openRound() external returns (uint64 round);

    /// @notice Store the hash of the opening block as the round's seed. Anyone, from the next block on; `propose`
    /// does it otherwise. If nobody did for 256 blocks the seed block moves on by 256.
    function freezeSeed(uint64 round) external returns (uint64 seed);

    /// @notice Post a candidate, or add a signature to the same candidate. Anyone may send it; only signatures count.
    /// @param signatures One, or those of ranks 0 and 1 together; ascending by rank.
    /// @return candidate Its id.
    function propose(uint64 round, CandidateContent calldata content, ProposerSignature[] calldata signatures)
        external
        returns (bytes32 candidate);

    /// @notice Put one signed vote on chain: the fallback when no settlement takes it. Anyone may send it, until the
    /// end of grace; after an early settlement until the vote deadline, to prove presence only. A no for `withheld` may
    /// be replaced by a yes once. Reverts `InvalidVote`.
    function castVote(uint64 round, Vote calldata vote) external;

    /// @notice Decide a round by the votes given and those on chain, and open the next if it is agreed. Anyone.
    /// Legal once every rank 0/1 proposer has signed a posted candidate or the propose deadline is over. A candidate
    /// wins over a better-ranked one that is still pending only after grace. If all are disagreed the round fails. If one
    /// miner is left whose vote counts, because it is the only one or the others were proven at fault, its yes makes
    /// the round degraded; but not while another waits to join (`MinerReturns`).
    /// @param votes Strictly ascending by (seat, candidateIndex); an invalid one is skipped with an event.
    /// @param content Of the winner; ignored if the round fails.
    function settle(uint64 round, Vote[] calldata votes, CandidateContent calldata content) external;

    /// @notice End a round that nobody can settle: without a candidate after the last slot; else after grace, unless
    /// the votes on chain agree a candidate. A lone miner's round may be failed at any time while another waits to join.
    /// Anyone.
    function failRound(uint64 round) external;

    /// @notice Count a candidate of the open round as disagreed: it was proven wrong. Fault proofs only.
    function strike(uint64 round, uint8 index) external;

    /// @notice Undo an agreed, degraded or ratified round that is not final; all later rounds, the open one too, become
    /// void. With one degraded round, or the round that ratified it, fall all degraded rounds since the last agreed one.
    /// Fault proofs only.
    /// @param opening What the round was opened with: it names the model to go back to.
    function revertRound(uint64 round, OpeningPreimage calldata opening) external;

    /// @notice Queue other parameters for the next opening. Restricted.
    function setParameters(Parameters calldata parameters) external;

    // ------------------------------------------------------------------ views

    function progress() external view returns (Progress memory);
    /// @notice Newest round ever opened; 0 before the first.
    function currentRound() external view returns (uint64);
    /// @notice Reverts `UnknownRound` if the ring no longer holds it.
    function statusOf(uint64 round) external view returns (RoundStatus);
    /// @notice Ended, window over, not reverted or void. Earlier rounds are final or void then, too.
    function isFinal(uint64 round) external view returns (bool);
    function head() external view returns (Head memory);
    /// @notice keccak256(abi.encode(Parameters, Task)) of the parameters in force.
    function parametersHash() external view returns (bytes32);
    function task() external view returns (Task memory);
    function wiring() external view returns (Wiring memory);
    /// @notice Least seconds between losing weight and withdrawing stake: all windows together. It takes longer only if a
    /// challenge window that began under earlier parameters ends later.
    function unbondingDelay() external view returns (uint256);
    /// @notice Slots of the round ring.
    function ringSlots() external view returns (uint256);
    /// @notice Stake bounds and reputation settings for the registry, which asks when stake comes in: reverts `Paused`.
    function stakeBounds() external view returns (uint256 minStake, uint256 maxStake, uint16 reputationStart);
    /// @notice For `deactivate`: ballot number (0 if it had no candidate) and vote deadline of an ended round, and the
    /// limit in force.
    function ballotOf(uint64 round) external view returns (uint32 ballot, uint256 voteDeadline, uint8 absenceLimit);
    /// @notice Digest that a key signs for a message with this struct hash.
    function hashTypedData(bytes32 structHash) external view returns (bytes32);
    /// @notice Reputation settings for the registry.
    function reputationRule() external view returns (IMinerRegistry.ReputationRule memory);
    /// @notice The RoundLens of this consensus: rounds, candidates, votes, proposers and parameters in readable form.
    function lens() external view returns (address);
    /// @notice The RoundRecovery of this consensus: code that it delegates to.
    function recovery() external view returns (address);
    /// @notice For the lens: a round's slot in the ring as stored, windows that outlast a round in federation time. Reverts
    /// `UnknownRound`.
    function slotOf(uint64 round) external view returns (uint256 word, bytes32 openingHash, bytes32[2] memory ids);
    /// @notice For the lens: the vote on chain at 2 x seat + candidate index, as stored; 0 if none.
    function castVoteAt(uint64 round, uint256 place) external view returns (uint256);
    /// @notice For the lens: parameters in force and queued, as stored.
    function packedParameters()
        external
        view
        returns (Settings.Packed memory current, Settings.Packed memory next, bool queued);
}
