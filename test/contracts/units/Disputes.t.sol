// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFaultProofs} from "../../../contracts/interfaces/IFaultProofs.sol";
import {IKeyBook} from "../../../contracts/interfaces/IKeyBook.sol";
import {IMinerRegistry} from "../../../contracts/interfaces/IMinerRegistry.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {DisputedFederation} from "../solidity/DisputedFederation.sol";
import {vm} from "../solidity/Vm.sol";

/// @dev What a proof does to stake, votes and rounds.
contract DisputesTest is DisputedFederation {
    // ------------------------------------------------------------------ an open round

    function test_AnOpenRoundLosesTheCandidateAndItsSignersWeight() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE ^ 0x1000);
        (address liar, address honest) = (_drawn(0), _drawn(1));
        _proposeAlone(p.claim.content, 0);
        _prove(p, _list(_signer(p, liar)));
        _assertConserved(STAKE / 2, STAKE * 15 / 100);
        IMinerRegistry.MinerInfo memory info = registry.minerInfo(liar);
        vm.assertEq(info.stake, STAKE / 2);
        vm.assertEq(info.weight, 0);
        vm.assertEq(registry.activeWeight(), 3 * STAKE);
        // Yes of all four, the liar's too, and it is still disagreed; the honest one's wins with three.
        IFaultProofs.AggregateProof memory right = _claim(ONE);
        _proposeAlone(right.claim.content, 1);
        vm.assertEq(_drawn(1), honest);
        IRoundConsensus.Vote[] memory votes = new IRoundConsensus.Vote[](7);
        IMinerRegistry.Seat[] memory seats = registry.roster();
        uint256 n = 0;
        for (uint256 i = 0; i < 4; ++i) {
            votes[n++] = _yes(seats[i].owner, 0);
            if (seats[i].owner != liar) votes[n++] = _yes(seats[i].owner, 1);
        }
        consensus.settle(1, votes, right.claim.content);
        vm.assertEq(consensus.head().modelRoot, right.claim.content.modelRoot);
        // The seat is gone; the rest of the stake is too little to come back with.
        vm.assertEq(registry.activeCount(), 3);
        vm.assertEq(uint256(registry.minerInfo(liar).status), uint256(IMinerRegistry.MinerStatus.Inactive));
        vm.prank(liar);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.StakeBelowMinimum.selector, STAKE / 2, STAKE));
        registry.reactivate();
        _equip(liar, STAKE / 2);
        vm.prank(liar);
        registry.addStake(STAKE / 2);
        vm.prank(liar);
        registry.reactivate();
        _nextBlock();
        _agree(_content(77));
        vm.assertEq(registry.activeCount(), 4);
        vm.assertEq(registry.activeWeight() > 4 * STAKE, true);
    }

    /// @dev Two against two on equal weights: the slashed one's yes counts no more, so neither passes; nothing divides by 0.
    function test_VotesOfTheSlashedCountForNothing() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE ^ 0x1000);
        _propose(p.claim.content);
        IFaultProofs.Accused[] memory all = new IFaultProofs.Accused[](4);
        (all[0], all[1]) = (_signer(p, _drawn(0)), _signer(p, _drawn(1)));
        (all[2], all[3]) = (_voter(p, _drawn(2)), _voter(p, _drawn(3)));
        IRoundConsensus.Vote[] memory votes = _yesVotes(4, 0);
        _prove(p, all);
        _assertConserved(2 * STAKE, STAKE * 60 / 100);
        vm.assertEq(registry.activeWeight(), 0);
        // Everybody is jailed, and the round still ends.
        consensus.settle(1, votes, p.claim.content);
        vm.assertEq(uint256(consensus.statusOf(1)), uint256(IRoundConsensus.RoundStatus.Failed));
        vm.warp(_now() + 60);
        vm.expectPartialRevert(IRoundConsensus.NotEnoughMiners.selector);
        consensus.openRound();
    }

    // ------------------------------------------------------------------ an agreed round

    function test_AnAgreedRoundIsTakenBack() external {
        _previousBlockHash = blockhash(vm.getBlockNumber() - 2);
        IFaultProofs.AggregateProof memory p = _claim(ONE ^ 0x1000);
        IFaultProofs.Accused[] memory accused = new IFaultProofs.Accused[](2);
        (accused[0], accused[1]) = (_signer(p, _drawn(0)), _voter(p, _drawn(3)));
        (address liar, address voter) = (_drawn(0), _drawn(3));
        _agree(p.claim.content);
        vm.assertEq(consensus.head().modelRoot, p.claim.content.modelRoot);
        _prove(p, accused);
        vm.assertEq(consensus.head().modelRoot, GENESIS);
        vm.assertEq(uint256(consensus.statusOf(1)), uint256(IRoundConsensus.RoundStatus.Reverted));
        vm.assertEq(uint256(consensus.statusOf(2)), uint256(IRoundConsensus.RoundStatus.Voided));
        vm.assertTrue(registry.minerInfo(liar).stake == STAKE / 2 && registry.minerInfo(voter).stake == STAKE / 2, "");
        _assertConserved(STAKE, STAKE * 30 / 100);
        // Once more is not a second offence.
        vm.prank(FINDER);
        _proofs.commit(keccak256(abi.encode(keccak256(abi.encode(p)), FINDER, SALT)));
        _nextBlock();
        vm.prank(FINDER);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.AlreadyProven.selector, p.claim.candidate, 5_000));
        _proofs.proveAggregate(p, SALT, accused);
        // The two that did not sign nor say yes go on.
        vm.warp(_now() + 60);
        consensus.openRound();
        vm.assertEq(registry.activeCount(), 2);
    }

    /// @dev The average lies halfway between two floats, so that either neighbour is tolerable: a liar's friend proves that
    /// first, which takes the round back. Its references are no clients', and that still takes the rest.
    function test_ACheapFaultThatTookTheRoundBackSavesNobody() external {
        _previousBlockHash = blockhash(vm.getBlockNumber() - 2);
        uint32[] memory column = new uint32[](2);
        (column[0], column[1]) = (ONE, ONE + 1);
        IFaultProofs.AggregateProof memory p = _claimOf(ONE + 1, column);
        address liar = _drawn(0);
        IFaultProofs.Accused[] memory accused = _list(_signer(p, liar));
        _agree(p.claim.content);
        _prove(p, accused);
        vm.assertEq(registry.minerInfo(liar).stake, STAKE * 99 / 100);
        vm.assertTrue(consensus.statusOf(1) == IRoundConsensus.RoundStatus.Reverted, "taken back");
        vm.expectRevert(_takenBack(p.claim.candidate));
        _proofs.requestLeaf(p.claim, p.references, 0, 0);
        IFaultProofs.ReferenceProof memory q;
        (q.claim, q.references) = (p.claim, p.references);
        vm.prank(FINDER);
        _proofs.commit(keccak256(abi.encode(keccak256(abi.encode(q)), FINDER, SALT)));
        _nextBlock();
        vm.prank(FINDER);
        _proofs.proveReference(q, SALT, accused);
        vm.assertEq(registry.minerInfo(liar).stake, STAKE * 99 / 100 * 51 / 100);
        vm.assertTrue(consensus.statusOf(1) == IRoundConsensus.RoundStatus.Reverted, "once");
        vm.assertEq(consensus.head().modelRoot, GENESIS);
        // Nothing is left to take.
        _nextBlock();
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.AlreadyProven.selector, p.claim.candidate, 5_000));
        this.proveAgain(q, accused);
    }

    function _takenBack(bytes32 candidate) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            IFaultProofs.NotContestable.selector, 1, candidate, IRoundConsensus.RoundStatus.Reverted
        );
    }

    function proveAgain(IFaultProofs.ReferenceProof calldata q, IFaultProofs.Accused[] calldata accused) external {
        _proofs.commit(keccak256(abi.encode(keccak256(abi.encode(q)), address(this), SALT)));
        _nextBlock();
        _proofs.proveReference(q, SALT, accused);
    }

    function test_AFinalRoundStands() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE ^ 0x1000);
        IFaultProofs.Accused[] memory accused = _list(_signer(p, _drawn(0)));
        _agree(p.claim.content);
        uint256 finalAt = lens.roundInfo(1).finalAt;
        vm.prank(FINDER);
        _proofs.commit(keccak256(abi.encode(keccak256(abi.encode(p)), FINDER, SALT)));
        _nextBlock();
        vm.warp(finalAt);
        vm.prank(FINDER);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.AlreadyFinal.selector, 1, finalAt));
        _proofs.proveAggregate(p, SALT, accused);
    }

    function test_ARoundThatNeverWasIsRefused() external {
        IFaultProofs.AggregateProof memory p = _claim(ONE ^ 0x1000);
        IFaultProofs.Accused[] memory accused = _list(_signer(p, _drawn(0)));
        p.claim.round = 99;
        vm.prank(FINDER);
        _proofs.commit(keccak256(abi.encode(keccak256(abi.encode(p)), FINDER, SALT)));
        _nextBlock();
        vm.prank(FINDER);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.UnknownRound.selector, 99));
        _proofs.proveAggregate(p, SALT, accused);
    }

    // ------------------------------------------------------------------ who answers for what

    /// @dev Stake that is leaving answers as well: unbonding is longer than any challenge.
    function test_LeavingSavesNothing() external {
        _previousBlockHash = blockhash(vm.getBlockNumber() - 2);
        IFaultProofs.AggregateProof memory p = _claim(ONE ^ 0x1000);
        address liar = _drawn(0);
        IFaultProofs.Accused[] memory accused = _list(_signer(p, liar));
        vm.prank(liar);
        registry.exit();
        _agree(p.claim.content);
        vm.assertEq(registry.minerInfo(liar).unbonding, STAKE);
        _prove(p, accused);
        vm.assertEq(registry.minerInfo(liar).unbonding, STAKE / 2);
        _assertConserved(STAKE / 2, STAKE * 15 / 100);
        vm.warp(registry.minerInfo(liar).releaseAt);
        vm.prank(liar);
        registry.withdraw();
        vm.assertEq(token.balanceOf(liar), STAKE / 2);
    }

    /// @dev A key that was replaced before the round answers for nothing in it: it may have leaked since.
    function test_AReplacedKeyAccusesNobody() external {
        (address miner, address key) = (_drawn(0), vm.addr(0xBEEF));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(0xBEEF, registry.keyDigest(miner));
        vm.prank(miner);
        registry.setKey(key, abi.encodePacked(r, s, v));
        uint256 firstOpening = lens.roundInfo(1).openedAt;
        _agree(_content(5));
        uint256 secondOpening = lens.roundInfo(2).openedAt;
        vm.assertEq(registry.ownerOfKeyAt(miner, firstOpening), miner);
        vm.assertEq(registry.ownerOfKeyAt(miner, secondOpening), address(0));
        vm.assertEq(registry.ownerOfKeyAt(key, secondOpening), miner);
        IFaultProofs.AggregateProof memory p = _claim(ONE ^ 0x1000);
        for (uint256 rank = 0; rank < 4; ++rank) {
            if (_drawn(rank) != miner) continue;
            keyOf[miner] = 0xBEEF;
            _propose(p.claim.content);
        }
        keyOf[miner] = 0xA0000;
        for (uint256 i = 0; i < 4; ++i) {
            if (vm.addr(0xA0000 + i) == miner) keyOf[miner] = 0xA0000 + i;
        }
        IFaultProofs.Accused[] memory accused = _list(_voter(p, miner));
        vm.prank(FINDER);
        _proofs.commit(keccak256(abi.encode(keccak256(abi.encode(p)), FINDER, SALT)));
        _nextBlock();
        vm.prank(FINDER);
        vm.expectRevert(abi.encodeWithSelector(IFaultProofs.NotAMiner.selector, miner));
        _proofs.proveAggregate(p, SALT, accused);
    }

    /// @dev A key that comes back answers again, and the one in between no more.
    function test_AKeyThatComesBackAnswersAgain() external {
        (address miner, address key) = (_drawn(0), vm.addr(0xBEEF));
        uint256 own = keyOf[miner];
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(0xBEEF, registry.keyDigest(miner));
        vm.prank(miner);
        registry.setKey(key, abi.encodePacked(r, s, v));
        _agree(_content(5));
        vm.prank(miner);
        registry.setKey(miner, "");
        keyOf[miner] = 0xBEEF;
        _agree(_content(6));
        keyOf[miner] = own;
        uint256 thirdOpening = lens.roundInfo(3).openedAt;
        vm.assertEq(registry.ownerOfKeyAt(miner, thirdOpening), miner);
        vm.assertEq(registry.ownerOfKeyAt(key, thirdOpening), address(0));
    }

    /// @dev Nor does a key in use become nobody's: as an owner with a key of its own it would be replaced as its own key.
    function test_AKeyOfAnotherCannotRetireItself() external {
        (address miner, address key, address third) = (_drawn(0), _account(8), _account(9));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf[key], registry.keyDigest(miner));
        vm.prank(miner);
        registry.setKey(key, abi.encodePacked(r, s, v));
        _agree(_content(5));
        _equip(key, STAKE);
        (v, r, s) = vm.sign(keyOf[third], registry.keyDigest(key));
        vm.prank(key);
        vm.expectRevert(abi.encodeWithSelector(IKeyBook.KeyTaken.selector, key, miner));
        registry.register(STAKE, third, abi.encodePacked(r, s, v), URL);
        keyOf[miner] = keyOf[key];
        _agree(_content(6));
        vm.assertEq(registry.ownerOfKeyAt(key, lens.roundInfo(3).openedAt), miner);
    }

    /// @dev Terms of a round stay provable however often a client changes them later.
    function test_OldTermsOfClientsAreKept() external {
        address client = address(0xC0);
        vm.startPrank(client);
        clients.register(client, "");
        vm.stopPrank();
        _agree(_content(1));
        vm.prank(client);
        clients.unregister();
        _agree(_content(2));
        vm.prank(client);
        clients.register(client, "");
        vm.prank(client);
        clients.unregister();
        vm.prank(client);
        clients.register(client, "");
        _agree(_content(3));
        bool[5] memory active = [false, false, true, false, true];
        for (uint64 round = 1; round < 5; ++round) {
            vm.assertEq(clients.termsAt(client, round).active, active[round]);
        }
        vm.assertEq(clients.clientCount(), 1);
    }

    function test_OnlyFaultProofsSlashAndNotTooMuch() external {
        address miner = _drawn(0);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.OnlyFaultProofs.selector, address(this)));
        registry.slash(miner, 1, FINDER, 0);
        vm.startPrank(address(_proofs));
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.RateTooHigh.selector, 10_001, 0));
        registry.slash(miner, 10_001, FINDER, 0);
        vm.expectRevert(abi.encodeWithSelector(IMinerRegistry.RateTooHigh.selector, 1, 3_001));
        registry.slash(miner, 1, FINDER, 3_001);
        (uint256 slashed, uint256 bounty) = registry.slash(miner, 10_000, FINDER, 3_000);
        vm.stopPrank();
        vm.assertTrue(slashed == STAKE && bounty == STAKE * 3 / 10, "all of it");
        _assertConserved(slashed, bounty);
    }
}
