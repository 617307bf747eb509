// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Settings} from "../libraries/Settings.sol";
import {IRoundConsensus} from "./IRoundConsensus.sol";

/// @title Rounds, candidates, votes and parameters in readable form
/// @notice Read-only companion of one RoundConsensus (`RoundConsensus.lens()`), because both together
/// exceed the size limit of a contract. Before the seed of an open round is stored, and for every deadline, the
/// answer depends on the block: ask for the pending one. While the federation is paused an open round is shown as if it
/// went on now. Times that were over before a pause are shown later by it, too: the events say when they were.
interface IRoundLens {
    /// @notice Where a round stands, derived from status, candidates and block time.
    enum Phase {
        None,
        /// Before a candidate may be posted (the early end by update count is not visible here).
        Collect,
        /// No candidate yet, and some rank may still post, or one posted and the slot of a rank 0/1 is not over.
        Propose,
        /// Candidates posted, no rank 0/1 slot left, vote window open.
        Vote,
        /// Vote window over, grace running: cast on chain what is not settled.
        Grace,
        /// Nothing left to wait for: settle or fail.
        Overdue,
        Ended
    }

    /// @notice A posted candidate.
    struct CandidateInfo {
        bytes32 id;
        /// Owner addresses of the signers, lower rank first. Empty for ended rounds (see the events).
        address[] signers;
        /// Bit k: the proposer of rank k signed; bit 2 stands for the reserve that posted.
        uint8 signerBits;
    }

    /// @notice A vote on chain.
    struct CastVote {
        address miner;
        uint8 seat;
        uint8 candidateIndex;
        bool support;
        uint16 confidence;
        uint8 reason;
        uint64 reasonIndex;
        /// A withheld-no was replaced by this yes.
        bool replaced;
    }

    /// @notice All about a round that is still in the ring. Times are absolute; 0 = not applicable (yet).
    struct RoundInfo {
        uint64 round;
        IRoundConsensus.RoundStatus status;
        Phase phase;
        bytes32 openingHash;
        uint256 openedAt;
        /// Proposals are legal from here if they hold at least `updateTarget` updates ...
        uint256 collectMinEnd;
        /// ... and from here with any number.
        uint256 collectMaxEnd;
        uint256 updateTarget;
        /// Last moment for ranks 0 and 1.
        uint256 proposeDeadline;
        /// Last moment of the last reserve; after it a round without candidate may be failed.
        uint256 lastSlotEnd;
        /// 0 without a candidate.
        uint256 voteDeadline;
        uint256 graceEnd;
        /// Seats in the roster.
        uint256 members;
        /// Candidates posted.
        uint256 candidateCount;
        /// Votes on chain.
        uint256 voteCount;
        /// Block whose hash is the seed, or 0 once the seed is stored.
        uint256 seedBlock;
        /// Stored seed of an open round, else 0.
        uint64 seed;
        /// Ended rounds: when it is or was final (0: not by itself); index of the winner (agreed, degraded and ratified
        /// only); ballot number (0: no candidate, or one miner's alone).
        uint256 finalAt;
        uint8 winnerIndex;
        uint32 ballot;
        uint32 settlement;
    }

    /// @notice All about a round. Reverts `UnknownRound` if the ring no longer holds it.
    function roundInfo(uint64 round) external view returns (RoundInfo memory);

    /// @notice Candidates of a round in the order they were posted.
    function candidates(uint64 round) external view returns (CandidateInfo[] memory);

    /// @notice Votes on chain of an open round, by seat.
    function castVotes(uint64 round) external view returns (CastVote[] memory);

    /// @notice Owners in drawn order (rank 0 first) of an open round. Before the seed is stored it is what the draw
    /// would be now; reverts `SeedNotReady` in the opening block.
    function proposers(uint64 round) external view returns (address[] memory);

    /// @notice Id of the candidate with this content in a round that is open, on its opening hash and base.
    function candidateId(uint64 round, IRoundConsensus.CandidateContent calldata content)
        external
        view
        returns (bytes32);

    /// @notice Parameters in force.
    function parameters() external view returns (IRoundConsensus.Parameters memory);

    /// @notice Parameters from the next opening on (equal to `parameters` if none are queued).
    function nextParameters() external view returns (IRoundConsensus.Parameters memory);

    /// @notice Checks all bounds; packs and hashes. Reverts `ParameterOutOfRange` or `RingTooSmall`.
    function pack(IRoundConsensus.Parameters calldata p, IRoundConsensus.Task calldata task, uint256 ringSlots)
        external
        pure
        returns (Settings.Packed memory packed, bytes32 parametersHash);
}
