// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMinerRegistry} from "../../../contracts/interfaces/IMinerRegistry.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {FederationTest} from "../solidity/FederationTest.sol";
import {vm} from "../solidity/Vm.sol";

interface IRecovery {
    function voidDegraded() external;
    function ratify(uint64 by, uint40 finalAt) external;
}

/// @dev One miner alone: its rounds are degraded, ratified, void or reverted. The test stands for the fault proofs.
contract DegradedTest is FederationTest {
    address private _honest;
    address private _other;
    bytes32 private _agreedRoot;
    mapping(uint64 round => IRoundConsensus.OpeningPreimage) private _openings;

    function setUp() public override {
        super.setUp();
        // Room for eight degraded rounds.
        _deploy(_demo(), 16);
        (_honest, _other) = (_account(0), _account(1));
    }

    // ------------------------------------------------------------------ set-up

    /// @dev Two miners agree round 1; then the other is slashed in round 2, which nobody proposes for.
    function _alone() private {
        _start(2);
        _agree(_paying(1, BUDGET));
        _agreedRoot = consensus.head().modelRoot;
        _slash(_other);
        _failEmpty();
        _open();
    }

    function _paying(uint256 salt, uint256 total) private view returns (IRoundConsensus.CandidateContent memory c) {
        c = _content(salt);
        c.payoutsTotal = total;
    }

    function _slash(address miner) private {
        registry.slash(miner, 5_000, address(0xF1), 3_000);
    }

    function _failEmpty() private {
        vm.warp(_info().lastSlotEnd + 1);
        consensus.failRound(consensus.currentRound());
    }

    function _open() private {
        vm.warp(_now() + 1);
        bytes32 before = blockhash(vm.getBlockNumber() - 1);
        IRoundConsensus.OpeningPreimage memory opening =
            IRoundConsensus.OpeningPreimage(consensus.head().modelRoot, consensus.parametersHash(), before);
        _openings[consensus.openRound()] = opening;
        _nextBlock();
    }

    /// @dev The lone miner posts and settles; the next round is open if it may be.
    function _degrade(uint256 salt) private returns (IRoundConsensus.CandidateContent memory c) {
        c = _paying(salt, 2 * uint256(BUDGET));
        _proposeAlone(c, 0);
        bytes32 before = blockhash(vm.getBlockNumber() - 1);
        consensus.settle(consensus.currentRound(), _yesVotes(1, 0), c);
        _openings[consensus.currentRound()] =
            IRoundConsensus.OpeningPreimage(c.modelRoot, consensus.parametersHash(), before);
        _nextBlock();
    }

    /// @dev The slashed miner tops up and comes back at the next opening.
    function _return() private {
        _equip(_other, STAKE);
        vm.startPrank(_other);
        registry.addStake(STAKE);
        registry.reactivate();
        vm.stopPrank();
    }

    /// @dev It returns, the lone miner's round gives way, and a round of two opens.
    function _reunite() private {
        _return();
        consensus.failRound(consensus.currentRound());
        _open();
        vm.assertEq(registry.activeCount(), 2);
    }

    function _status(uint64 round, IRoundConsensus.RoundStatus expected) private view {
        vm.assertEq(uint256(consensus.statusOf(round)), uint256(expected));
    }

    // ------------------------------------------------------------------ alone

    function test_TheFirstRoundNeedsTwo() external {
        _join(_honest, STAKE);
        _fund(FUNDED);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.NotEnoughMiners.selector, 1, 2));
        consensus.openRound();
    }

    function test_ALoneMinersRoundIsDegraded() external {
        _alone();
        IRoundConsensus.Head memory before = consensus.head();
        IMinerRegistry.MinerInfo memory miner = registry.minerInfo(_honest);
        IRoundConsensus.CandidateContent memory c = _paying(3, before.payoutsTotal + BUDGET);
        bytes32 id = _proposeAlone(c, 0);
        IRoundConsensus.Vote[] memory votes = _yesVotes(1, 0);
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.RoundDegraded(3, id, _honest, 10_000);
        consensus.settle(3, votes, c);
        _status(3, IRoundConsensus.RoundStatus.Degraded);
        vm.assertEq(lens.roundInfo(3).finalAt, 0);
        IRoundConsensus.Head memory head = consensus.head();
        vm.assertTrue(head.provisional, "the head is provisional");
        vm.assertEq(head.modelRoot, c.modelRoot);
        vm.assertEq(head.round, 3);
        // Nobody is paid, and nobody's record changes.
        vm.assertEq(head.settlement, before.settlement);
        vm.assertEq(head.payoutsTotal, before.payoutsTotal);
        vm.assertEq(pot.latest(), before.settlement);
        vm.assertEq(consensus.progress().ballots, 1);
        IMinerRegistry.MinerInfo memory after_ = registry.minerInfo(_honest);
        vm.assertEq(after_.reputation, miner.reputation);
        vm.assertEq(after_.absences, miner.absences);
        // The next round is open on it, and this one is not final however long one waits.
        vm.assertEq(consensus.currentRound(), 4);
        vm.warp(_now() + 365 days);
        vm.assertEq(consensus.isFinal(3), false);
        // What came before is.
        vm.assertEq(consensus.isFinal(2), true);
    }

    function test_PayingEverybodyEverythingPaysNobody() external {
        _alone();
        IRoundConsensus.CandidateContent memory c = _paying(3, type(uint96).max);
        _proposeAlone(c, 0);
        consensus.settle(3, _yesVotes(1, 0), c);
        vm.assertEq(consensus.head().payoutsTotal, BUDGET);
        _nextBlock();
        _reunite();
        _agree(_paying(4, 2 * uint256(BUDGET)));
        vm.assertEq(consensus.head().payoutsTotal, 2 * uint256(BUDGET));
    }

    function test_OnlyItsOwnYesDecides() external {
        _alone();
        _degrade(3);
        IRoundConsensus.CandidateContent memory c = _content(4);
        _proposeAlone(c, 0);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.Undecided.selector, 4));
        consensus.settle(4, _noVotes(), c);
        IRoundConsensus.CandidateContent memory wrong = _content(5);
        IRoundConsensus.Vote[] memory votes = _yesVotes(1, 0);
        vm.expectPartialRevert(IRoundConsensus.WrongContent.selector);
        consensus.settle(4, votes, wrong);
        // Its no fails the round, which is no reason to void anything.
        votes[0] = _no(_honest, 0, 4);
        consensus.settle(4, votes, c);
        _status(4, IRoundConsensus.RoundStatus.Failed);
        _status(3, IRoundConsensus.RoundStatus.Degraded);
    }

    /// @dev Its confidence has to be what the ratio of a round of several has to be.
    function test_AnUnsureYesDecidesNothing() external {
        IRoundConsensus.Parameters memory p = _demo();
        p.minConfidenceBps = 5_000;
        _deploy(p, 16);
        _alone();
        IRoundConsensus.CandidateContent memory c = _content(3);
        _proposeAlone(c, 0);
        IRoundConsensus.Vote[] memory votes = new IRoundConsensus.Vote[](1);
        votes[0] = _yesOf(0, 6_699);
        consensus.settle(3, votes, c);
        _status(3, IRoundConsensus.RoundStatus.Failed);
        _open();
        c = _content(4);
        _proposeAlone(c, 0);
        votes[0] = _yesOf(0, 6_700);
        consensus.settle(4, votes, c);
        _status(4, IRoundConsensus.RoundStatus.Degraded);
    }

    /// @dev Nor is the primary's candidate taken for one, before another that its voter is sure of.
    function test_AnUnsureYesGivesWay() external {
        IRoundConsensus.Parameters memory p = _demo();
        p.minConfidenceBps = 5_000;
        _deploy(p, 16);
        _startWithOtherAsPrimary();
        (IRoundConsensus.CandidateContent memory unsure, IRoundConsensus.CandidateContent memory sure) =
            (_content(200), _content(100));
        _proposeAlone(unsure, 0);
        _proposeAlone(sure, 1);
        IRoundConsensus.Vote[] memory votes = new IRoundConsensus.Vote[](2);
        (votes[0], votes[1]) = (_yesOf(0, 6_699), _yesOf(1, 6_700));
        _slash(_other);
        uint64 round = consensus.currentRound();
        vm.expectPartialRevert(IRoundConsensus.WrongContent.selector);
        consensus.settle(round, votes, unsure);
        consensus.settle(round, votes, sure);
        _status(round, IRoundConsensus.RoundStatus.Degraded);
    }

    /// @dev The honest one's yes on a candidate.
    function _yesOf(uint8 index, uint16 confidence) private view returns (IRoundConsensus.Vote memory) {
        return _signVote(IRoundConsensus.Vote(_seatOf(_honest), index, true, confidence, 0, 0, 0, 0), keyOf[_honest]);
    }

    function _startWithOtherAsPrimary() private {
        _start(2);
        while (_drawn(0) != _other) {
            _failEmpty();
            _open();
        }
    }

    function test_OneMinerSignsForOneRank() external {
        _alone();
        IRoundConsensus.CandidateContent memory c = _content(3);
        vm.warp(_info().collectMinEnd);
        IRoundConsensus.ProposerSignature[] memory list = new IRoundConsensus.ProposerSignature[](2);
        (list[0], list[1]) = (_signContent(c, 0), _signContent(c, 0));
        list[1].rank = 1;
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.BadRank.selector, 1));
        consensus.propose(3, c, list);
    }

    /// @dev Two propose; the other's candidate is proven wrong while the round is open.
    function _degradeOfTwo(uint64 round) private returns (IRoundConsensus.CandidateContent memory right) {
        right = _content(100);
        uint256 rank = _drawn(0) == _honest ? 0 : 1;
        _proposeAlone(right, rank);
        _proposeAlone(_content(200), 1 - rank);
        IRoundConsensus.Vote[] memory votes = new IRoundConsensus.Vote[](2);
        (votes[0], votes[1]) = (_yes(_honest, 0), _yes(_other, 1));
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.Undecided.selector, round));
        consensus.settle(round, votes, right);
        consensus.strike(round, 1);
        _slash(_other);
        consensus.settle(round, votes, right);
        _nextBlock();
    }

    /// @dev Two proposed, one of them is proven wrong while the round is open: the other need not start again.
    function test_AnOpenRoundOfTwoDegrades() external {
        _start(2);
        IRoundConsensus.CandidateContent memory right = _degradeOfTwo(1);
        _status(1, IRoundConsensus.RoundStatus.Degraded);
        vm.assertEq(consensus.head().modelRoot, right.modelRoot);
        vm.assertEq(registry.activeCount(), 1);
        // Presence in a round of one proves nothing.
        IRoundConsensus.Vote memory v = IRoundConsensus.Vote(0, 0, true, 10_000, 0, 0, 0, 0);
        v = _signVoteIn(1, v, keyOf[_honest]);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.RoundNotOpen.selector, 1));
        consensus.castVote(1, v);
    }

    /// @dev What is proven wrong can't be degraded either.
    function test_AStruckCandidateStaysStruck() external {
        _alone();
        IRoundConsensus.CandidateContent memory c = _content(3);
        _proposeAlone(c, 0);
        consensus.strike(3, 0);
        IRoundConsensus.Vote[] memory votes = _yesVotes(1, 0);
        consensus.settle(3, votes, c);
        _status(3, IRoundConsensus.RoundStatus.Failed);
        vm.assertEq(consensus.head().provisional, false);
    }

    /// @dev Nor is it taken before another one that its voter said yes to as well.
    function test_AStruckCandidateGivesWay() external {
        _startWithOtherAsPrimary();
        uint64 round = consensus.currentRound();
        (IRoundConsensus.CandidateContent memory wrong, IRoundConsensus.CandidateContent memory right) =
            (_content(200), _content(100));
        _proposeAlone(wrong, 0);
        _proposeAlone(right, 1);
        IRoundConsensus.Vote[] memory votes = new IRoundConsensus.Vote[](2);
        (votes[0], votes[1]) = (_yes(_honest, 0), _yes(_honest, 1));
        consensus.strike(round, 0);
        _slash(_other);
        vm.expectPartialRevert(IRoundConsensus.WrongContent.selector);
        consensus.settle(round, votes, wrong);
        consensus.settle(round, votes, right);
        _status(round, IRoundConsensus.RoundStatus.Degraded);
        vm.assertEq(consensus.head().modelRoot, right.modelRoot);
    }

    function test_NotMoreThanEightInARow() external {
        _alone();
        for (uint64 round = 3; round <= 10; ++round) {
            _degrade(round);
        }
        _status(10, IRoundConsensus.RoundStatus.Degraded);
        vm.assertEq(consensus.progress().open, false);
        vm.warp(_now() + 1);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.NotEnoughMiners.selector, 1, 2));
        consensus.openRound();
        _return();
        _open();
        _agree(_content(11));
        for (uint64 round = 3; round <= 10; ++round) {
            _status(round, IRoundConsensus.RoundStatus.Ratified);
        }
    }

    /// @dev Nor does a round that began with two: it fails, and the next two decide about all eight.
    function test_ARoundOfTwoIsNoNinth() external {
        _alone();
        for (uint64 round = 3; round <= 10; ++round) {
            _degrade(round);
        }
        _return();
        _open();
        IRoundConsensus.CandidateContent memory c = _content(11);
        _propose(c);
        _slash(_other);
        IRoundConsensus.Vote[] memory votes = new IRoundConsensus.Vote[](1);
        votes[0] = _yes(_honest, 0);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.Undecided.selector, 11));
        consensus.settle(11, votes, c);
        consensus.castVote(11, votes[0]);
        vm.warp(_info().graceEnd + 1);
        consensus.failRound(11);
        _status(11, IRoundConsensus.RoundStatus.Failed);
        registry.applyQueued();
        _return();
        _open();
        _agree(_content(12));
        for (uint64 round = 3; round <= 10; ++round) {
            _status(round, IRoundConsensus.RoundStatus.Ratified);
        }
    }

    /// @dev However it fails: a lone miner leaves the slot that the round after it needs.
    function test_RoundsThatFailLeaveRoomToRatify() external {
        _alone();
        _degrade(3);
        for (uint64 round = 4; round <= 17; ++round) {
            _failEmpty();
            vm.warp(_now() + 16);
            if (round == 17) vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.NotEnoughMiners.selector, 1, 2));
            consensus.openRound();
            _nextBlock();
        }
        _return();
        _open();
        _agree(_content(18));
        _status(3, IRoundConsensus.RoundStatus.Ratified);
    }

    /// @dev Two that never propose would block the ring for ever.
    function test_ALapOfTheRingVoids() external {
        _alone();
        _degrade(3);
        _reunite();
        for (uint64 round = 5; round <= 18; ++round) {
            _status(3, IRoundConsensus.RoundStatus.Degraded);
            _failEmpty();
            vm.warp(_now() + 16);
            _open();
        }
        vm.assertEq(consensus.head().modelRoot, _agreedRoot);
        vm.assertEq(consensus.head().provisional, false);
    }

    // ------------------------------------------------------------------ another returns

    /// @dev Else the lone miner would race the other's return, to decide one more round by itself.
    function test_NothingIsDegradedWhileAnotherReturns() external {
        _alone();
        IRoundConsensus.CandidateContent memory c = _content(3);
        _proposeAlone(c, 0);
        IRoundConsensus.Vote[] memory votes = _yesVotes(1, 0);
        vm.expectPartialRevert(IRoundConsensus.TooEarlyToFail.selector);
        consensus.failRound(3);
        _return();
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.MinerReturns.selector, 3, _other));
        consensus.settle(3, votes, c);
        consensus.castVote(3, votes[0]);
        consensus.failRound(3);
        _status(3, IRoundConsensus.RoundStatus.Failed);
        vm.assertEq(consensus.progress().ballots, 1);
        _open();
        vm.assertEq(registry.activeCount(), 2);
    }

    /// @dev A round that its miner could settle is not failed by others, and one that it leaves is no absence.
    function test_ALoneRoundFailsOnlyWithoutItsYes() external {
        _alone();
        IRoundConsensus.CandidateContent memory c = _content(3);
        bytes32 id = _proposeAlone(c, 0);
        vm.warp(_info().graceEnd);
        vm.expectPartialRevert(IRoundConsensus.TooEarlyToFail.selector);
        consensus.failRound(3);
        consensus.castVote(3, _yes(_honest, 0));
        vm.warp(_info().graceEnd + 1);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.CandidateAgreed.selector, id));
        consensus.failRound(3);
        consensus.settle(3, _noVotes(), c);
        _nextBlock();
        _proposeAlone(_content(4), 0);
        vm.warp(_info().graceEnd + 1);
        consensus.failRound(4);
        _status(4, IRoundConsensus.RoundStatus.Failed);
        vm.assertEq(registry.minerInfo(_honest).absences, 0);
        _status(3, IRoundConsensus.RoundStatus.Degraded);
        vm.warp(_now() + 365 days);
        vm.assertEq(consensus.isFinal(4), false);
    }

    // ------------------------------------------------------------------ ratified or void

    function test_AnAgreedRoundRatifies() external {
        _alone();
        _degrade(3);
        _degrade(4);
        _reunite();
        IRoundConsensus.CandidateContent memory c = _paying(6, 2 * uint256(BUDGET));
        _propose(c);
        IRoundConsensus.Vote[] memory votes = _yesVotes(2, 0);
        uint256 finalAt = _now() + _demo().challengeWindow;
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.RoundRatified(3, 6, finalAt);
        consensus.settle(6, votes, c);
        _status(3, IRoundConsensus.RoundStatus.Ratified);
        _status(4, IRoundConsensus.RoundStatus.Ratified);
        vm.assertEq(consensus.head().provisional, false);
        vm.assertEq(consensus.head().modelRoot, c.modelRoot);
        // One settlement, one budget: what was degraded stays unpaid.
        vm.assertEq(consensus.head().settlement, 2);
        vm.assertEq(pot.payout(2).total, 2 * uint256(BUDGET));
        // All of them final together, the one between that failed too.
        vm.warp(finalAt - 1);
        for (uint64 round = 3; round <= 6; ++round) {
            vm.assertEq(consensus.isFinal(round), false);
        }
        vm.warp(finalAt);
        for (uint64 round = 3; round <= 6; ++round) {
            vm.assertEq(consensus.isFinal(round), true);
        }
    }

    function test_AFailedRoundWithACandidateVoids() external {
        _alone();
        _degrade(3);
        _reunite();
        // Without a candidate nothing was decided about it.
        _failEmpty();
        _status(3, IRoundConsensus.RoundStatus.Degraded);
        _open();
        _propose(_content(6));
        vm.warp(_info().graceEnd + 1);
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.RoundVoided(3);
        consensus.failRound(6);
        _status(3, IRoundConsensus.RoundStatus.Voided);
        _status(4, IRoundConsensus.RoundStatus.Failed);
        vm.assertEq(consensus.head().modelRoot, _agreedRoot);
        vm.assertEq(consensus.head().provisional, false);
        _open();
        _agree(_content(7));
        _status(3, IRoundConsensus.RoundStatus.Voided);
    }

    function test_ADisagreedRoundVoidsToo() external {
        _alone();
        _degrade(3);
        _reunite();
        IRoundConsensus.CandidateContent memory c = _content(5);
        _propose(c);
        IRoundConsensus.Vote[] memory votes = _yesVotes(2, 0);
        votes[1] = _no(registry.roster()[1].owner, 0, 5);
        consensus.settle(5, votes, c);
        _status(3, IRoundConsensus.RoundStatus.Voided);
        vm.assertEq(consensus.head().modelRoot, _agreedRoot);
    }

    // ------------------------------------------------------------------ taken back

    function test_ADegradedRoundProvenWrongTakesAllOfThemDown() external {
        _alone();
        _degrade(3);
        _degrade(4);
        // It has no end by itself: nor has the time to prove it wrong.
        vm.warp(_now() + 365 days);
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.RoundReverted(4, 1, _agreedRoot);
        consensus.revertRound(4, _openings[4]);
        _status(3, IRoundConsensus.RoundStatus.Voided);
        _status(4, IRoundConsensus.RoundStatus.Reverted);
        _status(5, IRoundConsensus.RoundStatus.Voided);
        _backToAgreed();
        _slash(_honest);
        vm.warp(_now() + 1);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.NotEnoughMiners.selector, 0, 2));
        consensus.openRound();
    }

    function test_TheRatifyingRoundProvenWrongTakesAllDown() external {
        _takeBackAfterRatification(5);
        // It failed before the round that is wrong was opened.
        _status(4, IRoundConsensus.RoundStatus.Failed);
        _status(3, IRoundConsensus.RoundStatus.Voided);
        _status(5, IRoundConsensus.RoundStatus.Reverted);
    }

    function test_ARatifiedRoundProvenWrongTakesAllDown() external {
        _takeBackAfterRatification(3);
        _status(4, IRoundConsensus.RoundStatus.Voided);
        _status(3, IRoundConsensus.RoundStatus.Reverted);
        _status(5, IRoundConsensus.RoundStatus.Voided);
    }

    function _takeBackAfterRatification(uint64 round) private {
        _alone();
        _degrade(3);
        _reunite();
        _agree(_paying(5, 2 * uint256(BUDGET)));
        consensus.revertRound(round, _openings[round]);
        _status(6, IRoundConsensus.RoundStatus.Voided);
        _backToAgreed();
        _open();
        _agree(_paying(7, 2 * uint256(BUDGET)));
        vm.assertEq(consensus.head().settlement, 2);
    }

    function test_AnEarlierRevertVoidsDegradedRounds() external {
        _start(2);
        _failEmpty();
        _open();
        _agree(_content(2));
        _degradeOfTwo(3);
        consensus.revertRound(2, _openings[2]);
        vm.assertEq(consensus.head().modelRoot, GENESIS);
        vm.assertEq(consensus.head().provisional, false);
        _status(3, IRoundConsensus.RoundStatus.Voided);
        _status(4, IRoundConsensus.RoundStatus.Voided);
    }

    function test_AFinalRatifiedRoundStays() external {
        _alone();
        _degrade(3);
        _reunite();
        _agree(_content(5));
        uint256 finalAt = lens.roundInfo(3).finalAt;
        vm.warp(finalAt);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.AlreadyFinal.selector, 3, finalAt));
        consensus.revertRound(3, _openings[3]);
    }

    function _backToAgreed() private view {
        IRoundConsensus.Head memory head = consensus.head();
        vm.assertEq(head.modelRoot, _agreedRoot);
        vm.assertEq(head.provisional, false);
        vm.assertEq(head.settlement, 1);
        vm.assertEq(head.payoutsTotal, BUDGET);
        vm.assertEq(consensus.progress().open, false);
    }

    // ------------------------------------------------------------------ whose code

    function test_RecoveryRunsForItsConsensusAlone() external {
        address recovery = consensus.recovery();
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.OnlyDelegated.selector, recovery));
        IRecovery(recovery).voidDegraded();
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.OnlyDelegated.selector, recovery));
        IRecovery(recovery).ratify(1, 1);
        // The consensus itself does not offer it.
        vm.expectRevert();
        IRecovery(address(consensus)).voidDegraded();
    }
}
