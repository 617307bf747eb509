// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFederationPause} from "../../../contracts/interfaces/IFederationPause.sol";
import {IMinerRegistry} from "../../../contracts/interfaces/IMinerRegistry.sol";
import {IRewardDistributor} from "../../../contracts/interfaces/IRewardDistributor.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {IRoundLens} from "../../../contracts/interfaces/IRoundLens.sol";
import {FederationTest, IManager} from "../solidity/FederationTest.sol";
import {vm} from "../solidity/Vm.sol";

/// @dev Pauses: who may, for how long, what stops, what does not, and that no window runs. The test stands for governance and
/// for the fault proofs.
contract PauseTest is FederationTest {
    address private constant STRANGER = address(0x51);
    /// @dev Longer than every window.
    uint256 private constant LONG = 3 days;

    function setUp() public override {
        super.setUp();
        // Room for the round that follows a degraded one.
        _deploy(_demo(), 16);
    }

    /// @dev Held for `time`.
    function _paused(uint256 time) private {
        consensus.pause();
        vm.warp(_now() + time);
        vm.roll(vm.getBlockNumber() + 1 + time / 12);
        consensus.resume();
        _nextBlock();
    }

    function _refused(uint256 since) private {
        vm.expectRevert(abi.encodeWithSelector(IFederationPause.Paused.selector, since));
    }

    function _status(uint64 round, IRoundConsensus.RoundStatus expected) private view {
        vm.assertEq(uint256(consensus.statusOf(round)), uint256(expected));
    }

    function _leaf(address account, uint256 cumulative) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(account, cumulative))));
    }

    // ------------------------------------------------------------------ who, and for how long

    function test_OnlyGovernancePauses() external {
        _start(2);
        bytes memory refusal = abi.encodeWithSelector(IManager.AccessManagedUnauthorized.selector, STRANGER);
        vm.expectRevert(refusal);
        vm.prank(STRANGER);
        consensus.pause();
        vm.expectEmit(address(consensus));
        emit IFederationPause.FederationPaused(address(this), _now() + 30 days);
        consensus.pause();
        uint256 pausedAt = _now();
        (uint256 since, uint256 until, uint256 pausedTime) = consensus.pauseInfo();
        vm.assertEq(since, pausedAt);
        vm.assertEq(until, pausedAt + 30 days);
        vm.assertEq(pausedTime, 0);
        _refused(pausedAt);
        consensus.pause();
        vm.warp(pausedAt + 100);
        (,, pausedTime) = consensus.pauseInfo();
        vm.assertEq(pausedTime, 100);
        vm.expectRevert(refusal);
        vm.prank(STRANGER);
        consensus.resume();
        vm.expectEmit(address(consensus));
        emit IFederationPause.FederationResumed(address(this), pausedAt, 100);
        consensus.resume();
        (since, until, pausedTime) = consensus.pauseInfo();
        vm.assertTrue(since == 0 && until == 0, "still paused");
        vm.assertEq(pausedTime, 100);
        vm.expectRevert(IFederationPause.NotPaused.selector);
        consensus.resume();
    }

    /// @dev Whoever may pause at once need not be whoever may change parameters.
    function test_ARoleOfItsOwn() external {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = IFederationPause.pause.selector;
        manager.setTargetFunctionRole(address(consensus), selectors, 7);
        manager.grantRole(7, STRANGER, 0);
        vm.prank(STRANGER);
        consensus.pause();
        vm.expectRevert(abi.encodeWithSelector(IManager.AccessManagedUnauthorized.selector, STRANGER));
        vm.prank(STRANGER);
        consensus.resume();
    }

    function test_AnyoneEndsAPauseThatIsTooLong() external {
        _start(2);
        consensus.pause();
        (, uint256 until,) = consensus.pauseInfo();
        vm.warp(until - 1);
        vm.expectRevert(abi.encodeWithSelector(IManager.AccessManagedUnauthorized.selector, STRANGER));
        vm.prank(STRANGER);
        consensus.resume();
        vm.warp(until);
        vm.prank(STRANGER);
        consensus.resume();
        (uint256 since,, uint256 pausedTime) = consensus.pauseInfo();
        vm.assertEq(since, 0);
        vm.assertEq(pausedTime, 30 days);
    }

    /// @dev No federation is held for ever by pausing it again and again: what pauses took comes back as it runs.
    function test_WhatPausesTakeComesBackSlowly() external {
        _paused(10 days);
        _paused(15 days);
        consensus.pause();
        (uint256 since, uint256 until,) = consensus.pauseInfo();
        vm.assertEq(until - since, 5 days);
        // Nobody ends it: that counts as what it may take, and no more.
        vm.warp(until + 50 days);
        vm.prank(STRANGER);
        consensus.resume();
        vm.expectRevert(abi.encodeWithSelector(IFederationPause.PausedTooLong.selector, _now() + 1));
        consensus.pause();
        vm.warp(_now() + 2 days);
        consensus.pause();
        (since, until,) = consensus.pauseInfo();
        vm.assertEq(until - since, 2 days);
        vm.warp(until);
        vm.prank(STRANGER);
        consensus.resume();
        vm.warp(_now() + 90 days);
        consensus.pause();
        (since, until,) = consensus.pauseInfo();
        vm.assertEq(until - since, 30 days);
    }

    /// @dev Of any stretch of time pauses take at most 30 days and half of the rest, if they are ended when they may be.
    function testFuzz_NeverHeldForEver(uint32[8] memory held, uint32[8] memory ran) external {
        uint256 start = _now();
        uint256 all = 0;
        for (uint256 i = 0; i < held.length; ++i) {
            vm.warp(_now() + 1 + ran[i] % 40 days);
            consensus.pause();
            (uint256 since, uint256 until,) = consensus.pauseInfo();
            uint256 time = held[i] % 60 days;
            vm.warp(since + (time < until - since ? time : until - since));
            all += _now() - since;
            if (time >= until - since) vm.prank(STRANGER);
            consensus.resume();
        }
        (,, uint256 pausedTime) = consensus.pauseInfo();
        vm.assertEq(pausedTime, all);
        uint256 running = _now() - start - all;
        vm.assertLe(all, 30 days + running, "held for longer than it may be");
    }

    function test_TheCodeOfAPauseRunsNowhereElse() external {
        IFederationPause recovery = IFederationPause(consensus.recovery());
        bytes memory refusal = abi.encodeWithSelector(IRoundConsensus.OnlyDelegated.selector, address(recovery));
        vm.expectRevert(refusal);
        recovery.pause();
        vm.expectRevert(refusal);
        recovery.resume();
        vm.expectRevert(abi.encodeWithSelector(IRewardDistributor.OnlyConsensus.selector, address(this)));
        pot.followPauses();
    }

    // ------------------------------------------------------------------ what stops

    function test_NoRoundMoves() external {
        _start(3);
        IRoundConsensus.CandidateContent memory c = _content(1);
        vm.warp(_info().collectMinEnd);
        IRoundConsensus.ProposerSignature[] memory signatures = _both(c);
        consensus.pause();
        uint256 since = _now();
        _refused(since);
        consensus.freezeSeed(1);
        _refused(since);
        consensus.propose(1, c, signatures);
        consensus.resume();
        consensus.propose(1, c, signatures);
        IRoundConsensus.Vote[] memory votes = _yesVotes(3, 0);
        consensus.pause();
        _refused(since);
        consensus.castVote(1, votes[0]);
        _refused(since);
        consensus.settle(1, votes, c);
        vm.warp(_now() + LONG);
        _refused(since);
        consensus.failRound(1);
        _refused(since);
        consensus.openRound();
        _refused(since);
        consensus.strike(1, 0);
        consensus.resume();
        consensus.settle(1, votes, c);
        _status(1, IRoundConsensus.RoundStatus.Agreed);
    }

    function test_NothingThatHasEndedMoves() external {
        _start(3);
        IRoundConsensus.OpeningPreimage memory opening =
            IRoundConsensus.OpeningPreimage(GENESIS, consensus.parametersHash(), blockhash(vm.getBlockNumber() - 2));
        IRoundConsensus.CandidateContent memory c = _content(1);
        _propose(c);
        IRoundConsensus.Vote[] memory votes = _yesVotes(3, 0);
        consensus.settle(1, votes, c);
        vm.warp(_info().lastSlotEnd + 1);
        consensus.failRound(2);
        consensus.pause();
        uint256 since = _now();
        _refused(since);
        consensus.openRound();
        _refused(since);
        consensus.castVote(1, votes[2]);
        _refused(since);
        consensus.revertRound(1, opening);
        _refused(since);
        registry.slash(_account(0), 5_000, STRANGER, 0);
    }

    function test_NoMembershipMoves() external {
        _start(3);
        (address miner, address joiner) = (_account(0), _account(7));
        _equip(joiner, STAKE);
        _equip(miner, STAKE);
        vm.warp(_info().lastSlotEnd + 1);
        consensus.failRound(1);
        registry.slash(_account(1), 1, STRANGER, 0);
        registry.applyQueued();
        consensus.pause();
        uint256 since = _now();
        vm.startPrank(joiner);
        _refused(since);
        registry.register(STAKE, joiner, "", URL);
        _refused(since);
        clients.register(joiner, "");
        vm.stopPrank();
        vm.prank(miner);
        _refused(since);
        registry.addStake(1);
        vm.prank(_account(1));
        _refused(since);
        registry.reactivate();
        _refused(since);
        registry.deactivate(miner, 1);
        _refused(since);
        registry.applyQueued();
    }

    // ------------------------------------------------------------------ what does not

    function test_EveryExitStaysOpen() external {
        _start(4);
        address client = address(0xC1);
        IRoundConsensus.CandidateContent memory c = _content(1);
        c.payoutsTotal = 30;
        c.payoutsRoot = _leaf(client, 30);
        (address gone, address going) = (_account(0), _account(1));
        vm.prank(gone);
        registry.exit();
        _agree(c);
        vm.warp(registry.minerInfo(gone).releaseAt);
        vm.prank(client);
        clients.register(client, "");
        consensus.pause();
        // What was released and what was final before stays so.
        vm.assertTrue(consensus.isFinal(1), "final before");
        vm.assertEq(pot.claimable(1, client, 30), 30);
        vm.assertEq(pot.latestFinal(), 1);
        vm.assertEq(pot.claim(1, client, 30, new bytes32[](0)), 30);
        vm.prank(gone);
        registry.withdraw();
        vm.assertEq(token.balanceOf(gone), STAKE);
        vm.prank(going);
        registry.exit();
        vm.assertTrue(registry.minerInfo(going).status == IMinerRegistry.MinerStatus.Exiting, "asked to leave");
        vm.prank(client);
        clients.unregister();
        _fund(1);
        consensus.resume();
        vm.warp(_info().lastSlotEnd + 1);
        consensus.failRound(2);
        registry.applyQueued();
        vm.warp(registry.minerInfo(going).releaseAt);
        vm.prank(going);
        registry.withdraw();
    }

    // ------------------------------------------------------------------ the clocks of an open round

    /// @dev Everything an open round waits for is later by the pauses, to the second.
    function testFuzz_AnOpenRoundStandsStill(uint8 after_, uint32 first, uint8 between, uint32 second) external {
        _start(4);
        IRoundLens.RoundInfo memory before = _info();
        address[] memory order = lens.proposers(1);
        vm.warp(_now() + after_ % 30);
        (first, second) = (first % 10 days, second % 10 days);
        _paused(first);
        vm.warp(_now() + between % 30);
        consensus.pause();
        vm.warp(_now() + second);
        vm.roll(vm.getBlockNumber() + 1 + second / 12);
        IRoundLens.RoundInfo memory held = _info();
        consensus.resume();
        IRoundLens.RoundInfo memory info = _info();
        uint256 all = uint256(first) + second;
        vm.assertEq(info.openedAt, before.openedAt + all);
        vm.assertEq(info.collectMinEnd, before.collectMinEnd + all);
        vm.assertEq(info.collectMaxEnd, before.collectMaxEnd + all);
        vm.assertEq(info.proposeDeadline, before.proposeDeadline + all);
        vm.assertEq(info.lastSlotEnd, before.lastSlotEnd + all);
        // As it was shown when it was held.
        vm.assertEq(keccak256(abi.encode(info)), keccak256(abi.encode(held)), "while paused");
        vm.assertEq(keccak256(abi.encode(lens.proposers(1))), keccak256(abi.encode(order)), "another order");
    }

    function test_NoProposerLosesItsSlot() external {
        _start(4);
        IRoundConsensus.CandidateContent memory c = _content(1);
        IRoundConsensus.ProposerSignature[] memory pair = _both(c);
        IRoundConsensus.ProposerSignature[] memory reserve = _one(c, 2);
        uint256 deadline = _info().proposeDeadline;
        vm.warp(deadline - 2);
        _paused(LONG);
        vm.expectPartialRevert(IRoundConsensus.SlotNotOpen.selector);
        consensus.propose(1, c, reserve);
        vm.expectPartialRevert(IRoundConsensus.TooEarlyToFail.selector);
        consensus.failRound(1);
        vm.warp(deadline + LONG);
        consensus.propose(1, c, pair);
    }

    function test_ASlotEndsAfterThePauseAsItWouldHave() external {
        _start(4);
        IRoundConsensus.CandidateContent memory c = _content(1);
        IRoundConsensus.ProposerSignature[] memory pair = _both(c);
        IRoundConsensus.ProposerSignature[] memory reserve = _one(c, 2);
        uint256 deadline = _info().proposeDeadline;
        _paused(LONG);
        vm.warp(deadline + LONG + 1);
        vm.expectPartialRevert(IRoundConsensus.SlotNotOpen.selector);
        consensus.propose(1, c, pair);
        consensus.propose(1, c, reserve);
    }

    function test_NoVoteWindowEnds() external {
        _start(4);
        IRoundConsensus.CandidateContent memory c = _content(1);
        _propose(c);
        IRoundConsensus.Vote[] memory votes = _yesVotes(4, 0);
        uint256 graceEnd = _info().graceEnd;
        vm.warp(graceEnd);
        _paused(LONG);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.TooEarlyToFail.selector, graceEnd + LONG + 1));
        consensus.failRound(1);
        consensus.castVote(1, votes[0]);
        vm.warp(graceEnd + LONG + 1);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.VotingClosed.selector, graceEnd + LONG));
        consensus.castVote(1, votes[1]);
        consensus.failRound(1);
    }

    /// @dev A candidate posted after a pause has its whole window, and no more.
    function test_AWindowThatBeginsAfterAPause() external {
        _start(4);
        _paused(LONG);
        _propose(_content(1));
        vm.assertEq(_info().voteDeadline, _now() + 10);
    }

    /// @dev Nobody may fail a round, or settle it for another candidate, because a better one was held up.
    function test_ABetterCandidateIsWaitedFor() external {
        _start(4);
        IRoundConsensus.CandidateContent memory late = _content(2);
        _proposeAlone(late, 1);
        IRoundConsensus.Vote[] memory votes = _yesVotes(4, 0);
        _paused(LONG);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.Undecided.selector, 1));
        consensus.settle(1, votes, late);
        _proposeAlone(_content(1), 0);
    }

    // ------------------------------------------------------------------ the seed

    function test_ThePauseStoresTheSeed() external {
        _start(4);
        address[] memory order = lens.proposers(1);
        uint256 opening = _info().seedBlock;
        uint64 seed = uint64(uint256(blockhash(opening)));
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.SeedFrozen(1, seed, opening);
        consensus.pause();
        // No hash reaches that far back.
        vm.roll(vm.getBlockNumber() + 1_000);
        consensus.resume();
        vm.assertEq(_info().seed, seed);
        vm.assertEq(keccak256(abi.encode(lens.proposers(1))), keccak256(abi.encode(order)), "another order");
    }

    /// @dev In the opening block there is no seed to store. Were it drawn from a later block, whoever resumes could choose.
    function test_NotInTheOpeningBlock() external {
        for (uint256 i = 0; i < 2; ++i) {
            _join(_account(i), STAKE);
        }
        _fund(FUNDED);
        consensus.openRound();
        uint256 opening = vm.getBlockNumber();
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.SeedNotReady.selector, opening + 1));
        consensus.pause();
        _nextBlock();
        consensus.pause();
        vm.assertEq(_info().seedBlock, 0);
    }

    /// @dev Nobody stored it for so long that it is a later block's by now.
    function test_ThePauseStoresASeedThatMoved() external {
        _start(2);
        uint256 opening = _info().seedBlock;
        vm.roll(opening + 600);
        vm.setBlockhash(opening + 512, bytes32(uint256(77)));
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.SeedFrozen(1, 77, opening + 512);
        consensus.pause();
        vm.assertEq(_info().seed, 77);
    }

    // ------------------------------------------------------------------ the clocks that outlast a round

    function testFuzz_NoRoundBecomesFinal(uint8 after_, uint32 first, uint8 between, uint32 second) external {
        _start(4);
        address client = address(0xC1);
        IRoundConsensus.CandidateContent memory c = _content(1);
        (c.payoutsTotal, c.payoutsRoot) = (30, _leaf(client, 30));
        _agree(c);
        uint256 finalAt = lens.roundInfo(1).finalAt;
        uint256 left = 15;
        (first, second) = (first % 10 days, second % 10 days);
        vm.warp(_now() + after_ % 7);
        _paused(first);
        vm.warp(_now() + between % 7);
        consensus.pause();
        vm.warp(_now() + second);
        vm.assertTrue(!consensus.isFinal(1), "final in a pause");
        left -= after_ % 7 + between % 7;
        vm.expectRevert(abi.encodeWithSelector(IRewardDistributor.NotFinal.selector, 1, _now() + left));
        pot.claim(1, client, 30, new bytes32[](0));
        consensus.resume();
        finalAt += uint256(first) + second;
        vm.assertEq(_now() + left, finalAt);
        vm.assertEq(lens.roundInfo(1).finalAt, finalAt);
        vm.assertEq(pot.payout(1).finalAt, finalAt);
        vm.assertEq(consensus.progress().lastFinalAt, finalAt);
        vm.warp(finalAt - 1);
        vm.assertTrue(!consensus.isFinal(1), "final too early");
        vm.assertEq(pot.claimable(1, client, 30), 0);
        vm.assertEq(pot.latestFinal(), 0);
        vm.warp(finalAt);
        vm.assertTrue(consensus.isFinal(1), "final too late");
        vm.assertEq(pot.claimable(1, client, 30), 30);
        vm.assertEq(pot.latestFinal(), 1);
        vm.assertEq(pot.claim(1, client, 30, new bytes32[](0)), 30);
    }

    /// @dev A round that ends after a pause has its own window, and its time is a block time.
    function test_WindowsThatBeginAfterAPause() external {
        _start(4);
        _paused(LONG);
        _agree(_content(1));
        vm.assertEq(lens.roundInfo(1).finalAt, _now() + 15);
        vm.assertEq(lens.roundInfo(1).voteDeadline, _now() + 10);
        _paused(LONG);
        vm.warp(_info().lastSlotEnd + 1);
        uint256 finalAt = _now() + 15;
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.RoundFailed(2, 0, 0, finalAt);
        consensus.failRound(2);
        vm.assertEq(lens.roundInfo(2).finalAt, finalAt);
        vm.assertEq(consensus.progress().lastFinalAt, finalAt);
    }

    function test_ARoundCanBeTakenBackAfterAPause() external {
        _start(4);
        IRoundConsensus.OpeningPreimage memory opening =
            IRoundConsensus.OpeningPreimage(GENESIS, consensus.parametersHash(), blockhash(vm.getBlockNumber() - 2));
        _agree(_content(1));
        uint256 finalAt = _now() + 15 + LONG;
        _paused(LONG);
        vm.warp(finalAt);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.AlreadyFinal.selector, 1, finalAt));
        consensus.revertRound(1, opening);
        vm.warp(finalAt - 1);
        consensus.revertRound(1, opening);
        _status(1, IRoundConsensus.RoundStatus.Reverted);
    }

    /// @dev The ring keeps what can still be contested, also where reverts use it up faster than rounds do.
    function test_NothingContestableIsOverwritten() external {
        _deploy(_demo(), 6);
        _start(2);
        _propose(_content(1));
        IRoundConsensus.Vote[] memory votes = new IRoundConsensus.Vote[](2);
        (votes[0], votes[1]) = (_no(registry.roster()[0].owner, 0, 4), _no(registry.roster()[1].owner, 0, 4));
        consensus.settle(1, votes, _content(1));
        uint256 finalAt = _now() + 15 + LONG;
        _paused(LONG);
        for (uint64 round = 2; round < 6; round += 2) {
            bytes32 before = blockhash(vm.getBlockNumber() - 1);
            consensus.openRound();
            _nextBlock();
            bytes32 base = consensus.head().modelRoot;
            _agree(_content(round));
            consensus.revertRound(round, IRoundConsensus.OpeningPreimage(base, consensus.parametersHash(), before));
            vm.warp(_now() + 1);
        }
        consensus.openRound();
        _nextBlock();
        _agree(_content(6));
        vm.assertLe(_now(), finalAt - 1, "too slow to tell");
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.RoundNotFinal.selector, 1, finalAt));
        consensus.openRound();
        vm.warp(finalAt);
        vm.assertEq(consensus.openRound(), 7);
    }

    /// @dev Keys are judged by when they were replaced, which no pause moves.
    function test_WhoAnswersForAKey() external {
        _start(2);
        (address miner, address key) = (_account(0), _account(9));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf[key], registry.keyDigest(miner));
        _paused(LONG);
        vm.prank(miner);
        registry.setKey(key, abi.encodePacked(r, s, v));
        _agree(_content(1));
        _paused(LONG);
        vm.assertEq(registry.ownerOfKeyAt(miner, _openedAt(1)), miner);
        vm.assertEq(registry.ownerOfKeyAt(miner, _openedAt(2)), address(0));
        vm.assertEq(registry.ownerOfKeyAt(key, _openedAt(2)), miner);
    }

    function _openedAt(uint64 round) private view returns (uint256) {
        (uint256 word,,) = consensus.slotOf(round);
        return uint40(word >> 40);
    }

    function test_NobodyIsAbsentByAPause() external {
        _start(4);
        IRoundConsensus.CandidateContent memory c = _content(1);
        _propose(c);
        uint256 deadline = _info().voteDeadline;
        IRoundConsensus.Vote[] memory votes = _yesVotes(4, 0);
        IRoundConsensus.Vote[] memory three = _yesVotes(3, 0);
        address late = registry.roster()[3].owner;
        consensus.settle(1, three, c);
        _nextBlock();
        vm.assertEq(registry.minerInfo(late).absences, 1);
        _paused(LONG);
        (, uint256 shown,) = consensus.ballotOf(1);
        vm.assertEq(shown, deadline + LONG);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.BallotStillOpen.selector, 1));
        registry.deactivate(late, 1);
        vm.warp(deadline + LONG);
        consensus.castVote(1, votes[3]);
        vm.assertEq(registry.minerInfo(late).absences, 0);
        vm.warp(deadline + LONG + 1);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.VotingClosed.selector, deadline + LONG));
        consensus.castVote(1, votes[2]);
    }

    function testFuzz_StakeIsReleasedNoEarlier(uint8 after_, uint32 first, uint8 between, uint32 second) external {
        _start(4);
        address miner = _account(0);
        vm.prank(miner);
        registry.exit();
        _agree(_content(1));
        uint256 releaseAt = registry.minerInfo(miner).releaseAt;
        vm.assertEq(releaseAt, _now() + consensus.unbondingDelay());
        (first, second) = (first % 10 days, second % 10 days);
        vm.warp(_now() + after_ % 30);
        _paused(first);
        vm.warp(_now() + between % 30);
        consensus.pause();
        vm.warp(_now() + second);
        vm.expectPartialRevert(IMinerRegistry.StillUnbonding.selector);
        vm.prank(miner);
        registry.withdraw();
        consensus.resume();
        releaseAt += uint256(first) + second;
        vm.assertEq(registry.minerInfo(miner).releaseAt, releaseAt);
        vm.warp(releaseAt - 1);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.StillUnbonding.selector, miner, releaseAt));
        vm.prank(miner);
        registry.withdraw();
        vm.warp(releaseAt);
        vm.prank(miner);
        registry.withdraw();
        vm.assertEq(token.balanceOf(miner), STAKE);
    }

    /// @dev Who asks to leave just before a pause, or in it, is within reach for as long as ever.
    function test_APauseIsNoEscape() external {
        _start(4);
        (address liar, address idle) = (_account(0), _account(1));
        registry.slash(idle, 1, STRANGER, 0);
        vm.prank(liar);
        registry.exit();
        IRoundConsensus.OpeningPreimage memory opening =
            IRoundConsensus.OpeningPreimage(GENESIS, consensus.parametersHash(), blockhash(vm.getBlockNumber() - 2));
        _agree(_content(1));
        consensus.pause();
        vm.warp(_now() + 29 days);
        // An idle miner needs no opening to leave; its time begins when the federation goes on.
        uint256 releaseAt = _now() + consensus.unbondingDelay();
        vm.expectEmit(address(registry));
        emit IMinerRegistry.UnbondingStarted(idle, STAKE - STAKE / 10_000, releaseAt);
        vm.prank(idle);
        registry.exit();
        vm.warp(_now() + 1 days - 1);
        vm.assertEq(registry.minerInfo(idle).releaseAt, _now() + consensus.unbondingDelay());
        vm.prank(liar);
        vm.expectPartialRevert(IMinerRegistry.StillUnbonding.selector);
        registry.withdraw();
        consensus.resume();
        vm.warp(lens.roundInfo(1).finalAt - 1);
        registry.slash(liar, 5_000, STRANGER, 0);
        consensus.revertRound(1, opening);
        vm.assertEq(registry.minerInfo(liar).unbonding, STAKE / 2);
    }

    // ------------------------------------------------------------------ a miner that is alone

    function test_DegradedRoundsAfterAPause() external {
        _start(2);
        _paused(LONG);
        _agree(_content(1));
        (address other, address honest) = (_account(1), _account(0));
        registry.slash(other, 5_000, STRANGER, 0);
        vm.warp(_info().lastSlotEnd + 1);
        consensus.failRound(2);
        vm.warp(_now() + 1);
        consensus.openRound();
        _nextBlock();
        IRoundConsensus.CandidateContent memory c = _content(3);
        _proposeAlone(c, 0);
        consensus.settle(3, _yesVotes(1, 0), c);
        _nextBlock();
        _status(3, IRoundConsensus.RoundStatus.Degraded);
        vm.assertEq(lens.roundInfo(3).finalAt, 0);
        vm.assertEq(lens.roundInfo(3).voteDeadline, _now() + 10);
        _proposeAlone(_content(4), 0);
        vm.warp(_info().graceEnd + 1);
        uint256 finalAt = _now() + 15;
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.RoundFailed(4, 1, 0, finalAt);
        consensus.failRound(4);
        vm.assertEq(lens.roundInfo(4).finalAt, finalAt);
        _equip(other, STAKE);
        vm.startPrank(other);
        registry.addStake(STAKE);
        registry.reactivate();
        vm.stopPrank();
        consensus.openRound();
        _nextBlock();
        c = _content(5);
        _propose(c);
        finalAt = _now() + 15;
        IRoundConsensus.Vote[] memory votes = _yesVotes(2, 0);
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.RoundRatified(3, 5, finalAt);
        consensus.settle(5, votes, c);
        vm.assertEq(lens.roundInfo(3).finalAt, finalAt);
        vm.assertTrue(registry.minerInfo(honest).weight != 0, "still there");
    }
}
