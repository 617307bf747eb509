// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFaultProofs} from "../../../contracts/interfaces/IFaultProofs.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {Messages} from "../../../contracts/libraries/Messages.sol";
import {DisputedFederation} from "../solidity/DisputedFederation.sol";
import {vm} from "../solidity/Vm.sol";

/// @dev A proposer that acknowledged an update and left its client out.
contract BrokenReceiptsTest is DisputedFederation {
    bytes32 private constant ACKNOWLEDGED = keccak256("acknowledged");
    address private constant CLIENT = address(0xC7);
    address private constant ANYONE = address(0xF3);

    /// @dev What `miner` acknowledged, against the candidate that it signed.
    function _proof(IFaultProofs.AggregateProof memory p, address miner)
        private
        view
        returns (IFaultProofs.ReceiptProof memory q)
    {
        (q.claim, q.references, q.client, q.modelRoot) = (p.claim, p.references, CLIENT, ACKNOWLEDGED);
        (q.receiptR, q.receiptVs) = _receipt(q, miner);
        IFaultProofs.Accused memory signer = _signer(p, miner);
        (q.signerR, q.signerVs) = (signer.r, signer.vs);
    }

    function _receipt(IFaultProofs.ReceiptProof memory q, address miner) private view returns (bytes32, bytes32) {
        (, bytes32 openingHash,) = consensus.slotOf(q.claim.round);
        bytes32 hash = Messages.receipt(q.claim.round, openingHash, q.client, q.modelRoot);
        return vm.signCompact(keyOf[miner], consensus.hashTypedData(hash));
    }

    function _commitTo(IFaultProofs.ReceiptProof memory q) private {
        vm.prank(FINDER);
        _proofs.commit(keccak256(abi.encode(keccak256(abi.encode(q)), FINDER, SALT)));
        _nextBlock();
    }

    function _proveReceipt(IFaultProofs.ReceiptProof memory q) private {
        _commitTo(q);
        vm.prank(FINDER);
        _proofs.proveBrokenReceipt(q, SALT);
    }

    function _refused(IFaultProofs.ReceiptProof memory q, bytes4 selector) private {
        _commitTo(q);
        vm.prank(FINDER);
        vm.expectPartialRevert(selector);
        _proofs.proveBrokenReceipt(q, SALT);
    }

    function test_ASoleSignersCandidateIsStruck() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _proposeAlone(p.claim.content, 0);
        _proveReceipt(_proof(p, _drawn(0)));
        vm.assertEq(registry.minerInfo(_drawn(0)).stake, STAKE * 9 / 10);
        _assertConserved(STAKE / 10, STAKE * 3 / 100);
        // The honest one's, with the update in it, wins.
        IRoundConsensus.CandidateContent memory right = _content(9);
        _proposeAlone(right, 1);
        consensus.settle(1, _yesVotes(4, 1), right);
        vm.assertEq(consensus.head().modelRoot, right.modelRoot);
    }

    /// @dev Its co-signer and the voters knew nothing of the receipt: they lose neither stake nor round.
    function test_WhatOthersSignedStands() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        address breaker = _drawn(0);
        IFaultProofs.ReceiptProof memory q = _proof(p, breaker);
        _propose(p.claim.content);
        _proveReceipt(q);
        vm.assertEq(registry.minerInfo(breaker).stake, STAKE * 9 / 10);
        vm.assertEq(registry.minerInfo(breaker).weight, 0);
        consensus.settle(1, _yesVotes(4, 0), p.claim.content);
        vm.assertTrue(consensus.statusOf(1) == IRoundConsensus.RoundStatus.Agreed, "agreed without its vote");
    }

    /// @dev Anyone can sign an id, and a receipt for whatever client: that strikes nothing of somebody else's.
    function test_WhatAnotherPostedAloneStands() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _proposeAlone(p.claim.content, 0);
        address meddler = _drawn(2);
        _proveReceipt(_proof(p, meddler));
        vm.assertEq(registry.minerInfo(meddler).stake, STAKE * 9 / 10);
        vm.assertEq(registry.minerInfo(_drawn(0)).stake, STAKE);
        vm.warp(_info().proposeDeadline + 1);
        consensus.settle(1, _yesVotes(4, 0), p.claim.content);
        vm.assertEq(consensus.head().modelRoot, p.claim.content.modelRoot);
    }

    /// @dev Whoever has left and withdrawn has nothing to lose by it.
    function test_AFormerMinerStrikesNothing() external {
        address former = _account(3);
        vm.prank(former);
        registry.exit();
        _agree(_content(9));
        vm.warp(registry.minerInfo(former).releaseAt);
        vm.prank(former);
        registry.withdraw();
        consensus.failRound(2);
        vm.warp(_now() + 1);
        consensus.openRound();
        _nextBlock();
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _proposeAlone(p.claim.content, 0);
        _proveReceipt(_proof(p, former));
        vm.warp(_info().proposeDeadline + 1);
        consensus.settle(3, _yesVotes(3, 0), p.claim.content);
        vm.assertEq(consensus.head().modelRoot, p.claim.content.modelRoot);
    }

    function test_AnAgreedRoundStaysAndEachOffenceCountsOnce() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        IFaultProofs.ReceiptProof memory q = _proof(p, _drawn(0));
        q.client = address(0xC8);
        address breaker = _drawn(0);
        (q.receiptR, q.receiptVs) = _receipt(q, breaker);
        IFaultProofs.ReceiptProof memory again = _proof(p, breaker);
        _agree(p.claim.content);
        _proveReceipt(q);
        vm.assertTrue(consensus.statusOf(1) == IRoundConsensus.RoundStatus.Agreed, "stays");
        vm.assertEq(registry.minerInfo(breaker).stake, STAKE * 9 / 10);
        _refused(again, IFaultProofs.AlreadyPunished.selector);
        vm.warp(lens.roundInfo(1).finalAt);
        vm.prank(FINDER);
        vm.expectPartialRevert(IFaultProofs.AlreadyFinal.selector);
        _proofs.proveBrokenReceipt(again, SALT);
    }

    /// @dev Any update of that client will do, and so does the same model by a client of a lower address.
    function test_AKeptReceiptProvesNothing() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _propose(p.claim.content);
        IFaultProofs.ReceiptProof memory q = _proof(p, _drawn(0));
        q.client = p.references[2].client;
        (q.receiptR, q.receiptVs) = _receipt(q, _drawn(0));
        _commitTo(q);
        vm.prank(FINDER);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.ReceiptKept.selector, q.client, 2));
        _proofs.proveBrokenReceipt(q, SALT);
        q = _proof(p, _drawn(0));
        q.modelRoot = p.references[1].modelRoot;
        (q.receiptR, q.receiptVs) = _receipt(q, _drawn(0));
        _refused(q, IFaultProofs.ReceiptKept.selector);
        vm.assertEq(registry.minerInfo(_drawn(0)).stake, STAKE);
    }

    /// @dev Of equal models the lowest address counts: a copy of a higher one keeps nobody's receipt.
    function test_ACopyByAHigherAddressKeepsNothing() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        address breaker = _drawn(0);
        IFaultProofs.ReceiptProof memory q = _proof(p, breaker);
        (q.client, q.modelRoot) = (address(0xBF), p.references[0].modelRoot);
        (q.receiptR, q.receiptVs) = _receipt(q, breaker);
        _propose(p.claim.content);
        _proveReceipt(q);
        vm.assertEq(registry.minerInfo(breaker).stake, STAKE * 9 / 10);
    }

    function test_TamperedReceipts() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _propose(p.claim.content);
        IFaultProofs.ReceiptProof memory q = _proof(p, _drawn(0));
        q.modelRoot = keccak256("not this one");
        _refused(q, IFaultProofs.NotAMiner.selector);
        // The receipt of one miner and the candidate of another.
        q = _proof(p, _drawn(0));
        (q.receiptR, q.receiptVs) = _receipt(q, _drawn(1));
        _refused(q, IFaultProofs.SignersDiffer.selector);
        // A voter is no proposer: its yes is no signature of the candidate.
        q = _proof(p, _drawn(2));
        IFaultProofs.Accused memory voter = _voter(p, _drawn(2));
        (q.signerR, q.signerVs) = (voter.r, voter.vs);
        _refused(q, IFaultProofs.NotAMiner.selector);
        q = _proof(p, _drawn(0));
        q.references = new Messages.UpdateReference[](2);
        (q.references[0], q.references[1]) = (p.references[0], p.references[1]);
        _refused(q, IFaultProofs.WrongReferences.selector);
        q = _proof(p, _drawn(0));
        q.claim.content.updateCount = 4;
        _refused(q, IFaultProofs.WrongContent.selector);
        q.claim.content.updateCount = 3;
        // The miner itself, and a proof nobody committed to.
        q = _proof(p, _drawn(0));
        vm.prank(ANYONE);
        vm.expectPartialRevert(IFaultProofs.NotCommitted.selector);
        _proofs.proveBrokenReceipt(q, SALT);
        address breaker = _drawn(0);
        vm.prank(breaker);
        _proofs.commit(keccak256(abi.encode(keccak256(abi.encode(q)), breaker, SALT)));
        _nextBlock();
        vm.prank(breaker);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.ChallengerAccused.selector, breaker));
        _proofs.proveBrokenReceipt(q, SALT);
    }

    /// @dev A receipt of another round, or of the same number after a reorganisation, is another message.
    function test_ReceiptsOfOtherRounds() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _propose(p.claim.content);
        IFaultProofs.ReceiptProof memory q = _proof(p, _drawn(0));
        bytes32 hash = Messages.receipt(1, keccak256("another opening"), CLIENT, ACKNOWLEDGED);
        (q.receiptR, q.receiptVs) = vm.signCompact(keyOf[_drawn(0)], consensus.hashTypedData(hash));
        _refused(q, IFaultProofs.NotAMiner.selector);
    }
}
