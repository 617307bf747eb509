// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFaultProofs} from "../../../contracts/interfaces/IFaultProofs.sol";
import {IFederationPause} from "../../../contracts/interfaces/IFederationPause.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {DisputedFederation} from "../solidity/DisputedFederation.sol";
import {vm} from "../solidity/Vm.sol";

/// @dev Disputes in a federation that is paused: none moves, none runs out of time.
contract PausedDisputesTest is DisputedFederation {
    uint64 private constant LEAF = COORDINATE / 64;
    uint256 private constant LONG = 3 days;

    function setUp() public override {
        super.setUp();
        _previousBlockHash = blockhash(vm.getBlockNumber() - 2);
        // forge-lint: disable-next-line(erc20-unchecked-transfer)
        token.transfer(FINDER, 100e18);
        vm.prank(FINDER);
        token.approve(address(_proofs), type(uint256).max);
    }

    function _paused(uint256 time) private {
        _nextBlock();
        consensus.pause();
        vm.warp(_now() + time);
        consensus.resume();
    }

    function _ask(IFaultProofs.AggregateProof memory p) private returns (IFaultProofs.LeafRequest memory request) {
        request = IFaultProofs.LeafRequest(p.claim.round, p.claim.candidate, 0, LEAF, p.references[0].modelRoot);
        vm.prank(FINDER);
        _proofs.requestLeaf(p.claim, p.references, 0, LEAF);
    }

    function _opening() private view returns (bytes memory) {
        (bytes memory path,) = _record(2, ONE);
        return bytes.concat(keccak256("header"), keccak256("others"), path);
    }

    function _requested(IFaultProofs.LeafRequest memory request) private view returns (IFaultProofs.Request memory) {
        return _proofs.requestOf(keccak256(abi.encode(request)));
    }

    function _refused() private {
        vm.expectRevert(abi.encodeWithSelector(IFederationPause.Paused.selector, _now()));
    }

    function test_NoDisputeMoves() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE ^ 0x1000);
        _propose(p.claim.content);
        IFaultProofs.LeafRequest memory request = _ask(p);
        IFaultProofs.Accused[] memory first = _list(_signer(p, _drawn(0)));
        IFaultProofs.Accused[] memory second = _list(_signer(p, _drawn(1)));
        vm.warp(_now() + 11);
        consensus.pause();
        // Said only: it takes nothing from anyone.
        vm.prank(FINDER);
        _proofs.commit(keccak256(abi.encode(keccak256(abi.encode(p)), FINDER, SALT)));
        _nextBlock();
        vm.startPrank(FINDER);
        _refused();
        _proofs.proveAggregate(p, SALT, first);
        _refused();
        _proofs.requestLeaf(p.claim, p.references, 1, LEAF);
        vm.stopPrank();
        _refused();
        _proofs.concludeLeaf(request, p.claim.opening, first);
        consensus.resume();
        vm.prank(FINDER);
        _proofs.proveAggregate(p, SALT, first);
        consensus.pause();
        _refused();
        _proofs.accuse(1, p.claim.candidate, second);
        // A bond that something else decided goes back.
        vm.prank(FINDER);
        _proofs.releaseBond(request);
        consensus.resume();
        _proofs.accuse(1, p.claim.candidate, second);
    }

    function testFuzz_NoAnswerIsLate(uint8 after_, uint32 first, uint8 between, uint32 second) external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _propose(p.claim.content);
        bytes memory opening = _opening();
        _paused(LONG);
        IFaultProofs.LeafRequest memory request = _ask(p);
        vm.assertEq(_requested(request).dueAt, _now() + 10);
        vm.assertEq(_requested(request).decidedBy, _now() + 15);
        uint256 dueAt = _now() + 10;
        (first, second) = (first % 10 days, second % 10 days);
        vm.warp(_now() + after_ % 5);
        _paused(first);
        vm.warp(_now() + between % 5);
        consensus.pause();
        vm.warp(_now() + second);
        vm.expectPartialRevert(IFederationPause.Paused.selector);
        _proofs.answerLeaf(request, opening);
        consensus.resume();
        dueAt += uint256(first) + second;
        vm.assertEq(_requested(request).dueAt, dueAt);
        vm.assertEq(_requested(request).decidedBy, dueAt + 5);
        vm.warp(dueAt);
        _proofs.answerLeaf(request, opening);
    }

    function test_ABondIsReleasedNoEarlier() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        _propose(p.claim.content);
        IFaultProofs.LeafRequest memory request = _ask(p);
        IFaultProofs.Accused[] memory accused = _list(_signer(p, _drawn(0)));
        uint256 decidedBy = _now() + 15 + LONG;
        consensus.pause();
        vm.warp(_now() + LONG);
        vm.prank(FINDER);
        vm.expectPartialRevert(IFaultProofs.StillOpen.selector);
        _proofs.releaseBond(request);
        consensus.resume();
        vm.warp(decidedBy - 5);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.StillAnswerable.selector, decidedBy - 5));
        _proofs.concludeLeaf(request, p.claim.opening, accused);
        vm.warp(decidedBy - 1);
        vm.prank(FINDER);
        vm.expectPartialRevert(IFaultProofs.StillOpen.selector);
        _proofs.releaseBond(request);
        vm.warp(decidedBy);
        vm.prank(FINDER);
        _proofs.releaseBond(request);
    }

    /// @dev What one learns in a pause can be proven after it.
    function test_NoChallengeWindowEnds() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE ^ 0x1000);
        IFaultProofs.Accused[] memory accused = _list(_signer(p, _drawn(0)));
        _agree(p.claim.content);
        uint256 finalAt = _now() + 15 + LONG;
        _paused(LONG);
        vm.warp(finalAt);
        vm.prank(FINDER);
        _proofs.commit(keccak256(abi.encode(keccak256(abi.encode(p)), FINDER, SALT)));
        _nextBlock();
        vm.prank(FINDER);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.AlreadyFinal.selector, 1, finalAt));
        _proofs.proveAggregate(p, SALT, accused);
        vm.warp(finalAt - 1);
        vm.prank(FINDER);
        _proofs.proveAggregate(p, SALT, accused);
        vm.assertTrue(consensus.statusOf(1) == IRoundConsensus.RoundStatus.Reverted, "in time");
    }

    /// @dev A request in a round that ends before a pause is still decided before that round is final.
    function testFuzz_NoRoundIsFinalBeforeItsRequests(uint8 after_, uint32 time) external {
        IFaultProofs.AggregateProof memory p = _claim(ONE);
        IFaultProofs.Accused[] memory accused = _list(_signer(p, _drawn(0)));
        _propose(p.claim.content);
        IFaultProofs.LeafRequest memory request = _ask(p);
        vm.warp(_now() + after_ % 5);
        consensus.settle(1, _yesVotes(4, 0), p.claim.content);
        _paused(time % 10 days);
        vm.assertLe(_requested(request).decidedBy, lens.roundInfo(1).finalAt, "final before it is decided");
        vm.warp(_requested(request).decidedBy - 1);
        _proofs.concludeLeaf(request, p.claim.opening, accused);
        vm.assertTrue(consensus.statusOf(1) == IRoundConsensus.RoundStatus.Reverted, "in time");
    }
}
