// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {CheckpointRegistry} from "./CheckpointRegistry.sol";
import {IMinerRegistry} from "./interfaces/IMinerRegistry.sol";
import {IRoundConsensus} from "./interfaces/IRoundConsensus.sol";
import {FederationTime} from "./libraries/FederationTime.sol";
import {MinerRecord} from "./libraries/MinerRecord.sol";
import {Reputation} from "./libraries/Reputation.sol";
import {SeatWord} from "./libraries/SeatWord.sol";
import {TokenPull} from "./libraries/TokenPull.sol";
import {WordList} from "./libraries/WordList.sol";
import {MinerRoster} from "./miners/MinerRoster.sol";

/// @title MinerRegistry
/// @notice See IMinerRegistry.
contract MinerRegistry is MinerRoster, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using FederationTime for IRoundConsensus;
    using SafeCast for uint256;
    using MinerRecord for uint256;
    using MinerRecord for MinerRecord.Data;
    using Reputation for uint8;
    using SeatWord for uint256;
    using TokenPull for IERC20;
    using WordList for uint256[];

    /// @inheritdoc IMinerRegistry
    address public immutable checkpoints;

    constructor(IERC20 token_, IRoundConsensus consensus_) MinerRoster(token_, consensus_) {
        checkpoints = address(new CheckpointRegistry(this));
    }

    // ------------------------------------------------------------------ owners

    /// @inheritdoc IMinerRegistry
    function register(uint256 amount, address key, bytes calldata keySignature, string calldata endpoint)
        external
        nonReentrant
    {
        MinerRecord.Data memory record = _records[msg.sender].unpack();
        require(record.status == MinerStatus.None || record.status == MinerStatus.Exited, AlreadyRegistered(msg.sender));
        (uint256 minStake, uint256 maxStake, uint16 reputationStart) = consensus.stakeBounds();
        require(amount <= maxStake, StakeAboveMaximum(amount, maxStake));
        require(amount >= minStake, StakeBelowMinimum(amount, minStake));
        _requireFreeSeat();
        _acceptKey(msg.sender, key, keySignature);
        _checkEndpoint(endpoint);

        // The key of one who never registered is the owner's, and no other waits.
        if (record.status != MinerStatus.None || key != msg.sender) {
            _nextKeys[msg.sender] = _changedKey(msg.sender, key);
        }
        if (record.status == MinerStatus.None) record.reputation = reputationStart;
        record.status = MinerStatus.Joining;
        record.stake = amount.toUint88();
        _totals.held += amount.toUint128();
        _enqueue(msg.sender, record);
        emit MinerRegistered(msg.sender, key, amount, endpoint);
        token.pull(msg.sender, amount);
    }

    /// @inheritdoc IMinerRegistry
    function addStake(uint256 amount) external nonReentrant {
        MinerRecord.Data memory record = _registered(msg.sender);
        require(amount != 0, ZeroAmount());
        require(record.status != MinerStatus.Exiting, WrongStatus(msg.sender, record.status));
        (, uint256 maxStake,) = consensus.stakeBounds();
        require(amount <= maxStake && record.stake + amount <= maxStake, StakeAboveMaximum(amount, maxStake));
        record.stake += amount.toUint88();
        _totals.held += amount.toUint128();
        if (record.place != 0) _enqueue(msg.sender, record);
        else _records[msg.sender] = record.pack();
        emit StakeAdded(msg.sender, amount, record.stake);
        token.pull(msg.sender, amount);
    }

    /// @inheritdoc IMinerRegistry
    function setKey(address key, bytes calldata keySignature) external {
        MinerRecord.Data memory record = _registered(msg.sender);
        _acceptKey(msg.sender, key, keySignature);
        _nextKeys[msg.sender] = _changedKey(msg.sender, key);
        if (record.place != 0) _enqueue(msg.sender, record);
        emit KeyQueued(msg.sender, key);
    }

    /// @inheritdoc IMinerRegistry
    function setEndpoint(string calldata endpoint) external {
        _registered(msg.sender);
        _checkEndpoint(endpoint);
        emit EndpointChanged(msg.sender, endpoint);
    }

    /// @inheritdoc IMinerRegistry
    function reactivate() external {
        MinerRecord.Data memory record = _registered(msg.sender);
        require(record.status == MinerStatus.Inactive, WrongStatus(msg.sender, record.status));
        (uint256 minStake,,) = consensus.stakeBounds();
        require(record.stake >= minStake, StakeBelowMinimum(record.stake, minStake));
        _requireFreeSeat();
        record.status = MinerStatus.Joining;
        _enqueue(msg.sender, record);
        emit ReactivationQueued(msg.sender);
    }

    /// @inheritdoc IMinerRegistry
    function exit() external {
        MinerRecord.Data memory record = _registered(msg.sender);
        require(record.status != MinerStatus.Exiting, WrongStatus(msg.sender, record.status));
        emit ExitQueued(msg.sender, record.stake);
        if (record.status == MinerStatus.Inactive) {
            // No round uses its weight: nothing to wait for.
            _startUnbonding(msg.sender, record, _lastFinalAt(consensus.progress()));
            _records[msg.sender] = record.pack();
        } else {
            record.status = MinerStatus.Exiting;
            _enqueue(msg.sender, record);
        }
    }

    /// @inheritdoc IMinerRegistry
    function withdraw() external nonReentrant {
        Unbonding memory u = _unbonding[msg.sender];
        require(u.amount != 0, NothingUnbonding(msg.sender));
        uint256 releaseAt = u.releaseAt + consensus.pausedTime();
        require(block.timestamp >= releaseAt, StillUnbonding(msg.sender, releaseAt));
        delete _unbonding[msg.sender];
        _totals.held -= u.amount;
        emit StakeWithdrawn(msg.sender, u.amount);
        token.safeTransfer(msg.sender, u.amount);
    }

    // ------------------------------------------------------------------ anyone

    /// @inheritdoc IMinerRegistry
    function deactivate(address miner, uint64 asOfRound) external {
        consensus.requireRunning();
        MinerRecord.Data memory record = _records[miner].unpack();
        require(record.status == MinerStatus.Active, WrongStatus(miner, record.status));
        (uint32 ballot, uint256 voteDeadline, uint8 limit) = consensus.ballotOf(asOfRound);
        require(ballot != 0 && block.timestamp > voteDeadline, BallotStillOpen(asOfRound));
        uint8 absences = record.ballot < ballot
            ? record.absences.shiftAbsent(ballot - record.ballot)
            : record.ballot - ballot < 8 ? record.absences >> (record.ballot - ballot) : 0;
        uint256 missed = absences.count();
        require(missed >= limit, TooFewAbsences(miner, missed, limit));
        record.status = MinerStatus.Suspending;
        _enqueue(miner, record);
        emit DeactivationQueued(miner, absences);
    }

    /// @inheritdoc IMinerRegistry
    function applyQueued() external {
        consensus.requireRunning();
        IRoundConsensus.Progress memory p = consensus.progress();
        require(!p.open, RoundIsOpen(p.round));
        _applyQueue(p.ballots, _lastFinalAt(p));
    }

    // ------------------------------------------------------------------ consensus only

    /// @inheritdoc IMinerRegistry
    function beginRound(uint32 ballots, uint40 lastFinalAt) external onlyConsensus returns (uint256 members) {
        return _applyQueue(ballots, lastFinalAt);
    }

    /// @inheritdoc IMinerRegistry
    function recordBallot(uint64 round, uint32 ballot, uint256[] calldata votes, ReputationRule memory rule)
        external
        onlyConsensus
    {
        uint256 count = votes.length;
        uint256[] memory counted = WordList.encoded(count);
        uint256 scored = type(uint256).max;
        uint256 reputation;
        for (uint256 i = 0; i < count; ++i) {
            uint256 vote = votes[i];
            uint256 place = uint8(vote);
            // A miner's votes on two candidates follow each other and are one presence.
            if (place != scored) {
                scored = place;
                reputation = _score(place, uint16(vote >> 8), ballot, rule);
            }
            counted.put(i, vote >> 56 << 56 | reputation);
        }
        bytes32 topic = VotesCounted.selector;
        assembly ("memory-safe") {
            // `emit VotesCounted(round, counted)` would copy the list once more, word by word.
            log2(sub(counted, 32), shl(5, add(count, 2)), topic, round)
        }
    }

    /// @dev Applies one ballot to the miner of a seat.
    function _score(uint256 place, uint256 step, uint32 ballot, ReputationRule memory rule)
        private
        returns (uint256 reputation)
    {
        uint256 seat = _seats[place];
        address owner = seat.ownerOf();
        uint256 slot;
        uint256 record;
        assembly ("memory-safe") {
            // The slot of `_records[owner]`, which would be hashed twice otherwise. Without the optimiser the seat's
            // other fields may still stand above the address.
            mstore(0, shr(96, shl(96, owner)))
            mstore(32, _records.slot)
            slot := keccak256(0, 64)
            record := sload(slot)
        }
        (record, reputation) = record.afterBallot(ballot, int256(step) - (1 << 15), rule);
        assembly ("memory-safe") {
            sstore(slot, record)
        }
        _seats[place] = seat.withWeight(Reputation.weightDown(record.stakeOf(), reputation));
    }

    /// @inheritdoc IMinerRegistry
    function provePresence(uint64 round, address miner, uint32 ballot, ReputationRule calldata rule)
        external
        onlyConsensus
    {
        MinerRecord.Data memory record = _records[miner].unpack();
        if (record.place != 0 && record.ballot < ballot) {
            record.attend(ballot, rule);
        } else {
            uint256 age = record.ballot - ballot;
            require(age < 8 && (record.absences >> age) & 1 == 1, NothingToProve(miner, round));
            record.absences &= ~uint8(1 << age);
            record.reputation = Reputation.step(record.reputation, int16(rule.loss), rule.min, rule.max);
        }
        _records[miner] = record.pack();
        emit PresenceProven(round, miner, record.reputation * Reputation.TO_WAD);
    }

    // ------------------------------------------------------------------ proven faults

    /// @inheritdoc IMinerRegistry
    function slash(address miner, uint256 bps, address bountyTo, uint256 bountyBps)
        external
        nonReentrant
        returns (uint256 slashed, uint256 bounty)
    {
        bool judge = msg.sender == checkpoints || msg.sender == consensus.wiring().faultProofs;
        require(judge, OnlyFaultProofs(msg.sender));
        consensus.requireRunning();
        require(bps <= 10_000 && bountyBps <= MAX_BOUNTY_BPS, RateTooHigh(bps, bountyBps));
        MinerRecord.Data memory record = _records[miner].unpack();
        Unbonding storage unbonding = _unbonding[miner];
        uint256 bonded = record.stake * bps / 10_000;
        uint256 leaving = unbonding.amount * bps / 10_000;
        slashed = bonded + leaving;
        bounty = slashed * bountyBps / 10_000;
        record.stake -= uint88(bonded);
        unbonding.amount -= uint128(leaving);
        _totals.held -= uint128(slashed);
        _jail(miner, record);
        emit StakeSlashed(miner, slashed, record.stake, unbonding.amount, bountyTo, bounty);
        if (bounty != 0) token.safeTransfer(bountyTo, bounty);
        if (slashed != bounty) token.safeTransfer(BURNT, slashed - bounty);
    }

    /// @dev Takes the seat's vote at once and the seat at the next opening; `reactivate` leads back.
    function _jail(address miner, MinerRecord.Data memory record) private {
        if (record.place != 0) _seats[record.place - 1] = _seats[record.place - 1].withJail();
        if (record.status == MinerStatus.Active || record.status == MinerStatus.Joining) {
            record.status = MinerStatus.Suspending;
            _enqueue(miner, record);
        } else {
            _records[miner] = record.pack();
        }
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IMinerRegistry
    function ownerOfKeyAt(address key, uint256 openedAt) external view returns (address) {
        uint256 retiredAt = _retiredAt[key];
        return retiredAt == 0 || openedAt < retiredAt ? ownerOfKey(key) : address(0);
    }

    /// @inheritdoc IMinerRegistry
    function roster() external view returns (Seat[] memory seats) {
        uint256 members = _totals.members;
        seats = new Seat[](members);
        for (uint256 i = 0; i < members; ++i) {
            uint256 seat = _seats[i];
            seats[i] = Seat(seat.ownerOf(), keyOf(seat.ownerOf()), seat.votingWeightOf());
        }
    }

    /// @inheritdoc IMinerRegistry
    function rosterWords(uint256 members) external view returns (uint256[] memory words) {
        words = WordList.encoded(members);
        for (uint256 i = 0; i < members; ++i) {
            words.put(i, _seats[i]);
        }
        assembly ("memory-safe") {
            return(sub(words, 32), shl(5, add(members, 2)))
        }
    }

    /// @inheritdoc IMinerRegistry
    function minerInfo(address miner) external view returns (MinerInfo memory info) {
        MinerRecord.Data memory record = _records[miner].unpack();
        info.status = record.status;
        info.stake = record.stake;
        info.unbonding = _unbonding[miner].amount;
        if (info.unbonding != 0) info.releaseAt = _unbonding[miner].releaseAt + consensus.pausedTime();
        if (record.status == MinerStatus.None) return info;
        if (record.place != 0) {
            record.catchUp(consensus.progress().ballots, consensus.reputationRule());
            info.weight = _seats[record.place - 1].votingWeightOf();
        }
        info.reputation = record.reputation * Reputation.TO_WAD;
        info.absences = record.absences;
        info.key = keyOf(miner);
        info.nextKey = _nextKeys[miner] == address(0) ? info.key : _nextKeys[miner];
    }

    /// @inheritdoc IMinerRegistry
    function activeCount() external view returns (uint256) {
        return _totals.members;
    }

    /// @inheritdoc IMinerRegistry
    function activeWeight() external view returns (uint256 sum) {
        uint256 members = _totals.members;
        for (uint256 i = 0; i < members; ++i) {
            sum += _seats[i].votingWeightOf();
        }
    }

    /// @inheritdoc IMinerRegistry
    function queuedCount() public view returns (uint256) {
        return _totals.queueEnd - _totals.queueStart;
    }

    /// @inheritdoc IMinerRegistry
    function nextToJoin() external view returns (address) {
        Totals memory t = _totals;
        for (uint256 q = t.queueStart; q < t.queueEnd; ++q) {
            address owner = _queue[q % QUEUE_SLOTS];
            if (_records[owner].statusOf() == MinerStatus.Joining) return owner;
        }
        return address(0);
    }

    /// @inheritdoc IMinerRegistry
    function totalHeld() external view returns (uint256) {
        return _totals.held;
    }

    // ------------------------------------------------------------------ inside

    /// @dev In federation time.
    function _lastFinalAt(IRoundConsensus.Progress memory p) private view returns (uint256) {
        return p.lastFinalAt - consensus.pausedTime();
    }

    /// @dev No contract asks for endpoints, so they are announced and not stored.
    function _checkEndpoint(string calldata endpoint) private pure {
        uint256 length = bytes(endpoint).length;
        require(length != 0 && length <= MAX_ENDPOINT_LENGTH, EndpointLength(length, MAX_ENDPOINT_LENGTH));
    }

    function _requireFreeSeat() private view {
        // Everyone in the queue may want a seat: too strict now and then, never too loose.
        require(_totals.members + queuedCount() < MAX_MINERS, TooManyMiners(MAX_MINERS));
    }
}
