// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMinerRegistry} from "../../../contracts/interfaces/IMinerRegistry.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {TokenPull} from "../../../contracts/libraries/TokenPull.sol";
import {FederationTest} from "../solidity/FederationTest.sol";
import {vm} from "../solidity/Vm.sol";

/// @dev Takes one percent of every transfer; anyone has as much as it likes.
contract FeeToken {
    mapping(address account => uint256) public balanceOf;

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        unchecked {
            balanceOf[from] -= value;
        }
        balanceOf[to] += value - value / 100;
        return true;
    }
}

contract MinerRegistryTest is FederationTest {
    address private _a;
    address private _b;
    address private _c;

    function setUp() public override {
        super.setUp();
        (_a, _b, _c) = (_account(0), _account(1), _account(2));
    }

    function _status(address miner) private view returns (uint256) {
        return uint256(registry.minerInfo(miner).status);
    }

    function _is(address miner, IMinerRegistry.MinerStatus status) private view {
        vm.assertEq(_status(miner), uint256(status));
    }

    function _refuse(bytes memory refusal, address sender) private {
        vm.expectRevert(refusal);
        vm.prank(sender);
    }

    /// @dev Both sign, the first `voters` seats vote yes before the deadline, settled after grace.
    function _round(uint256 voters) private {
        IRoundConsensus.CandidateContent memory c = _content(consensus.currentRound());
        _propose(c);
        uint64 round = consensus.currentRound();
        IRoundConsensus.Vote[] memory votes = _yesVotes(voters, 0);
        vm.warp(_info().graceEnd + 1);
        consensus.settle(round, votes, c);
        _nextBlock();
    }

    // ------------------------------------------------------------------ register

    function test_ConstructorChecks() external {
        vm.expectRevert(IMinerRegistry.ZeroAddress.selector);
        this.deploy("MinerRegistry", abi.encode(address(0), consensus));
        vm.expectRevert(IMinerRegistry.ZeroAddress.selector);
        this.deploy("MinerRegistry", abi.encode(token, address(0)));
    }

    function test_RegisterLocksTheStakeAndWaits() external {
        _equip(_a, STAKE);
        vm.expectEmit(address(registry));
        emit IMinerRegistry.MinerRegistered(_a, _a, STAKE, URL);
        vm.prank(_a);
        registry.register(STAKE, _a, "", URL);
        vm.assertEq(token.balanceOf(address(registry)), STAKE);
        vm.assertEq(registry.totalHeld(), STAKE);
        vm.assertEq(registry.queuedCount(), 1);
        vm.assertEq(registry.activeCount(), 0);
        _is(_a, IMinerRegistry.MinerStatus.Joining);
        _refuse(abi.encodeWithSelector(IMinerRegistry.AlreadyRegistered.selector, _a), _a);
        registry.register(STAKE, _a, "", URL);
    }

    function testFuzz_StakeBounds(uint256 amount) external {
        _equip(_a, MAX_STAKE);
        bytes4 below = IMinerRegistry.StakeBelowMinimum.selector;
        bytes4 above = IMinerRegistry.StakeAboveMaximum.selector;
        if (amount < STAKE) vm.expectRevert(abi.encodeWithSelector(below, amount, STAKE));
        else if (amount > MAX_STAKE) vm.expectRevert(abi.encodeWithSelector(above, amount, MAX_STAKE));
        vm.prank(_a);
        registry.register(amount, _a, "", URL);
        vm.assertEq(token.balanceOf(address(registry)), registry.totalHeld());
    }

    function test_StakeBoundsAreInclusive() external {
        _join(_a, STAKE);
        _join(_b, MAX_STAKE);
        _equip(_c, MAX_STAKE + 1);
        _refuse(abi.encodeWithSelector(IMinerRegistry.StakeBelowMinimum.selector, STAKE - 1, STAKE), _c);
        registry.register(STAKE - 1, _c, "", URL);
        _refuse(abi.encodeWithSelector(IMinerRegistry.StakeAboveMaximum.selector, MAX_STAKE + 1, MAX_STAKE), _c);
        registry.register(MAX_STAKE + 1, _c, "", URL);
        _refuse(abi.encodeWithSelector(IMinerRegistry.StakeAboveMaximum.selector, type(uint256).max, MAX_STAKE), _c);
        registry.register(type(uint256).max, _c, "", URL);
    }

    function test_EndpointLengths() external {
        bytes memory longest = new bytes(200);
        _equip(_a, 2 * STAKE);
        _refuse(abi.encodeWithSelector(IMinerRegistry.EndpointLength.selector, 0, 200), _a);
        registry.register(STAKE, _a, "", "");
        _refuse(abi.encodeWithSelector(IMinerRegistry.EndpointLength.selector, 201, 200), _a);
        registry.register(STAKE, _a, "", string(new bytes(201)));
        vm.prank(_a);
        registry.register(STAKE, _a, "", string(longest));
        vm.expectEmit(address(registry));
        emit IMinerRegistry.EndpointChanged(_a, "http://x");
        vm.prank(_a);
        registry.setEndpoint("http://x");
        _refuse(abi.encodeWithSelector(IMinerRegistry.NotRegistered.selector, _b), _b);
        registry.setEndpoint(URL);
    }

    function test_FeeOnTransferIsRefused() external {
        address fee = address(new FeeToken());
        IMinerRegistry other = IMinerRegistry(deploy("MinerRegistry", abi.encode(fee, consensus)));
        vm.expectRevert(abi.encodeWithSelector(TokenPull.FeeOnTransfer.selector, STAKE, STAKE - STAKE / 100));
        vm.prank(_a);
        other.register(STAKE, _a, "", URL);
    }

    function test_MostMiners() external {
        for (uint256 i = 0; i < 255; ++i) {
            _join(_account(i), STAKE);
        }
        address late = _account(255);
        _equip(late, STAKE);
        _refuse(abi.encodeWithSelector(IMinerRegistry.TooManyMiners.selector, 255), late);
        registry.register(STAKE, late, "", URL);
        // 32 of them fit one opening; a whole queue takes eight.
        for (uint256 i = 1; i <= 8; ++i) {
            registry.applyQueued();
            vm.assertEq(registry.activeCount(), i < 8 ? 32 * i : 255);
        }
    }

    // ------------------------------------------------------------------ stake

    function test_AddedStakeCountsFromTheNextOpening() external {
        _start(2);
        _equip(_a, STAKE);
        vm.expectEmit(address(registry));
        emit IMinerRegistry.StakeAdded(_a, STAKE, 2 * STAKE);
        vm.prank(_a);
        registry.addStake(STAKE);
        vm.assertEq(registry.minerInfo(_a).weight, STAKE);
        _round(2);
        vm.assertEq(registry.minerInfo(_a).stake, 2 * STAKE);
        vm.assertEq(registry.minerInfo(_a).weight, (2 * STAKE * 11) / 10);
    }

    function test_AddStakeIsChecked() external {
        _refuse(abi.encodeWithSelector(IMinerRegistry.NotRegistered.selector, _a), _a);
        registry.addStake(1);
        _join(_a, STAKE);
        _equip(_a, MAX_STAKE);
        _refuse(abi.encodeWithSelector(IMinerRegistry.ZeroAmount.selector), _a);
        registry.addStake(0);
        uint256 tooMuch = MAX_STAKE - STAKE + 1;
        _refuse(abi.encodeWithSelector(IMinerRegistry.StakeAboveMaximum.selector, tooMuch, MAX_STAKE), _a);
        registry.addStake(tooMuch);
        _refuse(abi.encodeWithSelector(IMinerRegistry.StakeAboveMaximum.selector, type(uint256).max, MAX_STAKE), _a);
        registry.addStake(type(uint256).max);
        vm.prank(_a);
        registry.addStake(tooMuch - 1);
        vm.prank(_a);
        registry.exit();
        IMinerRegistry.MinerStatus exiting = IMinerRegistry.MinerStatus.Exiting;
        _refuse(abi.encodeWithSelector(IMinerRegistry.WrongStatus.selector, _a, exiting), _a);
        registry.addStake(1);
        _refuse(abi.encodeWithSelector(IMinerRegistry.WrongStatus.selector, _a, exiting), _a);
        registry.exit();
    }

    // ------------------------------------------------------------------ leave

    function test_ExitUnbondsAtTheNextOpening() external {
        _start(3);
        vm.expectEmit(address(registry));
        emit IMinerRegistry.ExitQueued(_c, STAKE);
        vm.prank(_c);
        registry.exit();
        vm.assertEq(registry.minerInfo(_c).weight, STAKE);
        _refuse(abi.encodeWithSelector(IMinerRegistry.NothingUnbonding.selector, _c), _c);
        registry.withdraw();
        _agree(_content(1));
        uint256 releaseAt = _now() + consensus.unbondingDelay();
        _is(_c, IMinerRegistry.MinerStatus.Exited);
        vm.assertEq(registry.minerInfo(_c).releaseAt, releaseAt);
        vm.assertEq(registry.activeCount(), 2);
        vm.warp(releaseAt - 1);
        _refuse(abi.encodeWithSelector(IMinerRegistry.StillUnbonding.selector, _c, releaseAt), _c);
        registry.withdraw();
        vm.warp(releaseAt);
        vm.expectEmit(address(registry));
        emit IMinerRegistry.StakeWithdrawn(_c, STAKE);
        vm.prank(_c);
        registry.withdraw();
        vm.assertEq(token.balanceOf(_c), STAKE);
        vm.assertEq(registry.totalHeld(), 2 * STAKE);
        _refuse(abi.encodeWithSelector(IMinerRegistry.NothingUnbonding.selector, _c), _c);
        registry.withdraw();
    }

    /// @dev A window keeps the length it began with, whatever the parameters are by the time of the opening.
    function testFuzz_StakeOutlastsEveryWindow(uint16 window, uint16 next, uint16 paused, uint8 how) external {
        IRoundConsensus.Parameters memory p = _demo();
        (p.collectMin, p.challengeWindow) = (20, uint32(10 + window % 1_000));
        _deploy(p, 60);
        _start(3);
        consensus.pause();
        vm.warp(_now() + paused);
        consensus.resume();
        p.challengeWindow = uint32(10 + next % 1_000);
        consensus.setParameters(p);
        _leave(how % 4);
        _is(_c, IMinerRegistry.MinerStatus.Exited);
        IMinerRegistry.MinerInfo memory info = registry.minerInfo(_c);
        vm.assertTrue(info.releaseAt >= lens.roundInfo(1).finalAt, "released while its round can be contested");
        vm.assertTrue(info.releaseAt >= _now() + consensus.unbondingDelay(), "released too early");
        vm.assertTrue(info.releaseAt <= _now() + 2_000, "held for ever");
    }

    /// @dev At the opening by a settlement, at a later one, between rounds, or once it is inactive.
    function _leave(uint256 how) private {
        if (how == 3) registry.slash(_c, 1_000, address(0xF1), 0);
        vm.prank(_c);
        if (how != 3) registry.exit();
        if (how == 0 || how == 3) {
            _agree(_content(1));
        } else {
            _propose(_content(1));
            vm.warp(_info().graceEnd + 1);
            consensus.failRound(1);
            if (how == 1) consensus.openRound();
            else registry.applyQueued();
        }
        vm.prank(_c);
        if (how == 3) registry.exit();
    }

    /// @dev Else a second exit under shorter windows would free what still answers for the first.
    function test_ASecondExitReleasesNothingEarlier() external {
        IRoundConsensus.Parameters memory p = _demo();
        (p.collectMin, p.answerTime) = (20, 1_000);
        _deploy(p, 60);
        _start(3);
        vm.prank(_c);
        registry.exit();
        _agree(_content(1));
        uint256 releaseAt = registry.minerInfo(_c).releaseAt;
        vm.assertEq(releaseAt, _now() + consensus.unbondingDelay());
        p.answerTime = 10;
        consensus.setParameters(p);
        _join(_c, STAKE);
        vm.prank(_c);
        registry.exit();
        IRoundConsensus.CandidateContent memory c = _content(2);
        _propose(c);
        IRoundConsensus.Vote[] memory votes = _yesVotes(2, 0);
        vm.expectEmit(address(registry));
        emit IMinerRegistry.UnbondingStarted(_c, STAKE, releaseAt);
        consensus.settle(2, votes, c);
        IMinerRegistry.MinerInfo memory info = registry.minerInfo(_c);
        vm.assertEq(info.unbonding, 2 * STAKE);
        vm.assertEq(info.releaseAt, releaseAt);
    }

    /// @dev An owner that comes back keeps its reputation, good or bad.
    function test_ComingBackKeepsTheReputation() external {
        _start(3);
        vm.prank(_c);
        registry.exit();
        _agree(_content(1));
        vm.assertEq(registry.minerInfo(_c).reputation, 1.1e18);
        _join(_c, STAKE);
        _agree(_content(2));
        vm.assertEq(registry.minerInfo(_c).reputation, 1.1e18);
        vm.assertEq(registry.minerInfo(_c).weight, (STAKE * 11) / 10);
        vm.assertEq(registry.minerInfo(_c).unbonding, STAKE);
    }

    /// @dev Leaving frees the seat by moving the last one there; whoever moved keeps voting.
    function test_LeavingMovesTheLastSeat() external {
        _start(4);
        vm.prank(_a);
        registry.exit();
        _agree(_content(1));
        IMinerRegistry.Seat[] memory seats = registry.roster();
        vm.assertEq(seats.length, 3);
        vm.assertEq(seats[0].owner, vm.addr(0xA0003));
        _agree(_content(2));
        _is(_b, IMinerRegistry.MinerStatus.Active);
        vm.assertEq(registry.minerInfo(vm.addr(0xA0003)).reputation, 1.2e18);
    }

    function test_ExitsNeedNoFurtherRound() external {
        _start(2);
        vm.prank(_a);
        registry.exit();
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.RoundIsOpen.selector, 1));
        registry.applyQueued();
        vm.warp(_info().lastSlotEnd + 1);
        consensus.failRound(1);
        registry.applyQueued();
        _is(_a, IMinerRegistry.MinerStatus.Exited);
        vm.assertEq(registry.queuedCount(), 0);
    }

    // ------------------------------------------------------------------ keys

    function test_NewKeySignsFromTheNextOpening() external {
        _start(2);
        address key = _account(9);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf[key], registry.keyDigest(_a));
        vm.expectEmit(address(registry));
        emit IMinerRegistry.KeyQueued(_a, key);
        vm.prank(_a);
        registry.setKey(key, abi.encodePacked(r, s, v));
        vm.assertEq(registry.keyOf(_a), _a);
        vm.assertEq(registry.minerInfo(_a).nextKey, key);
        _agree(_content(1));
        vm.assertEq(registry.keyOf(_a), key);
        vm.assertEq(registry.ownerOfKey(key), _a);
        vm.assertEq(registry.roster()[0].key, key);
        keyOf[_a] = keyOf[key];
        _agree(_content(2));
        vm.assertEq(registry.minerInfo(_a).reputation, 1.2e18);
        _refuse(abi.encodeWithSelector(IMinerRegistry.NotRegistered.selector, _c), _c);
        registry.setKey(_c, "");
    }

    /// @dev Who leaves with another key and comes back with its own signs with its own.
    function test_ComingBackWithTheOwnKey() external {
        _start(3);
        (uint256 own, address key) = (keyOf[_c], _account(9));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf[key], registry.keyDigest(_c));
        vm.prank(_c);
        registry.setKey(key, abi.encodePacked(r, s, v));
        _agree(_content(1));
        keyOf[_c] = keyOf[key];
        vm.prank(_c);
        registry.exit();
        _agree(_content(2));
        keyOf[_c] = own;
        _join(_c, STAKE);
        _agree(_content(3));
        vm.assertEq(registry.keyOf(_c), _c);
        _agree(_content(4));
        vm.assertEq(registry.minerInfo(_c).absences, 0);
    }

    // ------------------------------------------------------------------ absence

    function test_AbsenceCostsAndAllowsDeactivation() external {
        _start(4);
        address last = vm.addr(0xA0003);
        _round(3);
        _round(3);
        vm.assertEq(registry.minerInfo(last).reputation, 0.9e18);
        vm.assertEq(registry.minerInfo(last).absences, 3);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.TooFewAbsences.selector, last, 2, 3));
        registry.deactivate(last, 2);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.RoundAlreadyOpen.selector, 3));
        registry.deactivate(last, 3);
        _round(3);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.TooFewAbsences.selector, _a, 0, 3));
        registry.deactivate(_a, 3);
        vm.expectEmit(address(registry));
        emit IMinerRegistry.DeactivationQueued(last, 7);
        registry.deactivate(last, 3);
        IMinerRegistry.MinerStatus suspending = IMinerRegistry.MinerStatus.Suspending;
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.WrongStatus.selector, last, suspending));
        registry.deactivate(last, 3);
        _round(3);
        _is(last, IMinerRegistry.MinerStatus.Inactive);
        vm.assertEq(registry.activeCount(), 3);
        vm.assertEq(registry.minerInfo(last).reputation, 0.8e18);
        vm.assertEq(registry.minerInfo(last).weight, 0);
    }

    function test_ReturnAfterDeactivation() external {
        test_DeactivateFixture();
        address last = vm.addr(0xA0003);
        vm.expectEmit(address(registry));
        emit IMinerRegistry.ReactivationQueued(last);
        vm.prank(last);
        registry.reactivate();
        _refuse(
            abi.encodeWithSelector(IMinerRegistry.WrongStatus.selector, last, IMinerRegistry.MinerStatus.Joining), last
        );
        registry.reactivate();
        _round(3);
        _is(last, IMinerRegistry.MinerStatus.Active);
        vm.assertEq(registry.minerInfo(last).weight, (STAKE * 8) / 10);
        vm.assertEq(registry.minerInfo(last).absences, 0);
    }

    function test_DeactivateFixture() public {
        _start(4);
        for (uint256 i = 0; i < 3; ++i) {
            _round(3);
        }
        registry.deactivate(vm.addr(0xA0003), 3);
        _round(3);
    }

    /// @dev No round uses an inactive miner's weight: it unbonds at once.
    function test_InactiveMinersLeaveAtOnce() external {
        test_DeactivateFixture();
        address last = vm.addr(0xA0003);
        vm.prank(last);
        registry.exit();
        _is(last, IMinerRegistry.MinerStatus.Exited);
        vm.assertEq(registry.minerInfo(last).releaseAt, _now() + consensus.unbondingDelay());
    }

    function test_InactiveMinersMustHoldTheMinimumToReturn() external {
        test_DeactivateFixture();
        address last = vm.addr(0xA0003);
        IRoundConsensus.Parameters memory p = _demo();
        p.minStake = uint88(2 * STAKE);
        consensus.setParameters(p);
        _round(3);
        _refuse(abi.encodeWithSelector(IMinerRegistry.StakeBelowMinimum.selector, STAKE, 2 * STAKE), last);
        registry.reactivate();
        _equip(last, STAKE);
        vm.prank(last);
        registry.addStake(STAKE);
        vm.prank(last);
        registry.reactivate();
    }

    /// @dev A vote may still prove presence until the vote deadline, so nobody is deactivated before it.
    function test_DeactivationWaitsForTheVoteDeadline() external {
        _start(4);
        for (uint256 i = 0; i < 2; ++i) {
            _round(3);
        }
        IRoundConsensus.CandidateContent memory c = _content(3);
        _propose(c);
        consensus.settle(3, _yesVotes(3, 0), c);
        uint256 deadline = lens.roundInfo(3).voteDeadline;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.BallotStillOpen.selector, 3));
        registry.deactivate(vm.addr(0xA0003), 3);
        vm.warp(deadline + 1);
        registry.deactivate(vm.addr(0xA0003), 3);
    }

    // ------------------------------------------------------------------ consensus only

    function test_OnlyTheConsensusScores() external {
        bytes memory refusal = abi.encodeWithSelector(IMinerRegistry.OnlyConsensus.selector, address(this));
        IMinerRegistry.ReputationRule memory rule = IMinerRegistry.ReputationRule(1, 2, 3);
        vm.expectRevert(refusal);
        registry.beginRound(0, 0);
        vm.expectRevert(refusal);
        registry.recordBallot(1, 1, new uint256[](0), rule);
        vm.expectRevert(refusal);
        registry.provePresence(1, _a, 1, rule);
    }
}
