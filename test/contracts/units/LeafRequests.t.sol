// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IFaultProofs} from "../../../contracts/interfaces/IFaultProofs.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {Messages} from "../../../contracts/libraries/Messages.sol";
import {DisputedFederation} from "../solidity/DisputedFederation.sol";
import {vm} from "../solidity/Vm.sol";

/// @dev Bonded requests to show a leaf: who pays what when it is shown, and when it is not.
contract LeafRequestsTest is DisputedFederation {
    uint64 private constant LEAF = COORDINATE / 64;
    uint64 private constant MODEL = type(uint64).max;
    address private constant ANSWERER = address(0xF2);

    IFaultProofs.AggregateProof private _contested;

    function setUp() public override {
        super.setUp();
        _previousBlockHash = blockhash(vm.getBlockNumber() - 2);
        // forge-lint: disable-next-line(erc20-unchecked-transfer)
        token.transfer(FINDER, 100e18);
        vm.prank(FINDER);
        token.approve(address(_proofs), type(uint256).max);
    }

    function _ask(IFaultProofs.AggregateProof memory p, uint64 index, uint64 leaf)
        private
        returns (IFaultProofs.LeafRequest memory request)
    {
        bytes32 root = index == MODEL ? p.claim.content.modelRoot : p.references[index].modelRoot;
        request = IFaultProofs.LeafRequest(p.claim.round, p.claim.candidate, index, leaf, root);
        vm.prank(FINDER);
        bytes32 id = _proofs.requestLeaf(p.claim, p.references, index, leaf);
        vm.assertEq(id, keccak256(abi.encode(request)));
    }

    function _opening(uint256 seed) private view returns (bytes memory) {
        (bytes memory path,) = _record(seed, ONE);
        return bytes.concat(keccak256("header"), keccak256("others"), path);
    }

    function _answer(IFaultProofs.LeafRequest memory request, bytes memory opening) private {
        vm.prank(ANSWERER);
        _proofs.answerLeaf(request, opening);
    }

    function _state(IFaultProofs.LeafRequest memory request) private view returns (IFaultProofs.RequestState) {
        return _proofs.requestOf(keccak256(abi.encode(request))).state;
    }

    /// @dev Every token is where it belongs: stakes in the registry, open bonds with the contract of proofs.
    function _assertBonds(uint256 bonds, uint256 finder, uint256 burnt) private view {
        vm.assertEq(token.balanceOf(address(_proofs)), bonds, "bonds");
        vm.assertEq(token.balanceOf(FINDER), finder, "requester");
        vm.assertEq(token.balanceOf(address(0xdEaD)), burnt, "burnt");
        vm.assertEq(token.balanceOf(address(registry)), registry.totalHeld(), "registry");
    }

    // ------------------------------------------------------------------ answered

    function test_WhoShowsTheLeafGetsHalfTheBond() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _propose(p.claim.content);
        IFaultProofs.LeafRequest memory request = _ask(p, 1, LEAF);
        _assertBonds(LEAF_BOND, 100e18 - LEAF_BOND, 0);
        vm.warp(_now() + 10);
        _answer(request, _opening(3));
        vm.assertEq(token.balanceOf(ANSWERER), LEAF_BOND / 2);
        _assertBonds(0, 100e18 - LEAF_BOND, LEAF_BOND / 2);
        vm.assertTrue(_state(request) == IFaultProofs.RequestState.Answered, "state");
        bytes32 id = keccak256(abi.encode(request));
        bytes memory over = abi.encodeWithSelector(IFaultProofs.NoOpenRequest.selector, id, 2);
        bytes memory opening = _opening(3);
        IFaultProofs.Accused[] memory accused = _list(_signer(p, _drawn(0)));
        vm.expectRevert(over);
        _proofs.answerLeaf(request, opening);
        vm.expectRevert(over);
        _proofs.concludeLeaf(request, p.claim.opening, accused);
        vm.prank(FINDER);
        vm.expectRevert(over);
        _proofs.releaseBond(request);
        // It is in the call data for everybody; other leaves may be asked for.
        vm.prank(FINDER);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.AlreadyRequested.selector, id));
        _proofs.requestLeaf(p.claim, p.references, 1, LEAF);
        _ask(p, 1, LEAF + 1);
    }

    function test_TheModelItselfCanBeAskedFor() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _propose(p.claim.content);
        p.references = new Messages.UpdateReference[](0);
        IFaultProofs.LeafRequest memory request = _ask(p, MODEL, LEAF);
        bytes memory ofAnUpdate = _opening(2);
        vm.expectPartialRevert(IFaultProofs.WrongOpening.selector);
        _proofs.answerLeaf(request, ofAnUpdate);
        _answer(request, _opening(1));
        vm.assertEq(token.balanceOf(ANSWERER), LEAF_BOND / 2);
    }

    /// @dev Any byte of header hashes, leaf and siblings.
    function testFuzz_TamperedAnswers(uint256 place, uint8 change) external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _propose(p.claim.content);
        IFaultProofs.LeafRequest memory request = _ask(p, 0, LEAF);
        bytes memory opening = _opening(2);
        opening[place % opening.length] ^= bytes1(change == 0 ? uint8(1) : change);
        vm.expectPartialRevert(IFaultProofs.WrongOpening.selector);
        _proofs.answerLeaf(request, opening);
        vm.assertTrue(_state(request) == IFaultProofs.RequestState.Open, "state");
    }

    function test_OnlyThatLeafOfThatModel() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _propose(p.claim.content);
        IFaultProofs.LeafRequest memory request = _ask(p, 0, LEAF + 1);
        bytes memory opening = _opening(2);
        vm.expectPartialRevert(IFaultProofs.WrongOpening.selector);
        _proofs.answerLeaf(request, opening);
        // A foreign update's, and a proof that is too long.
        request = _ask(p, 0, LEAF);
        bytes memory foreign = _opening(3);
        vm.expectPartialRevert(IFaultProofs.WrongOpening.selector);
        _proofs.answerLeaf(request, foreign);
        bytes memory longer = bytes.concat(opening, hex"00");
        vm.expectPartialRevert(IFaultProofs.OpeningsLength.selector);
        _proofs.answerLeaf(request, longer);
        // Another request than the one that was made.
        request.leaf = LEAF + 2;
        bytes memory none =
            abi.encodeWithSelector(IFaultProofs.NoOpenRequest.selector, keccak256(abi.encode(request)), 0);
        vm.expectRevert(none);
        _proofs.answerLeaf(request, opening);
    }

    // ------------------------------------------------------------------ not answered

    function test_NotShownInTimeStrikesTheCandidate() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _propose(p.claim.content);
        IFaultProofs.Accused[] memory accused = new IFaultProofs.Accused[](2);
        (accused[0], accused[1]) = (_signer(p, _drawn(0)), _voter(p, _drawn(2)));
        (address voter, bytes memory opening) = (_drawn(2), _opening(3));
        IFaultProofs.LeafRequest memory request = _ask(p, 1, LEAF);
        uint256 dueAt = _now() + 10;
        vm.warp(dueAt);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.StillAnswerable.selector, dueAt));
        _proofs.concludeLeaf(request, p.claim.opening, accused);
        vm.warp(dueAt + 1);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.AnswerTooLate.selector, dueAt));
        _proofs.answerLeaf(request, opening);
        vm.expectRevert(IFaultProofs.NobodyAccused.selector);
        _proofs.concludeLeaf(request, p.claim.opening, new IFaultProofs.Accused[](0));
        // An accused can't do it, whoever it was that asked.
        vm.prank(voter);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.ChallengerAccused.selector, voter));
        _proofs.concludeLeaf(request, p.claim.opening, accused);
        // Anyone can; the bounties are the requester's.
        _proofs.concludeLeaf(request, p.claim.opening, accused);
        _assertBonds(0, 100e18 + 2 * STAKE * 3 / 100, 2 * STAKE * 7 / 100);
        vm.assertEq(registry.minerInfo(_drawn(0)).stake, STAKE * 9 / 10);
        vm.assertEq(registry.minerInfo(_drawn(2)).weight, 0);
        (uint256 bps, address finder) = _proofs.findingOf(p.claim.candidate);
        vm.assertTrue(bps == 1_000 && finder == FINDER, "finding");
        vm.expectPartialRevert(IFaultProofs.NoOpenRequest.selector);
        _proofs.concludeLeaf(request, p.claim.opening, accused);
        // Who was left out is accused later, once.
        _proofs.accuse(1, p.claim.candidate, _list(_signer(p, _drawn(1))));
        vm.assertEq(registry.minerInfo(_drawn(1)).stake, STAKE * 9 / 10);
        vm.prank(FINDER);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.AlreadyProven.selector, p.claim.candidate, 1_000));
        _proofs.requestLeaf(p.claim, p.references, 0, LEAF);
        consensus.settle(1, _yesVotes(4, 0), p.claim.content);
        vm.assertTrue(consensus.statusOf(1) == IRoundConsensus.RoundStatus.Failed, "struck");
    }

    function test_AnAgreedRoundIsTakenBack() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        IFaultProofs.Accused[] memory accused = _list(_voter(p, _drawn(3)));
        _agree(p.claim.content);
        IFaultProofs.LeafRequest memory request = _ask(p, 2, 0);
        vm.warp(_now() + 11);
        _proofs.concludeLeaf(request, p.claim.opening, accused);
        vm.assertTrue(consensus.statusOf(1) == IRoundConsensus.RoundStatus.Reverted, "reverted");
        vm.assertTrue(consensus.statusOf(2) == IRoundConsensus.RoundStatus.Voided, "voided");
        vm.assertEq(consensus.head().modelRoot, GENESIS);
    }

    /// @dev The dearer fault takes the difference, as with every other one.
    function test_AWrongAggregateStillCostsTheRest() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE ^ 0x1000);
        _propose(p.claim.content);
        IFaultProofs.LeafRequest memory request = _ask(p, 0, LEAF);
        vm.warp(_now() + 11);
        IFaultProofs.Accused[] memory accused = _list(_signer(p, _drawn(0)));
        _proofs.concludeLeaf(request, p.claim.opening, accused);
        _prove(p, accused);
        // 10 % of all, then 40 % of what was left.
        vm.assertEq(registry.minerInfo(_drawn(0)).stake, STAKE * 54 / 100);
    }

    function test_TheRequesterAtFaultGetsNoBounty() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _propose(p.claim.content);
        address self = _drawn(0);
        _equip(self, LEAF_BOND);
        vm.prank(self);
        token.approve(address(_proofs), LEAF_BOND);
        IFaultProofs.LeafRequest memory request =
            IFaultProofs.LeafRequest(1, p.claim.candidate, 0, LEAF, p.references[0].modelRoot);
        vm.prank(self);
        _proofs.requestLeaf(p.claim, p.references, 0, LEAF);
        vm.warp(_now() + 11);
        _proofs.concludeLeaf(request, p.claim.opening, _list(_signer(p, self)));
        vm.assertEq(token.balanceOf(self), LEAF_BOND);
        vm.assertEq(registry.minerInfo(self).stake, STAKE * 9 / 10);
    }

    // ------------------------------------------------------------------ what may be asked for

    function test_RefusedRequests() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _propose(p.claim.content);
        vm.startPrank(FINDER);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.ReferenceOutOfRange.selector, 3, 3));
        _proofs.requestLeaf(p.claim, p.references, 3, 0);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.LeafOutOfRange.selector, 3_113, 3_113));
        _proofs.requestLeaf(p.claim, p.references, 0, 3_113);
        p.references[1].modelRoot = keccak256("another");
        vm.expectPartialRevert(IFaultProofs.WrongReferences.selector);
        _proofs.requestLeaf(p.claim, p.references, 1, 0);
        p.claim.content.modelRoot = keccak256("another");
        vm.expectPartialRevert(IFaultProofs.WrongContent.selector);
        _proofs.requestLeaf(p.claim, p.references, MODEL, 0);
        vm.stopPrank();
        p = _claim(ONE);
        bytes4 unpaid = IERC20Errors.ERC20InsufficientAllowance.selector;
        vm.expectRevert(abi.encodeWithSelector(unpaid, _proofs, 0, LEAF_BOND));
        _proofs.requestLeaf(p.claim, p.references, 0, 0);
        vm.assertEq(token.balanceOf(address(_proofs)), 0, "no bond, no request");
        p.claim.candidate = keccak256("nobody's");
        vm.expectPartialRevert(IFaultProofs.NotPosted.selector);
        _proofs.requestLeaf(p.claim, p.references, 0, 0);
        vm.prank(FINDER);
        p.claim.round = 2;
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.UnknownRound.selector, 2));
        _proofs.requestLeaf(p.claim, p.references, 0, 0);
    }

    /// @dev Answer time (10) and grace (5) must be over when the round can be final: nobody waits for a request.
    function test_RequestsFitIntoTheWindow() external {
        IRoundConsensus.Parameters memory parameters = _demo();
        parameters.challengeWindow = 25;
        parameters.collectMin = 6;
        consensus.setParameters(parameters);
        _agree(_content(1));
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        IFaultProofs.Accused[] memory accused = _list(_signer(p, _drawn(0)));
        _previousBlockHash = blockhash(vm.getBlockNumber() - 2);
        p.claim.opening.previousBlockHash = _previousBlockHash;
        _agree(p.claim.content);
        uint256 finalAt = lens.roundInfo(2).finalAt;
        vm.warp(finalAt - 15);
        IFaultProofs.LeafRequest memory request = _ask(p, 0, LEAF);
        vm.assertEq(_proofs.requestOf(keccak256(abi.encode(request))).decidedBy, finalAt);
        vm.assertEq(lens.roundInfo(2).finalAt, finalAt, "asking delays nothing");
        vm.warp(finalAt - 14);
        vm.prank(FINDER);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.RequestTooLate.selector, finalAt + 1, finalAt));
        _proofs.requestLeaf(p.claim, p.references, 0, LEAF + 1);
        vm.warp(finalAt - 1);
        _proofs.concludeLeaf(request, p.claim.opening, accused);
        vm.assertTrue(consensus.statusOf(2) == IRoundConsensus.RoundStatus.Reverted, "in time");
    }

    /// @dev An open round has its whole window to come; if that is shorter than answer time and grace nothing can be asked for.
    function test_AWindowThatIsTooShort() external {
        IRoundConsensus.Parameters memory parameters = _demo();
        parameters.answerTime = 11;
        consensus.setParameters(parameters);
        _agree(_content(1));
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _propose(p.claim.content);
        vm.prank(FINDER);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.RequestTooLate.selector, _now() + 16, _now() + 15));
        _proofs.requestLeaf(p.claim, p.references, 0, LEAF);
    }

    /// @dev Asked for in an open round that ends at once: it is still not final when the request is decided.
    function test_AnOpenRoundThatEndsMeanwhile() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        address liar = _drawn(0);
        IFaultProofs.Accused[] memory accused = _list(_signer(p, liar));
        vm.prank(liar);
        registry.exit();
        _propose(p.claim.content);
        IFaultProofs.LeafRequest memory request = _ask(p, 0, LEAF);
        uint256 decidedBy = _proofs.requestOf(keccak256(abi.encode(request))).decidedBy;
        consensus.settle(1, _yesVotes(4, 0), p.claim.content);
        vm.assertLe(decidedBy, lens.roundInfo(1).finalAt, "final before it is decided");
        vm.assertLe(decidedBy, registry.minerInfo(liar).releaseAt, "withdrawn before it is decided");
        vm.warp(decidedBy - 1);
        _proofs.concludeLeaf(request, p.claim.opening, accused);
        vm.assertEq(registry.minerInfo(liar).unbonding, STAKE * 9 / 10);
        vm.assertTrue(consensus.statusOf(1) == IRoundConsensus.RoundStatus.Reverted, "in time");
    }

    // ------------------------------------------------------------------ bonds that go back

    function test_ABondGoesBackIfSomethingElseDecided() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE ^ 0x1000);
        _propose(p.claim.content);
        IFaultProofs.LeafRequest memory request = _ask(p, 0, LEAF);
        uint256 decidedBy = _now() + 15;
        bytes memory tooSoon =
            abi.encodeWithSelector(IFaultProofs.StillOpen.selector, keccak256(abi.encode(request)), decidedBy);
        vm.prank(FINDER);
        vm.expectRevert(tooSoon);
        _proofs.releaseBond(request);
        _prove(p, _list(_signer(p, _drawn(0))));
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.NotRequester.selector, address(this), FINDER));
        _proofs.releaseBond(request);
        vm.prank(FINDER);
        _proofs.releaseBond(request);
        vm.prank(FINDER);
        vm.expectPartialRevert(IFaultProofs.NoOpenRequest.selector);
        _proofs.releaseBond(request);
        vm.assertEq(token.balanceOf(address(_proofs)), 0);
    }

    /// @dev The candidate that was asked about is in a later round than the one that is taken back.
    function test_ABondGoesBackFromAVoidRound() external {
        IFaultProofs.AggregateProof memory first = _claim(ONE);
        IFaultProofs.Accused[] memory accused = _list(_signer(first, _drawn(0)));
        _agree(first.claim.content);
        IFaultProofs.LeafRequest memory early = _ask(first, 0, 0);
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _propose(p.claim.content);
        IFaultProofs.LeafRequest memory request = _ask(p, 0, LEAF);
        vm.warp(_now() + 11);
        _proofs.concludeLeaf(early, first.claim.opening, accused);
        vm.prank(FINDER);
        _proofs.releaseBond(request);
        vm.assertEq(token.balanceOf(address(_proofs)), 0);
        vm.assertTrue(consensus.statusOf(2) == IRoundConsensus.RoundStatus.Voided, "void");
    }

    function test_ABondGoesBackIfNobodyConcluded() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        IFaultProofs.Accused[] memory accused = _list(_signer(p, _drawn(0)));
        _agree(p.claim.content);
        IFaultProofs.LeafRequest memory request = _ask(p, 0, LEAF);
        vm.warp(_now() + 15);
        vm.expectPartialRevert(IFaultProofs.AlreadyFinal.selector);
        _proofs.concludeLeaf(request, p.claim.opening, accused);
        vm.prank(FINDER);
        _proofs.releaseBond(request);
        _assertBonds(0, 100e18, 0);
    }
}
