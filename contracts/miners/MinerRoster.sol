// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";
import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";
import {KeyBook} from "../KeyBook.sol";
import {FederationTime} from "../libraries/FederationTime.sol";
import {MinerRecord} from "../libraries/MinerRecord.sol";
import {Reputation} from "../libraries/Reputation.sol";
import {SeatWord} from "../libraries/SeatWord.sol";
import {TokenPull} from "../libraries/TokenPull.sol";

/// @title Storage of the miner registry, and how queued changes reach the roster
/// @notice A miner's whole record fits one word; the roster keeps a second word per seat with what a round needs
/// (owner, weight), so drawing proposers reads one word per miner. Seats change only when the queue is applied.
abstract contract MinerRoster is IMinerRegistry, KeyBook {
    using FederationTime for IRoundConsensus;
    using SafeCast for uint256;
    using MinerRecord for uint256;
    using MinerRecord for MinerRecord.Data;
    using SeatWord for uint256;

    /// @notice Seats of the roster at most: a seat number fits a byte.
    uint256 public constant MAX_MINERS = 255;
    /// @notice Queued miners handled by one opening: bounds what a settlement can be made to cost.
    uint256 public constant MAX_CHANGES_PER_OPENING = 32;
    /// @notice Longest endpoint in bytes.
    uint256 public constant MAX_ENDPOINT_LENGTH = 200;
    /// @notice Most of a slash that its finder gets, in 1/10,000: slashing oneself always loses.
    uint256 public constant MAX_BOUNTY_BPS = 3_000;
    /// @notice Where the rest of a slash goes: nobody's account.
    address public constant BURNT = TokenPull.BURNT;
    /// @dev At most MAX_MINERS seats and as many joiners wait, each once.
    uint256 internal constant QUEUE_SLOTS = 512;

    struct Totals {
        /// Stake bonded and unbonding.
        uint128 held;
        uint32 queueStart;
        uint32 queueEnd;
        uint8 members;
    }

    struct Unbonding {
        uint128 amount;
        /// Federation time.
        uint40 releaseAt;
    }

    /// @notice Token that is staked.
    IERC20 public immutable token;
    /// @notice The only caller of the round functions.
    IRoundConsensus public immutable consensus;

    Totals internal _totals;
    /// @dev See MinerRecord and SeatWord.
    mapping(address owner => uint256) internal _records;
    uint256[MAX_MINERS] internal _seats;
    mapping(uint256 position => address owner) internal _queue;
    mapping(address owner => address) internal _keys;
    mapping(address owner => address) internal _nextKeys;
    /// @dev Time of the opening that replaced a key; 0 for one in use.
    mapping(address key => uint256) internal _retiredAt;
    mapping(address owner => Unbonding) internal _unbonding;

    modifier onlyConsensus() {
        require(msg.sender == address(consensus), OnlyConsensus(msg.sender));
        _;
    }

    constructor(IERC20 token_, IRoundConsensus consensus_) {
        require(address(token_) != address(0) && address(consensus_) != address(0), ZeroAddress());
        token = token_;
        consensus = consensus_;
    }

    function _signsForItself(address account) internal view override returns (bool) {
        return _records[account].statusOf() != MinerStatus.None;
    }

    function _registered(address miner) internal view returns (MinerRecord.Data memory record) {
        record = _records[miner].unpack();
        require(record.status != MinerStatus.None && record.status != MinerStatus.Exited, NotRegistered(miner));
    }

    /// @inheritdoc IMinerRegistry
    function keyOf(address owner) public view returns (address key) {
        key = _keys[owner];
        if (key == address(0)) key = owner;
    }

    /// @dev What to store as next key: zero if it is the current one.
    function _changedKey(address owner, address key) internal view returns (address) {
        return key == keyOf(owner) ? address(0) : key;
    }

    /// @dev Stores the record and puts its owner into the queue unless it waits there already.
    function _enqueue(address owner, MinerRecord.Data memory record) internal {
        if (!record.queued) {
            record.queued = true;
            _queue[_totals.queueEnd++ % QUEUE_SLOTS] = owner;
        }
        _records[owner] = record.pack();
    }

    /// @param ballots Rounds with a candidate so far: who joins now has missed none of them.
    /// @param lastFinalAt See `_startUnbonding`.
    function _applyQueue(uint32 ballots, uint256 lastFinalAt) internal returns (uint256 members) {
        Totals memory t = _totals;
        if (t.queueStart == t.queueEnd) return t.members;
        for (uint256 n = 0; n < MAX_CHANGES_PER_OPENING && t.queueStart != t.queueEnd; ++n) {
            _applyChange(t, _queue[t.queueStart++ % QUEUE_SLOTS], ballots, lastFinalAt);
        }
        // Whoever comes next finds slots that were written before, at a quarter of the price.
        if (t.queueStart == t.queueEnd) (t.queueStart, t.queueEnd) = (0, 0);
        _totals = t;
        return t.members;
    }

    /// @dev One queued miner: join, leave, or take over stake and key.
    function _applyChange(Totals memory t, address owner, uint32 ballots, uint256 lastFinalAt) internal {
        MinerRecord.Data memory record = _records[owner].unpack();
        record.queued = false;
        if (record.status == MinerStatus.Joining) {
            record.status = MinerStatus.Active;
            record.absences = 0;
            record.ballot = ballots;
            record.place = ++t.members;
        } else if (record.status != MinerStatus.Active) {
            if (record.place != 0) _leaveSeat(t, record, ballots);
            if (record.status == MinerStatus.Exiting) _startUnbonding(owner, record, lastFinalAt);
            else record.status = MinerStatus.Inactive;
        }
        if (_nextKeys[owner] != address(0)) {
            // Who leaks an old key must not lose stake for what it signs from now on.
            _retiredAt[keyOf(owner)] = block.timestamp;
            delete _retiredAt[_nextKeys[owner]];
            _keys[owner] = _nextKeys[owner];
            delete _nextKeys[owner];
        }
        address key = keyOf(owner);
        uint88 weight = 0;
        if (record.place != 0) {
            weight = Reputation.weightDown(record.stake, record.reputation);
            _seats[record.place - 1] = SeatWord.pack(owner, weight, key != owner);
        }
        _records[owner] = record.pack();
        emit MinerChanged(owner, record.status, key, weight);
    }

    /// @dev Frees the seat by moving the last one there.
    function _leaveSeat(Totals memory t, MinerRecord.Data memory record, uint32 ballots) internal {
        record.catchUp(ballots, consensus.reputationRule());
        uint8 last = t.members--;
        if (record.place != last) {
            uint256 moved = _seats[last - 1];
            _seats[record.place - 1] = moved;
            MinerRecord.Data memory other = _records[moved.ownerOf()].unpack();
            other.place = record.place;
            _records[moved.ownerOf()] = other.pack();
        }
        delete _seats[last - 1];
        record.place = 0;
    }

    /// @param lastFinalAt Federation time at which all rounds that have ended are final. The delay is that of the parameters
    /// in force, which may be shorter than what is left of a window that began under others.
    function _startUnbonding(address owner, MinerRecord.Data memory record, uint256 lastFinalAt) internal {
        Unbonding memory u = _unbonding[owner];
        uint256 amount = record.stake;
        uint256 pausedTime = consensus.pausedTime();
        uint256 releaseAt = block.timestamp - pausedTime + consensus.unbondingDelay();
        if (releaseAt < lastFinalAt) releaseAt = lastFinalAt;
        if (releaseAt < u.releaseAt) releaseAt = u.releaseAt;
        u.amount += uint128(amount);
        u.releaseAt = releaseAt.toUint40();
        _unbonding[owner] = u;
        record.stake = 0;
        record.status = MinerStatus.Exited;
        emit UnbondingStarted(owner, amount, releaseAt + pausedTime);
    }
}
