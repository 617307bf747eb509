// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMinerRegistry} from "../../../contracts/interfaces/IMinerRegistry.sol";
import {IRewardDistributor} from "../../../contracts/interfaces/IRewardDistributor.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {IRoundLens} from "../../../contracts/interfaces/IRoundLens.sol";
import {FederationTest} from "../solidity/FederationTest.sol";
import {vm} from "../solidity/Vm.sol";

/// @dev Votes, settlement, failure, revert.
contract VotesTest is FederationTest {
    IRoundConsensus.CandidateContent private _c;
    IRoundConsensus.CandidateContent private _d;

    /// @dev `count` miners, candidate 0 signed by both.
    function _posted(uint256 count) private {
        _start(count);
        _c = _content(1);
        _propose(_c);
    }

    /// @dev Candidate 0 by the primary, candidate 1 by the secondary.
    function _rivals(uint256 count) private {
        _start(count);
        _c = _content(1);
        _d = _content(2);
        _proposeAlone(_c, 0);
        _proposeAlone(_d, 1);
    }

    function _miner(uint256 i) private pure returns (address) {
        return vm.addr(0xA0000 + i);
    }

    function _list(IRoundConsensus.Vote memory a) private pure returns (IRoundConsensus.Vote[] memory list) {
        list = new IRoundConsensus.Vote[](1);
        list[0] = a;
    }

    function _settle(IRoundConsensus.Vote[] memory votes, IRoundConsensus.CandidateContent memory c) private {
        consensus.settle(consensus.currentRound(), votes, c);
    }

    function _expect(bytes4 selector, uint256 a) private {
        vm.expectRevert(abi.encodeWithSelector(selector, a));
    }

    // ------------------------------------------------------------------ cast

    function test_CastVote() external {
        _posted(3);
        IRoundConsensus.Vote memory v = _yes(_miner(1), 0);
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.VoteCast(1, lens.candidateId(1, _c), _miner(1), true, 10_000, 0, 0);
        consensus.castVote(1, v);
        vm.assertEq(_info().voteCount, 1);
        IRoundLens.CastVote[] memory cast = lens.castVotes(1);
        vm.assertEq(cast.length, 1);
        vm.assertEq(cast[0].miner, _miner(1));
        vm.assertTrue(consensus.castVoteAt(1, 2) != 0 && consensus.castVoteAt(1, 3) == 0, "place");
        _expect(IRoundConsensus.InvalidVote.selector, uint256(IRoundConsensus.VoteFault.AlreadyCast));
        consensus.castVote(1, v);
    }

    function test_CastVoteNeedsACandidate() external {
        _start(2);
        IRoundConsensus.Vote memory v = _yes(_miner(0), 0);
        _expect(IRoundConsensus.NoCandidate.selector, 1);
        consensus.castVote(1, v);
        _expect(IRoundConsensus.UnknownRound.selector, 2);
        consensus.castVote(2, v);
        _expect(IRoundConsensus.UnknownRound.selector, 0);
        consensus.castVote(0, v);
    }

    function _altered(bool support, uint16 confidence, uint8 reason, uint64 index)
        private
        view
        returns (IRoundConsensus.Vote memory)
    {
        return _signVote(IRoundConsensus.Vote(0, 0, support, confidence, reason, index, 0, 0), keyOf[_miner(0)]);
    }

    function test_FaultyVotesOnChain() external {
        _posted(3);
        bytes4 refusal = IRoundConsensus.InvalidVote.selector;
        IRoundConsensus.Vote memory v = _yes(_miner(0), 0);
        v.seat = 3;
        _expect(refusal, uint256(IRoundConsensus.VoteFault.UnknownSeat));
        consensus.castVote(1, v);
        v = _yes(_miner(0), 1);
        _expect(refusal, uint256(IRoundConsensus.VoteFault.UnknownCandidate));
        consensus.castVote(1, v);
        v = _altered(true, 7_999, 0, 0);
        _expect(refusal, uint256(IRoundConsensus.VoteFault.ConfidenceOutOfRange));
        consensus.castVote(1, v);
        v = _altered(false, 10_000, 0, 0);
        _expect(refusal, uint256(IRoundConsensus.VoteFault.ReasonOutOfRange));
        consensus.castVote(1, v);
        // Another seat's signature, another content, an unusable signature.
        v = _yes(_miner(0), 0);
        v.seat = 1;
        _expect(refusal, uint256(IRoundConsensus.VoteFault.BadSignature));
        consensus.castVote(1, v);
        v = _yes(_miner(0), 0);
        v.confidence = 9_000;
        _expect(refusal, uint256(IRoundConsensus.VoteFault.BadSignature));
        consensus.castVote(1, v);
        (v.confidence, v.r, v.vs) = (10_000, 0, 0);
        _expect(refusal, uint256(IRoundConsensus.VoteFault.BadSignature));
        consensus.castVote(1, v);
    }

    /// @dev The contract reads a vote's fields by itself, not by Solidity.
    function test_FieldsBeyondTheirTypesAreRefused() external {
        _posted(3);
        IRoundConsensus.Vote memory v = _yes(_miner(0), 0);
        bytes memory call = abi.encodeCall(IRoundConsensus.castVote, (1, v));
        uint8[6] memory bits = [8, 8, 1, 16, 8, 64];
        for (uint256 i = 0; i < bits.length; ++i) {
            _refusedBeyondType(call, 1 + i, bits[i]);
            _refusedBeyondType(call, 1 + i, 255);
        }
        consensus.castVote(1, v);
    }

    function test_AWithheldNoIsReplacedOnce() external {
        _posted(3);
        consensus.castVote(1, _no(_miner(0), 0, 3));
        IRoundConsensus.Vote memory again = _no(_miner(0), 0, 4);
        _expect(IRoundConsensus.InvalidVote.selector, uint256(IRoundConsensus.VoteFault.AlreadyCast));
        consensus.castVote(1, again);
        consensus.castVote(1, _yes(_miner(0), 0));
        vm.assertTrue(lens.castVotes(1)[0].replaced && lens.castVotes(1)[0].support, "replaced");
        vm.assertEq(_info().voteCount, 1);
        again = _no(_miner(0), 0, 3);
        _expect(IRoundConsensus.InvalidVote.selector, uint256(IRoundConsensus.VoteFault.AlreadyCast));
        consensus.castVote(1, again);
    }

    function test_CastUntilTheEndOfGrace() external {
        _posted(3);
        uint256 graceEnd = _info().graceEnd;
        vm.assertEq(graceEnd, _info().voteDeadline + 5);
        vm.warp(graceEnd);
        consensus.castVote(1, _yes(_miner(0), 0));
        IRoundConsensus.Vote memory late = _yes(_miner(1), 0);
        vm.warp(graceEnd + 1);
        _expect(IRoundConsensus.VotingClosed.selector, graceEnd);
        consensus.castVote(1, late);
    }

    /// @dev A vote that a settlement left out still proves presence until the vote deadline.
    function test_PresenceIsProvenUntilTheVoteDeadline() external {
        _posted(4);
        uint256 deadline = _info().voteDeadline;
        IRoundConsensus.Vote memory left = _yes(_miner(3), 0);
        _settle(_yesVotes(3, 0), _c);
        vm.assertEq(registry.minerInfo(_miner(3)).reputation, 0.95e18);
        vm.warp(deadline + 1);
        _expect(IRoundConsensus.VotingClosed.selector, deadline);
        consensus.castVote(1, left);
        vm.warp(deadline);
        vm.expectEmit(address(registry));
        emit IMinerRegistry.PresenceProven(1, _miner(3), 1e18);
        consensus.castVote(1, left);
        vm.assertEq(registry.minerInfo(_miner(3)).reputation, 1e18);
        vm.assertEq(registry.minerInfo(_miner(3)).absences, 0);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.NothingToProve.selector, _miner(3), 1));
        consensus.castVote(1, left);
        IRoundConsensus.Vote memory counted =
            _signVoteIn(1, IRoundConsensus.Vote(0, 0, true, 10_000, 0, 0, 0, 0), keyOf[_miner(0)]);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.NothingToProve.selector, _miner(0), 1));
        consensus.castVote(1, counted);
    }

    function test_NoPresenceInARoundWithoutCandidate() external {
        _start(2);
        IRoundConsensus.Vote memory v = _yes(_miner(0), 0);
        vm.warp(_info().lastSlotEnd + 1);
        consensus.failRound(1);
        _expect(IRoundConsensus.RoundNotOpen.selector, 1);
        consensus.castVote(1, v);
    }

    // ------------------------------------------------------------------ settle

    function test_SettleAgreesAndOpensTheNext() external {
        _posted(2);
        bytes32 id = lens.candidateId(1, _c);
        IRoundConsensus.Vote[] memory votes = _yesVotes(2, 0);
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.RoundAgreed(1, id, 1, _c.payoutsRoot, 0, 10_000, 10_000, _now() + 15);
        _settle(votes, _c);
        IRoundConsensus.Head memory head = consensus.head();
        vm.assertEq(head.modelRoot, _c.modelRoot);
        vm.assertTrue(head.settlement == 1 && head.round == 1 && head.updateCount == 3, "head");
        vm.assertEq(consensus.currentRound(), 2);
        vm.assertEq(uint256(consensus.statusOf(1)), uint256(IRoundConsensus.RoundStatus.Agreed));
        vm.assertEq(pot.payout(1).root, _c.payoutsRoot);
        vm.warp(_now() + 14);
        vm.assertTrue(!consensus.isFinal(1), "too early");
        vm.warp(_now() + 1);
        vm.assertTrue(consensus.isFinal(1) && !consensus.isFinal(2), "final");
        _expect(IRoundConsensus.RoundNotOpen.selector, 1);
        consensus.settle(1, votes, _c);
    }

    function test_SettleNeedsACandidateAndTheSlots() external {
        _start(3);
        _c = _content(1);
        IRoundConsensus.Vote[] memory votes = _yesVotes(3, 0);
        _expect(IRoundConsensus.NoCandidate.selector, 1);
        consensus.settle(1, votes, _c);
        _proposeAlone(_c, 0);
        votes = _yesVotes(3, 0);
        uint256 deadline = _info().proposeDeadline;
        vm.warp(deadline);
        _expect(IRoundConsensus.Undecided.selector, 1);
        consensus.settle(1, votes, _c);
        vm.warp(deadline + 1);
        consensus.settle(1, votes, _c);
        vm.assertEq(consensus.currentRound(), 2);
    }

    function test_WrongContentIsRefused() external {
        _posted(2);
        IRoundConsensus.Vote[] memory votes = _yesVotes(2, 0);
        IRoundConsensus.CandidateContent memory wrong = _content(9);
        bytes32 id = lens.candidateId(1, _c);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.WrongContent.selector, id, lens.candidateId(1, wrong)));
        consensus.settle(1, votes, wrong);
    }

    /// @dev Settling with no votes, or too few, must not end a round.
    function test_PendingIsUndecided() external {
        _posted(3);
        IRoundConsensus.CandidateContent memory c = _c;
        IRoundConsensus.Vote[] memory votes = _yesVotes(2, 0);
        vm.warp(_info().graceEnd + 100);
        _expect(IRoundConsensus.Undecided.selector, 1);
        consensus.settle(1, _noVotes(), c);
        _expect(IRoundConsensus.Undecided.selector, 1);
        consensus.settle(1, votes, c);
    }

    function test_AllDisagreedFailsEarly() external {
        _posted(3);
        IRoundConsensus.Vote[] memory votes = new IRoundConsensus.Vote[](2);
        (votes[0], votes[1]) = (_no(_miner(0), 0, 4), _no(_miner(1), 0, 5));
        IRoundConsensus.CandidateContent memory c = _c;
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.RoundFailed(1, 1, 6_666, _now() + 15);
        consensus.settle(1, votes, c);
        vm.assertEq(consensus.head().modelRoot, GENESIS);
        vm.assertEq(registry.minerInfo(_miner(0)).reputation, 1e18);
        vm.assertEq(registry.minerInfo(_miner(2)).reputation, 0.95e18);
        vm.assertTrue(!consensus.progress().open, "ended");
        consensus.openRound();
        vm.assertEq(consensus.currentRound(), 2);
    }

    /// @dev Whoever settles can't choose the winner by omitting votes: the better-ranked must be decided first.
    function test_ABetterRankedPendingCandidateWaitsForGrace() external {
        _rivals(4);
        IRoundConsensus.Vote[] memory votes = _yesVotes(4, 1);
        IRoundConsensus.CandidateContent memory d = _d;
        uint256 graceEnd = _info().graceEnd;
        vm.warp(graceEnd);
        _expect(IRoundConsensus.Undecided.selector, 1);
        consensus.settle(1, votes, d);
        vm.warp(graceEnd + 1);
        consensus.settle(1, votes, d);
        vm.assertEq(consensus.head().modelRoot, d.modelRoot);
    }

    function test_ThePrimarysCandidateWins() external {
        _start(4);
        _c = _content(1);
        _d = _content(2);
        // The secondary posted first.
        _proposeAlone(_d, 1);
        _proposeAlone(_c, 0);
        IRoundConsensus.Vote[] memory votes = new IRoundConsensus.Vote[](8);
        for (uint256 i = 0; i < 4; ++i) {
            (votes[2 * i], votes[2 * i + 1]) = (_yes(_miner(i), 0), _yes(_miner(i), 1));
        }
        _settle(votes, _c);
        vm.assertEq(consensus.head().modelRoot, _c.modelRoot);
    }

    function test_AReservesCandidateIsSettled() external {
        _start(4);
        _c = _content(1);
        vm.warp(_info().proposeDeadline + 1);
        _proposeAlone(_c, 2);
        _settle(_yesVotes(4, 0), _c);
        vm.assertEq(consensus.head().modelRoot, _c.modelRoot);
    }

    /// @dev A sole signer with 70 % of the weight can't pass a candidate alone or with a straw man.
    function test_AHeavySoleSignerNeedsTheOthers() external {
        uint256[] memory stakes = new uint256[](3);
        (stakes[0], stakes[1], stakes[2]) = (7 * STAKE, STAKE, 2 * STAKE);
        _startWith(stakes);
        _c = _content(1);
        uint256 rank = _drawn(0) == _miner(0) ? 0 : _drawn(1) == _miner(0) ? 1 : 2;
        if (rank == 2) vm.warp(_info().proposeDeadline + 1);
        _proposeAlone(_c, rank);
        IRoundConsensus.CandidateContent memory c = _c;
        IRoundConsensus.Vote[] memory votes = _yesVotes(2, 0);
        vm.warp(_info().proposeDeadline + 1);
        _expect(IRoundConsensus.Undecided.selector, 1);
        consensus.settle(1, votes, c);
        consensus.settle(1, _yesVotes(3, 0), c);
    }

    /// @dev Garbage among the votes is skipped with its reason; the valid ones count.
    function test_InvalidVotesAreSkipped() external {
        _posted(3);
        IRoundConsensus.Vote[] memory votes = new IRoundConsensus.Vote[](6);
        (votes[0], votes[1], votes[2]) = (_yes(_miner(0), 0), _yes(_miner(0), 0), _yes(_miner(1), 0));
        votes[3] = _yes(_miner(0), 0);
        (votes[4], votes[5]) = (_yes(_miner(2), 0), _yes(_miner(2), 0));
        votes[5].seat = 200;
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.VoteSkipped(1, 1, 0, IRoundConsensus.VoteFault.NotAscending);
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.VoteSkipped(1, 3, 0, IRoundConsensus.VoteFault.NotAscending);
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.VoteSkipped(1, 5, 200, IRoundConsensus.VoteFault.UnknownSeat);
        consensus.settle(1, votes, _c);
        vm.assertEq(consensus.currentRound(), 2);
    }

    /// @dev Whatever else is in the batch: with all votes on chain it is settled as they say, and nobody's vote is
    /// replaced by what somebody made up.
    /// forge-config: default.fuzz.runs = 60
    function testFuzz_GarbageNeverBlocksASettlement(IRoundConsensus.Vote[5] memory garbage, uint8 small) external {
        _posted(3);
        IRoundConsensus.Vote[] memory votes = new IRoundConsensus.Vote[](5);
        for (uint256 i = 0; i < 5; ++i) {
            votes[i] = garbage[i];
            // Half of them name seats, candidates, confidences and reasons that exist.
            if ((small >> i) & 1 == 0) continue;
            (votes[i].seat, votes[i].candidateIndex) = (votes[i].seat % 3, votes[i].candidateIndex % 2);
            (votes[i].confidence, votes[i].reason) = (10_000, votes[i].support ? 0 : 3);
            if (votes[i].support) votes[i].reasonIndex = 0;
        }
        consensus.castVote(1, _yes(_miner(0), 0));
        consensus.castVote(1, _yes(_miner(1), 0));
        consensus.castVote(1, _yes(_miner(2), 0));
        consensus.settle(1, votes, _c);
        vm.assertEq(consensus.head().modelRoot, _c.modelRoot);
        vm.assertEq(consensus.progress().ballots, 1);
    }

    function test_VotesOnChainAndInTheBatchAddUp() external {
        _posted(3);
        consensus.castVote(1, _yes(_miner(1), 0));
        IRoundConsensus.Vote[] memory votes = new IRoundConsensus.Vote[](2);
        (votes[0], votes[1]) = (_yes(_miner(0), 0), _yes(_miner(2), 0));
        _settle(votes, _c);
        vm.assertEq(registry.minerInfo(_miner(1)).reputation, 1.1e18);
    }

    function test_ReputationSteps() external {
        _start(5);
        _c = _content(1);
        _d = _content(2);
        address first = _drawn(0);
        address second = _drawn(1);
        _proposeAlone(_c, 0);
        _proposeAlone(_d, 1);
        // All vote yes on the primary's; the last drawn votes yes on the rival too, two others no.
        IRoundConsensus.Vote[] memory votes = new IRoundConsensus.Vote[](10);
        address fooled = _drawn(4);
        for (uint256 i = 0; i < 5; ++i) {
            votes[2 * i] = _yes(_miner(i), 0);
            votes[2 * i + 1] = _miner(i) == fooled ? _yes(_miner(i), 1) : _no(_miner(i), 1, 4);
        }
        address calm = _drawn(2);
        _settle(votes, _c);
        vm.assertEq(registry.minerInfo(first).reputation, 1.1e18);
        vm.assertEq(registry.minerInfo(second).reputation, 0.95e18);
        vm.assertEq(registry.minerInfo(fooled).reputation, 0.95e18);
        vm.assertEq(registry.minerInfo(calm).reputation, 1.1e18);
    }

    function test_AProposerThatSignedNothingGainsNothing() external {
        _start(4);
        _c = _content(1);
        address silent = _drawn(1);
        address other = _drawn(2);
        _proposeAlone(_c, 0);
        vm.warp(_info().proposeDeadline + 1);
        _settle(_yesVotes(4, 0), _c);
        vm.assertEq(registry.minerInfo(silent).reputation, 1e18);
        vm.assertEq(registry.minerInfo(other).reputation, 1.1e18);
    }

    /// @dev A total out of range pays nobody: the previous root and total stay.
    function test_PayoutTotalsOutOfRange() external {
        _start(2);
        _c = _content(1);
        _c.payoutsTotal = BUDGET;
        _agree(_c);
        vm.assertEq(pot.payout(1).total, BUDGET);
        _d = _content(2);
        _d.payoutsTotal = 2 * BUDGET + 1;
        _agree(_d);
        vm.assertEq(pot.payout(2).total, BUDGET);
        vm.assertEq(pot.payout(2).root, _c.payoutsRoot);
        _d.payoutsTotal = BUDGET - 1;
        _agree(_d);
        vm.assertEq(pot.payout(3).root, _c.payoutsRoot);
        _d.payoutsTotal = 2 * BUDGET;
        _agree(_d);
        vm.assertEq(pot.payout(4).root, _d.payoutsRoot);
        vm.assertEq(consensus.head().payoutsTotal, 2 * BUDGET);
    }

    // ------------------------------------------------------------------ fail

    function test_FailWithoutCandidateAfterTheLastSlot() external {
        _start(4);
        uint256 last = _info().lastSlotEnd;
        vm.assertEq(last, _info().proposeDeadline + 20);
        vm.warp(last);
        _expect(IRoundConsensus.TooEarlyToFail.selector, last + 1);
        consensus.failRound(1);
        vm.warp(last + 1);
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.RoundFailed(1, 0, 0, last + 16);
        consensus.failRound(1);
        vm.assertEq(registry.minerInfo(_miner(0)).reputation, 1e18);
        vm.assertEq(consensus.progress().ballots, 0);
        _expect(IRoundConsensus.RoundNotOpen.selector, 1);
        consensus.failRound(1);
    }

    function test_FailWithCandidateAfterGrace() external {
        _posted(3);
        uint256 graceEnd = _info().graceEnd;
        consensus.castVote(1, _yes(_miner(0), 0));
        vm.warp(graceEnd);
        _expect(IRoundConsensus.TooEarlyToFail.selector, graceEnd + 1);
        consensus.failRound(1);
        vm.warp(graceEnd + 1);
        consensus.failRound(1);
        // Absence alone counts in a failed round.
        vm.assertEq(registry.minerInfo(_miner(0)).reputation, 1e18);
        vm.assertEq(registry.minerInfo(_miner(1)).reputation, 0.95e18);
        (uint32 ballot, uint256 deadline,) = consensus.ballotOf(1);
        vm.assertTrue(ballot == 1 && deadline == graceEnd - 5, "ballot");
    }

    /// @dev Nobody can settle before the proposers' slots are over, so nobody may fail the round before.
    function test_FailWithASoleSignerAfterTheSlots() external {
        _start(3);
        _proposeAlone(_content(1), 0);
        uint256 slotsEnd = _info().proposeDeadline;
        vm.assertTrue(_info().graceEnd < slotsEnd, "grace ends first");
        vm.warp(slotsEnd);
        _expect(IRoundConsensus.TooEarlyToFail.selector, slotsEnd + 1);
        consensus.failRound(1);
        vm.warp(slotsEnd + 1);
        consensus.failRound(1);
    }

    function test_AnAgreedCandidateIsNotFailed() external {
        _posted(2);
        consensus.castVote(1, _yes(_miner(0), 0));
        consensus.castVote(1, _yes(_miner(1), 0));
        vm.warp(_info().graceEnd + 1);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.CandidateAgreed.selector, lens.candidateId(1, _c)));
        consensus.failRound(1);
        _settle(_noVotes(), _c);
    }

    // ------------------------------------------------------------------ revert

    /// @dev What the round was opened with; the block is found by trying.
    function _openingOf(uint64 round, bytes32 baseRoot)
        private
        view
        returns (IRoundConsensus.OpeningPreimage memory opening)
    {
        (, bytes32 wanted,) = consensus.slotOf(round);
        opening = IRoundConsensus.OpeningPreimage(baseRoot, consensus.parametersHash(), 0);
        for (uint256 number = vm.getBlockNumber(); number != 0; --number) {
            opening.previousBlockHash = blockhash(number - 1);
            bytes32 hash = keccak256(
                abi.encode(
                    block.chainid,
                    address(consensus),
                    round,
                    baseRoot,
                    opening.parametersHash,
                    opening.previousBlockHash
                )
            );
            if (hash == wanted) return opening;
        }
        revert("no block fits");
    }

    function _twoAgreed() private {
        _posted(2);
        _settle(_yesVotes(2, 0), _c);
        _nextBlock();
        _d = _content(2);
        _d.payoutsTotal = BUDGET;
        _agree(_d);
    }

    function test_RevertTakesEverythingBack() external {
        _twoAgreed();
        IRoundConsensus.OpeningPreimage memory opening = _openingOf(1, GENESIS);
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.RoundReverted(1, 0, GENESIS);
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.RoundVoided(2);
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.RoundVoided(3);
        consensus.revertRound(1, opening);
        vm.assertEq(consensus.head().modelRoot, GENESIS);
        vm.assertEq(uint256(consensus.statusOf(1)), uint256(IRoundConsensus.RoundStatus.Reverted));
        vm.assertEq(uint256(consensus.statusOf(3)), uint256(IRoundConsensus.RoundStatus.Voided));
        _expect(IRewardDistributor.UnknownSettlement.selector, 2);
        pot.payout(2);
        // Ids go on, settlement numbers are used again.
        vm.warp(_now() + 1);
        vm.assertEq(consensus.openRound(), 4);
        _nextBlock();
        _agree(_content(5));
        vm.assertEq(consensus.head().settlement, 1);
        vm.assertTrue(!consensus.isFinal(1) && !consensus.isFinal(2), "void rounds are not final");
    }

    /// @dev Who was left out of a round that is taken back, or void with it, stays absent from it.
    function test_NoPresenceInARoundTakenBack() external {
        _posted(4);
        IRoundConsensus.Vote memory first = _yes(_miner(3), 0);
        _settle(_yesVotes(3, 0), _c);
        _nextBlock();
        _d = _content(2);
        _propose(_d);
        IRoundConsensus.Vote memory second = _yes(_miner(3), 0);
        _settle(_yesVotes(3, 0), _d);
        consensus.revertRound(1, _openingOf(1, GENESIS));
        vm.assertTrue(_now() <= lens.roundInfo(1).voteDeadline, "in time");
        _expect(IRoundConsensus.RoundNotOpen.selector, 1);
        consensus.castVote(1, first);
        _expect(IRoundConsensus.RoundNotOpen.selector, 2);
        consensus.castVote(2, second);
        vm.assertEq(registry.minerInfo(_miner(3)).absences, 3);
    }

    function test_OnlyTheNewestPartIsReverted() external {
        _twoAgreed();
        consensus.revertRound(2, _openingOf(2, _c.modelRoot));
        IRoundConsensus.Head memory head = consensus.head();
        vm.assertEq(head.modelRoot, _c.modelRoot);
        vm.assertTrue(head.settlement == 1 && head.round == 1 && head.payoutsTotal == 0, "head");
        vm.assertEq(uint256(head.updateCount), 3);
        vm.assertEq(uint256(consensus.statusOf(1)), uint256(IRoundConsensus.RoundStatus.Agreed));
    }

    function test_RevertIsChecked() external {
        _twoAgreed();
        IRoundConsensus.OpeningPreimage memory opening = _openingOf(1, GENESIS);
        IRoundConsensus.OpeningPreimage memory second = _openingOf(2, _c.modelRoot);
        bytes memory refusal = abi.encodeWithSelector(IRoundConsensus.OnlyFaultProofs.selector, address(9));
        vm.prank(address(9));
        vm.expectRevert(refusal);
        consensus.revertRound(1, opening);
        vm.prank(address(9));
        vm.expectRevert(refusal);
        consensus.strike(3, 0);
        vm.expectRevert(
            abi.encodeWithSelector(IRoundConsensus.NotRevertible.selector, 3, IRoundConsensus.RoundStatus.Open)
        );
        consensus.revertRound(3, opening);
        vm.expectPartialRevert(IRoundConsensus.WrongOpening.selector);
        consensus.revertRound(1, second);
        vm.expectPartialRevert(IRoundConsensus.WrongOpening.selector);
        consensus.revertRound(2, opening);
        second.baseRoot = GENESIS;
        vm.expectPartialRevert(IRoundConsensus.WrongOpening.selector);
        consensus.revertRound(2, second);
        uint256 finalAt = lens.roundInfo(1).finalAt;
        vm.warp(finalAt);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.AlreadyFinal.selector, 1, finalAt));
        consensus.revertRound(1, opening);
        vm.warp(finalAt - 1);
        consensus.revertRound(1, opening);
        vm.expectRevert(
            abi.encodeWithSelector(IRoundConsensus.NotRevertible.selector, 1, IRoundConsensus.RoundStatus.Reverted)
        );
        consensus.revertRound(1, opening);
    }
}
