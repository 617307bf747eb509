// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IKeyBook} from "./IKeyBook.sol";

/// @title Miners: stake, reputation, weight, voting key, endpoint
/// @notice A miner's identity is its owner address: it holds the stake. Its voting key is a plain account that signs
/// candidates, manifests and votes; by default the owner itself.
///
/// Every change of a miner (registration, stake, key, deactivation, return, exit) queues and takes effect at the next
/// opening of a round, so the weights of a round are constant by construction. At most
/// `MAX_CHANGES_PER_OPENING` queued miners are handled per opening, first come first served.
///
/// Units: stake and weight in the token's smallest unit; reputation as WAD (10^18 = 1.0); times in seconds of block
/// time. weight = stake x reputation, rounded down.
interface IMinerRegistry is IKeyBook {
    /// @notice Life of a miner. `Joining`, `Suspending` and `Exiting` become `Active`, `Inactive` and `Exited` at an
    /// opening.
    enum MinerStatus {
        None,
        Joining,
        Active,
        Suspending,
        Inactive,
        Exiting,
        Exited
    }

    /// @notice One place of the roster, constant during a round. Votes and candidates are attributed by seat.
    struct Seat {
        address owner;
        address key;
        uint256 weight;
    }

    /// @notice Reputation bounds handed over by the consensus, in 1/10,000.
    struct ReputationRule {
        uint16 min;
        uint16 max;
        /// Taken off once for every ballot a miner missed.
        uint16 loss;
    }

    /// @notice All about one miner, as of now.
    struct MinerInfo {
        MinerStatus status;
        /// Bonded stake, including what will only count at the next opening.
        uint256 stake;
        /// WAD, with missed ballots already taken off.
        uint256 reputation;
        /// Bit 0 is the newest of the last eight rounds with a candidate; 1 = absent.
        uint8 absences;
        /// Weight in the current round; 0 without a seat.
        uint256 weight;
        /// Key that signs in the current round.
        address key;
        /// Key from the next opening on (equal to `key` if no change is queued).
        address nextKey;
        /// Amount that `withdraw` pays from `releaseAt` on; 0 if nothing is unbonding.
        uint256 unbonding;
        uint256 releaseAt;
    }

    event MinerRegistered(address indexed miner, address key, uint256 stake, string endpoint);
    event StakeAdded(address indexed miner, uint256 amount, uint256 stake);
    event KeyQueued(address indexed miner, address key);
    /// @notice A miner's endpoint is that of its newest event: `MinerRegistered` or this.
    event EndpointChanged(address indexed miner, string endpoint);
    event ExitQueued(address indexed miner, uint256 stake);
    event DeactivationQueued(address indexed miner, uint8 absences);
    event ReactivationQueued(address indexed miner);
    /// @notice A queued change took effect: the miner's state from this opening on.
    event MinerChanged(address indexed miner, MinerStatus status, address key, uint256 weight);
    event UnbondingStarted(address indexed miner, uint256 amount, uint256 releaseAt);
    event StakeWithdrawn(address indexed miner, uint256 amount);
    /// @notice The votes a settlement or a failure counted and the one reputation event of a round, one word per vote:
    /// miner (bits 96-255), candidate index (88-95), support (80-87), confidence (64-79), reason (56-63), and the miner's
    /// reputation from now on in 1/10,000 (0-15). Its weight from now on is stake x reputation.
    event VotesCounted(uint64 indexed round, uint256[] votes);
    /// @notice A proven fault took `slashed` of the stake, bonded and unbonding alike; what is left of both. `bounty` of it
    /// went to `finder`, the rest is gone. The seat's vote counts no more; the seat is lost at the next opening.
    event StakeSlashed(
        address indexed miner, uint256 slashed, uint256 stake, uint256 unbonding, address indexed finder, uint256 bounty
    );
    /// @notice A vote cast on chain after an early settlement, before the vote deadline, proved presence.
    event PresenceProven(uint64 indexed round, address indexed miner, uint256 reputation);

    error OnlyConsensus(address caller);
    /// @dev Only the contracts that judge proofs take stakes: FaultProofs and CheckpointRegistry.
    error OnlyFaultProofs(address caller);
    error RateTooHigh(uint256 slashBps, uint256 bountyBps);
    error ZeroAddress();
    error AlreadyRegistered(address miner);
    error NotRegistered(address miner);
    error WrongStatus(address miner, MinerStatus status);
    error StakeBelowMinimum(uint256 stake, uint256 minimum);
    error StakeAboveMaximum(uint256 stake, uint256 maximum);
    error ZeroAmount();
    error EndpointLength(uint256 length, uint256 maximum);
    error TooManyMiners(uint256 maximum);
    error TooFewAbsences(address miner, uint256 absences, uint256 limit);
    error BallotStillOpen(uint64 round);
    error NothingUnbonding(address miner);
    error StillUnbonding(address miner, uint256 releaseAt);
    error RoundIsOpen(uint64 round);
    error NothingToProve(address miner, uint64 round);

    // ------------------------------------------------------------------ owners

    /// @notice Become a miner: pulls `amount` of the token (needs an allowance), active from the next opening. An
    /// owner that comes back keeps its reputation.
    /// @param amount Stake; between the minimum and the maximum of the parameters.
    /// @param key Voting key; the caller itself or another plain account.
    /// @param keySignature Empty if `key` is the caller; else 65 bytes: the key's EIP-712 signature of
    /// `Key(address owner)` in this registry's domain.
    /// @param endpoint HTTP URL of the miner's node, 1-200 bytes; announced in the event, not stored.
    function register(uint256 amount, address key, bytes calldata keySignature, string calldata endpoint) external;

    /// @notice Add to the own stake; counts from the next opening.
    function addStake(uint256 amount) external;

    /// @notice Change the voting key from the next opening on. Arguments as in `register`.
    function setKey(address key, bytes calldata keySignature) external;

    /// @notice Announce another URL; takes effect at once (no rule depends on it).
    function setEndpoint(string calldata endpoint) external;

    /// @notice Return to the roster at the next opening after a deactivation.
    function reactivate() external;

    /// @notice Leave with the whole stake: weight counts until the next opening, then unbonding starts. It
    /// lasts for `unbondingDelay`, and until all of the caller's rounds are final and what it unbonded before is released.
    function exit() external;

    /// @notice Pay the unbonded stake of the caller once `releaseAt` has passed.
    function withdraw() external;

    // ------------------------------------------------------------------ anyone

    /// @notice Queue the removal of a miner that missed at least the limit of the last eight rounds with a candidate.
    /// @param miner Owner address.
    /// @param asOfRound An ended round with a candidate whose vote deadline has passed; ballots up to it are counted.
    function deactivate(address miner, uint64 asOfRound) external;

    /// @notice Apply queued changes while no round is open, so that exits never depend on a next round.
    function applyQueued() external;

    // ------------------------------------------------------------------ consensus only

    /// @notice Apply the queue at an opening.
    /// @param ballots Rounds with a candidate so far: who joins now has missed none of them.
    /// @param lastFinalAt Federation time at which all rounds that have ended are final: no stake is released before.
    /// @return members Seats from now on.
    function beginRound(uint32 ballots, uint40 lastFinalAt) external returns (uint256 members);

    /// @notice Score the miners present in a round that had a candidate. Those not named missed it; that is brought
    /// up to date when their record is next written.
    /// @param ballot Number of rounds with a candidate so far, this one included.
    /// @param votes One word per vote, by ascending seat: as in `VotesCounted`, but below bit 56 seat (bits 0-7) and
    /// reputation change in 1/10,000 + 2^15 (bits 8-23), the same in both words of a miner that voted on two candidates.
    function recordBallot(uint64 round, uint32 ballot, uint256[] calldata votes, ReputationRule calldata rule) external;

    /// @notice Turn the absence of `miner` in `ballot` into presence (late `castVote` after an early settlement).
    function provePresence(uint64 round, address miner, uint32 ballot, ReputationRule calldata rule) external;

    // ------------------------------------------------------------------ fault proofs and checkpoints only

    /// @notice Take part of a miner's stake, bonded and unbonding, for a proven fault, and jail it.
    /// @param bps Part in 1/10,000.
    /// @param bountyBps Part of the slash that goes to `bountyTo`, at most 3,000; the rest is burnt.
    function slash(address miner, uint256 bps, address bountyTo, uint256 bountyBps)
        external
        returns (uint256 slashed, uint256 bounty);

    // ------------------------------------------------------------------ views

    /// @notice Who answers for a signature by `key` in a round opened at `openedAt`: its owner, unless the key was replaced
    /// by then; zero if nobody. A key that is taken up again is answered for throughout.
    function ownerOfKeyAt(address key, uint256 openedAt) external view returns (address owner);
    /// @notice The active miners in seat order with their weights and keys in the current round.
    function roster() external view returns (Seat[] memory seats);
    /// @notice The first `members` seats as stored (see SeatWord): what the consensus reads.
    function rosterWords(uint256 members) external view returns (uint256[] memory words);
    /// @notice Anchors what the miners' replicas decide, and takes stakes of members that contradict themselves there.
    function checkpoints() external view returns (address);
    /// @notice Voting key in the current round.
    function keyOf(address miner) external view returns (address);
    function minerInfo(address miner) external view returns (MinerInfo memory);
    /// @notice Number of seats.
    function activeCount() external view returns (uint256);
    /// @notice Sum of the weights of all seats.
    function activeWeight() external view returns (uint256);
    /// @notice Miners whose change waits for the next opening.
    function queuedCount() external view returns (uint256);
    /// @notice The first in the queue that waits for a seat, new or returning; zero if nobody does.
    function nextToJoin() external view returns (address);
    /// @notice All stake bonded and unbonding; equals this contract's token balance unless tokens were sent to it.
    function totalHeld() external view returns (uint256);
}
