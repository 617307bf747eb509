// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMinerRegistry} from "../../../contracts/interfaces/IMinerRegistry.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {IRoundLens} from "../../../contracts/interfaces/IRoundLens.sol";
import {Messages} from "../../../contracts/libraries/Messages.sol";
import {DisputedFederation} from "./DisputedFederation.sol";
import {FederationTest} from "./FederationTest.sol";
import {vm} from "./Vm.sol";

/// @title What a federation's people may do, in any order
/// @notice Every function is one step of one participant, guided to be legal more often than not; what the contracts
/// refuse is undone and counts for nothing. Ghost totals record what must have happened, apart from the contracts.
abstract contract Handler is DisputedFederation {
    uint256 public constant ACTORS = 5;
    uint256 internal constant UPDATES = 3;

    /// @dev Cumulative amounts of the two paid clients by settlement, as promised by the candidates.
    struct Promise {
        uint256 first;
        uint256 second;
    }

    /// @dev A posted candidate, with what it takes to contest it.
    struct Case {
        uint64 round;
        bytes32 id;
        uint256 salt;
        /// One weight of its model is not what its updates give.
        bool wrong;
        uint256 payoutsTotal;
        bytes32 payoutsRoot;
    }

    // ------------------------------------------------------------------ ghosts

    uint256 public staked;
    uint256 public withdrawn;
    uint256 public fundedByUs;
    uint256 public paid;
    /// @dev Settlements in force, and all there ever were.
    uint256 public settlements;
    uint256 public agreements;
    uint256 public reversions;
    uint256 public degradations;
    uint256 public pauses;
    /// @dev Steps that did what they set out to do.
    uint256 public done;
    /// @dev Hash of each final round as it was when it became final.
    mapping(uint64 round => bytes32) public finalRecord;
    /// @dev Seats and weights at the opening of the open round.
    bytes32 public rosterAtOpening;
    uint64 public newestRound;
    /// @dev What each round was opened with.
    mapping(uint64 round => IRoundConsensus.OpeningPreimage) internal _openings;
    /// @dev Whose signature under a candidate there is: as a proposer, or in a yes.
    mapping(bytes32 candidate => mapping(address miner => bool)) internal _signed;
    mapping(bytes32 candidate => mapping(address miner => bool)) internal _saidYes;
    Case[] internal _cases;
    /// @dev First breach seen between steps; empty if none.
    string public breach;

    mapping(uint256 settlement => Promise) private _promises;
    mapping(uint256 settlement => bytes32 modelRoot) internal _agreedRoots;
    Messages.UpdateReference[] internal _references;
    IRoundConsensus.CandidateContent[2] private _contents;
    mapping(bytes32 modelRoot => Promise) private _posted;
    mapping(address account => bool) private _absent;
    uint256 private _salt;
    uint256 internal _time;
    uint256 private _block;

    /// @dev Three of the five are miners of an open round, and the pot holds five rounds' budgets.
    function setUp() public virtual override {
        FederationTest.setUp();
        for (uint160 k = 0; k < UPDATES; ++k) {
            (, bytes32 root) = _record(2 + k, ONE);
            _references.push(Messages.UpdateReference(address(0xC0 + k), root, 100, keccak256(abi.encode(k))));
        }
        _agreedRoots[0] = GENESIS;
        (_time, _block) = (_now(), vm.getBlockNumber());
        for (uint256 i = 0; i < ACTORS; ++i) {
            token.transfer(_account(i), 10 * MAX_STAKE);
            vm.prank(_account(i));
            token.approve(address(registry), type(uint256).max);
        }
        _fund(5 * uint256(BUDGET));
        fundedByUs = 5 * uint256(BUDGET);
        for (uint256 i = 0; i < 3; ++i) {
            register(i, STAKE);
        }
        open();
    }

    /// @dev Looks for what a single step must not do, before and after each.
    modifier step() {
        // The runner puts the clock back after every step.
        vm.warp(_time);
        vm.roll(_block);
        _previousBlockHash = blockhash(_block - 1);
        _observe();
        _;
        _observe();
        (_time, _block) = (_now(), vm.getBlockNumber());
        ++done;
    }

    function _observe() private {
        uint64 round = consensus.currentRound();
        if (round < newestRound) breach = "a round number went back";
        IRoundConsensus.Head memory head = consensus.head();
        bool agreed = head.modelRoot == _agreedRoots[head.settlement];
        // A settlement is noted after this look.
        if (!agreed && !head.provisional && head.settlement == settlements) breach = "a head nobody agreed";
        bytes32 roster = keccak256(abi.encode(registry.roster()));
        if (round != newestRound) {
            rosterAtOpening = roster;
            _openings[round] = IRoundConsensus.OpeningPreimage(
                consensus.head().modelRoot, consensus.parametersHash(), _previousBlockHash
            );
        } else if (consensus.progress().open && roster != rosterAtOpening) {
            breach = "weights changed in a round";
        }
        newestRound = round;
        uint64 from = round > RING ? round - uint64(RING) + 1 : 1;
        for (uint64 r = from; r <= round; ++r) {
            if (!consensus.isFinal(r)) {
                if (finalRecord[r] != 0) breach = "a final round is not final any more";
                continue;
            }
            (uint256 word, bytes32 openingHash, bytes32[2] memory ids) = consensus.slotOf(r);
            bytes32 record = keccak256(abi.encode(word, openingHash, ids));
            if (finalRecord[r] == 0) finalRecord[r] = record;
            else if (finalRecord[r] != record) breach = "a final round changed";
        }
    }

    function _actor(uint256 seed) internal pure returns (address) {
        return vm.addr(0xA0000 + seed % ACTORS);
    }

    // ------------------------------------------------------------------ miners

    function register(uint256 who, uint256 amount) public step {
        amount = STAKE + amount % (4 * STAKE);
        vm.prank(_actor(who));
        registry.register(amount, _actor(who), "", URL);
        staked += amount;
    }

    function addStake(uint256 who, uint256 amount) public step {
        amount %= STAKE;
        vm.prank(_actor(who));
        registry.addStake(amount);
        staked += amount;
    }

    function exit(uint256 who) external step {
        vm.prank(_actor(who));
        registry.exit();
    }

    function withdraw(uint256 who) external step {
        uint256 amount = registry.minerInfo(_actor(who)).unbonding;
        vm.prank(_actor(who));
        registry.withdraw();
        withdrawn += amount;
    }

    /// @dev From now on this miner votes no more, or votes again.
    function fallSilent(uint256 who, bool absent) external step {
        _absent[_actor(who)] = absent;
    }

    function deactivate(uint256 who, uint64 round) external step {
        registry.deactivate(_actor(who), newestRound - round % 3);
    }

    function reactivate(uint256 who) public step {
        vm.prank(_actor(who));
        registry.reactivate();
    }

    function applyQueued() public step {
        registry.applyQueued();
    }

    // ------------------------------------------------------------------ rounds

    function open() public step {
        consensus.openRound();
        _nextBlock();
    }

    function wait(uint16 time) external step {
        vm.warp(_now() + 1 + time % 16);
        _nextBlock();
    }

    /// @dev Posts a new candidate by both, by one, or by a reserve; pays the two clients up to the budget.
    function propose(uint8 how, uint96 pay) public step {
        uint256 index = _info().candidateCount;
        bool wrong = how % 5 == 0;
        IRoundConsensus.CandidateContent memory c = _made(++_salt, wrong);
        Promise memory owed = _promises[consensus.head().settlement];
        // Now and then more than the budget: then nobody is paid.
        owed.first += pay % (BUDGET / 2 + BUDGET / 16);
        owed.second += pay % (BUDGET / 2);
        c.payoutsTotal = owed.first + owed.second;
        c.payoutsRoot = _root(_leaf(0, owed.first), _leaf(1, owed.second));
        bytes32 id = lens.candidateId(newestRound, c);
        bool alone = _info().members == 1 || how % 8 < 3;
        uint256 rank = _info().members == 1 ? 0 : how % 8;
        if (alone) _proposeAlone(c, rank);
        else _propose(c);
        _signed[id][_drawn(alone ? rank : 0)] = true;
        if (!alone) _signed[id][_drawn(1)] = true;
        _cases.push(Case(newestRound, id, _salt, wrong, c.payoutsTotal, c.payoutsRoot));
        _contents[index] = c;
        _posted[c.modelRoot] = owed;
    }

    /// @dev The content of a candidate whose every part can be shown.
    function _made(uint256 salt, bool wrong) internal view returns (IRoundConsensus.CandidateContent memory c) {
        c = _content(salt);
        (, c.modelRoot) = _record(1_000 + salt, wrong ? ONE ^ 0x1000 : ONE);
        c.updatesHash = Messages.updates(_references);
    }

    function castVote(uint256 who, bool support, uint8 index) external step {
        address miner = _actor(who);
        uint64 round = newestRound;
        consensus.castVote(round, support ? _yes(miner, index % 2) : _no(miner, index % 2, 1 + index % 5));
        (,, bytes32[2] memory ids) = consensus.slotOf(round);
        if (support) _saidYes[ids[index % 2]][miner] = true;
    }

    /// @dev A late vote on a round that ended.
    function provePresence(uint256 who) external step {
        IRoundConsensus.Vote memory v = IRoundConsensus.Vote(_seatOf(_actor(who)), 0, true, 10_000, 0, 0, 0, 0);
        consensus.castVote(newestRound - 1, _signVoteIn(newestRound - 1, v, keyOf[_actor(who)]));
        (,, bytes32[2] memory ids) = consensus.slotOf(newestRound - 1);
        _saidYes[ids[0]][_actor(who)] = true;
    }

    /// @dev All that are not silent vote; `mask` says who says no.
    function settle(uint8 mask, uint8 index, bool otherContent) public step {
        IMinerRegistry.Seat[] memory seats = registry.roster();
        IRoundConsensus.Vote[] memory votes = new IRoundConsensus.Vote[](seats.length);
        if (_info().candidateCount == 1) index = 0;
        index %= 2;
        (,, bytes32[2] memory ids) = consensus.slotOf(newestRound);
        for (uint256 i = 0; i < seats.length; ++i) {
            if (_absent[seats[i].owner]) continue;
            bool no = mask % 4 == 0 && (mask >> (i + 2)) & 1 != 0;
            votes[i] = no ? _no(seats[i].owner, index, 4) : _yes(seats[i].owner, index);
            if (!no) _saidYes[ids[index]][seats[i].owner] = true;
        }
        uint256 before = consensus.head().settlement;
        consensus.settle(newestRound, votes, _contents[otherContent ? 1 - index : index]);
        if (consensus.head().settlement != before) _agreed(before);
        else if (consensus.head().provisional) ++degradations;
        _nextBlock();
    }

    /// @dev A new settlement: exactly one more, of the candidate whose content we gave.
    function _agreed(uint256 before) private {
        IRoundConsensus.Head memory head = consensus.head();
        ++settlements;
        ++agreements;
        if (head.settlement != before + 1) breach = "more than one winner";
        if (head.provisional) breach = "agreed, and still provisional";
        _agreedRoots[head.settlement] = head.modelRoot;
        bool first = head.modelRoot == _contents[0].modelRoot;
        if (!first && head.modelRoot != _contents[1].modelRoot) breach = "a winner nobody posted";
        _promises[head.settlement] = _promises[before];
        IRoundConsensus.CandidateContent memory c = _contents[first ? 0 : 1];
        if (head.payoutsTotal == c.payoutsTotal) _promises[head.settlement] = _posted[c.modelRoot];
    }

    /// @dev A round as it should be: enough miners, and everyone votes yes. From wherever the federation stands: an open
    /// round that can't be agreed any more is ended first. That this always leads to an agreed round is an invariant, too.
    function agree(uint96 pay) external {
        for (uint256 i = 0; i < ACTORS; ++i) {
            _absent[_actor(i)] = false;
        }
        (uint256 since,,) = consensus.pauseInfo();
        if (since != 0) this.resume();
        uint256 before = agreements;
        if (consensus.progress().open) {
            try this.agreeOpen(pay) {}
            catch {
                _endRound();
            }
        }
        if (agreements != before) return;
        if (consensus.progress().open) {
            // One miner alone went on by itself: nobody sends it anything.
            _time = _info().lastSlotEnd + 1;
            try this.fail() {} catch {}
        }
        try this.agreeNext(pay) {} catch {}
        if (agreements == before) breach = "enough miners, all willing, and no round is agreed";
    }

    /// @dev For `agree` alone, which takes back what of it was refused.
    function agreeOpen(uint96 pay) public {
        if (_info().candidateCount == 0) propose(7, pay);
        settle(1, 0, false);
    }

    /// @dev Everything that could be waited for is over: the round is settled, whichever candidate wins, or failed.
    function _endRound() private {
        IRoundLens.RoundInfo memory info = _info();
        uint256 over = info.graceEnd > info.lastSlotEnd ? info.graceEnd : info.lastSlotEnd;
        if (_time <= over) _time = over + 1;
        try this.settle(1, 0, false) {
            return;
        } catch {}
        try this.settle(1, 0, true) {
            return;
        } catch {}
        try this.fail() {}
        catch {
            breach = "a round can be neither settled nor failed";
        }
    }

    /// @dev For `agree` alone: a new round, with what it takes to open one.
    function agreeNext(uint96 pay) external {
        applyQueued();
        uint256 members = registry.activeCount();
        for (uint256 i = 0; i < ACTORS && members < 2; ++i) {
            IMinerRegistry.MinerStatus status = registry.minerInfo(_actor(i)).status;
            if (status == IMinerRegistry.MinerStatus.Active) continue;
            if (status == IMinerRegistry.MinerStatus.Inactive) {
                // What a slash left may be too little.
                if (registry.minerInfo(_actor(i)).stake < STAKE) addStake(i, STAKE - 1);
                reactivate(i);
            } else {
                register(i, STAKE);
            }
            ++members;
        }
        if (pot.funded() < consensus.head().payoutsTotal + BUDGET) fund(BUDGET);
        _time += _demo().challengeWindow + 1;
        open();
        agreeOpen(pay);
    }

    function fail() public step {
        consensus.failRound(newestRound);
    }

    // ------------------------------------------------------------------ pauses

    function pause() external step {
        consensus.pause();
        ++pauses;
    }

    function resume() external step {
        vm.warp(_now() + 7);
        _nextBlock();
        consensus.resume();
    }

    // ------------------------------------------------------------------ money

    function fund(uint96 amount) public step {
        amount = 1 + amount % (2 * BUDGET);
        _fund(amount);
        fundedByUs += amount;
    }

    function claim(uint256 settlement, bool first) external step {
        settlement = 1 + settlement % settlements;
        Promise memory owed = _promises[settlement];
        bytes32[] memory proof = new bytes32[](1);
        proof[0] = first ? _leaf(1, owed.second) : _leaf(0, owed.first);
        address account = first ? address(0xC0) : address(0xC1);
        paid += pot.claim(settlement, account, first ? owed.first : owed.second, proof);
    }

    function _leaf(uint256 who, uint256 cumulative) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(address(uint160(0xC0 + who)), cumulative))));
    }

    function _root(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }

    // ------------------------------------------------------------------ for the invariants

    function parts()
        external
        view
        returns (address token_, address registry_, address pot_, address consensus_, address lens_)
    {
        return (address(token), address(registry), address(pot), address(consensus), address(lens));
    }
}
