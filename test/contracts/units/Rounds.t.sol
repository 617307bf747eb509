// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {IRoundLens} from "../../../contracts/interfaces/IRoundLens.sol";
import {FederationTest, IManager} from "../solidity/FederationTest.sol";
import {vm} from "../solidity/Vm.sol";

/// @dev Opening, seeds, proposals, parameters.
contract RoundsTest is FederationTest {
    function _expect(bytes4 selector, uint256 a) private {
        vm.expectRevert(abi.encodeWithSelector(selector, a));
    }

    function _expect(bytes4 selector, uint256 a, uint256 b) private {
        vm.expectRevert(abi.encodeWithSelector(selector, a, b));
    }

    function _expect(bytes4 selector, uint256 a, uint256 b, uint256 c) private {
        vm.expectRevert(abi.encodeWithSelector(selector, a, b, c));
    }

    // ------------------------------------------------------------------ constructor

    function _construct(address authority, IRoundConsensus.Wiring memory w, IRoundConsensus.Task memory t, uint256 ring)
        private
    {
        this.deploy("RoundConsensus", abi.encode(authority, w, t, _demo(), ring));
    }

    function test_ConstructorChecksItsParts() external {
        IRoundConsensus.Wiring memory w = _wiring();
        vm.expectRevert(IRoundConsensus.ZeroAddress.selector);
        _construct(address(0), w, _task(), RING);
        vm.expectPartialRevert(IRoundConsensus.WrongWiring.selector);
        _construct(address(manager), w, _task(), RING);
        w.faultProofs = address(0);
        vm.expectRevert(IRoundConsensus.ZeroAddress.selector);
        _construct(address(manager), w, _task(), RING);
        w = _partsOfTheNext();
        w.clientRegistry = address(0);
        vm.expectRevert(IRoundConsensus.ZeroAddress.selector);
        _construct(address(manager), w, _task(), RING);
        w = _partsOfTheNext();
        w.rewardDistributor = address(pot);
        address here = address(consensus);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.WrongWiring.selector, address(pot), here));
        _construct(address(manager), w, _task(), RING);
    }

    /// @dev Registries and a pot that name the address of the next contract but three.
    function _partsOfTheNext() private returns (IRoundConsensus.Wiring memory w) {
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 3);
        w.minerRegistry = deploy("MinerRegistry", abi.encode(token, next));
        w.clientRegistry = deploy("ClientRegistry", abi.encode(manager, next, false, uint32(1)));
        w.rewardDistributor = deploy("RewardDistributor", abi.encode(token, next, RING + 1));
        w.faultProofs = address(this);
    }

    function test_ConstructorChecksTask() external {
        IRoundConsensus.Task memory t = _task();
        t.genesisModelRoot = 0;
        IRoundConsensus.Wiring memory w = _partsOfTheNext();
        vm.expectRevert(IRoundConsensus.GenesisModelMissing.selector);
        _construct(address(manager), w, t, RING);
        t = _task();
        t.dimension = 0;
        w = _partsOfTheNext();
        vm.expectRevert(IRoundConsensus.GenesisModelMissing.selector);
        _construct(address(manager), w, t, RING);
    }

    function test_ConstructorChecksRings() external {
        // The pot needs one slot more than the ring, the ring must cover the challenge window.
        IRoundConsensus.Wiring memory w = _partsOfTheNext();
        _expect(IRoundConsensus.RingTooSmall.selector, RING + 1, RING + 2);
        _construct(address(manager), w, _task(), RING + 1);
        w = _partsOfTheNext();
        _expect(IRoundConsensus.RingTooSmall.selector, RING - 1, RING);
        _construct(address(manager), w, _task(), RING - 1);
    }

    function test_WhatAConsensusSaysOfItself() external view {
        vm.assertEq(keccak256(abi.encode(consensus.task())), keccak256(abi.encode(_task())));
        vm.assertEq(keccak256(abi.encode(consensus.wiring())), keccak256(abi.encode(_wiring())));
        vm.assertEq(consensus.parametersHash(), keccak256(abi.encode(_demo(), _task())));
        vm.assertEq(keccak256(abi.encode(lens.parameters())), keccak256(abi.encode(_demo())));
        vm.assertEq(consensus.unbondingDelay(), 70);
        vm.assertEq(consensus.ringSlots(), RING);
        vm.assertEq(consensus.currentRound(), 0);
        vm.assertEq(consensus.head().modelRoot, GENESIS);
        (uint256 min, uint256 max, uint16 start) = consensus.stakeBounds();
        vm.assertTrue(min == STAKE && max == MAX_STAKE && start == 10_000, "stake bounds");
        vm.assertEq(keccak256(abi.encode(consensus.reputationRule())), keccak256(abi.encode(1_000, 20_000, 500)));
        vm.assertTrue(!consensus.progress().open, "no round");
    }

    /// @dev What was signed on one of two chains that split counts on that one only.
    function test_AChainThatSplitsOffHasItsOwnDomain() external {
        uint256 split = 424_242;
        vm.chainId(split);
        bytes32 typehash =
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        bytes32 domain =
            keccak256(abi.encode(typehash, keccak256("Quorate"), keccak256("1"), split, address(consensus)));
        bytes32 digest = keccak256(abi.encodePacked("\x19\x01", domain, GENESIS));
        vm.assertEq(consensus.hashTypedData(GENESIS), digest);
    }

    // ------------------------------------------------------------------ open

    function test_OpeningNeedsTwoMinersAndABudget() external {
        _expect(IRoundConsensus.PotTooSmall.selector, 0, BUDGET);
        consensus.openRound();
        _fund(BUDGET - 1);
        _expect(IRoundConsensus.PotTooSmall.selector, BUDGET - 1, BUDGET);
        consensus.openRound();
        _fund(1);
        _join(_account(0), STAKE);
        _expect(IRoundConsensus.NotEnoughMiners.selector, 1, 2);
        consensus.openRound();
        _join(_account(1), STAKE);
        vm.assertEq(consensus.openRound(), 1);
        _expect(IRoundConsensus.RoundAlreadyOpen.selector, 1);
        consensus.openRound();
    }

    function test_OpeningHash() external {
        _start(2);
        bytes32 expected = keccak256(
            abi.encode(
                block.chainid,
                address(consensus),
                uint64(1),
                GENESIS,
                consensus.parametersHash(),
                blockhash(vm.getBlockNumber() - 2)
            )
        );
        vm.assertEq(_info().openingHash, expected);
    }

    function test_TargetIsTheClientsAndThenTheLastUpdateCount() external {
        for (uint256 i = 10; i < 14; ++i) {
            address client = _account(i);
            vm.prank(client);
            clients.register(client, "");
        }
        _start(2);
        vm.assertEq(_info().updateTarget, 4);
        vm.warp(_info().collectMaxEnd);
        _agree(_content(1));
        vm.assertEq(_info().updateTarget, 3);
    }

    function test_OpeningWaitsForTheInterval() external {
        _start(2);
        uint256 openedAt = _info().openedAt;
        vm.warp(_info().lastSlotEnd + 1);
        consensus.failRound(1);
        IRoundConsensus.Parameters memory p = _demo();
        p.minRoundInterval = 100;
        consensus.setParameters(p);
        vm.warp(openedAt + 99);
        _expect(IRoundConsensus.RoundTooSoon.selector, openedAt + 100);
        consensus.openRound();
        vm.warp(openedAt + 100);
        consensus.openRound();
    }

    /// @dev The ring never overwrites a round that is not final.
    function test_RingRefusesToOverwrite() external {
        IRoundConsensus.Parameters memory p = _demo();
        p.challengeWindow = 15;
        _start(2);
        for (uint256 i = 1; i <= RING; ++i) {
            vm.assertEq(consensus.currentRound(), i);
            _agree(_content(i));
        }
        // Three seconds a round: the first is final exactly when its slot is needed.
        vm.assertEq(consensus.currentRound(), RING + 1);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.UnknownRound.selector, 1));
        consensus.statusOf(1);
        vm.assertTrue(consensus.isFinal(2) == (_now() >= lens.roundInfo(2).finalAt), "final");
    }

    function test_ALongerWindowDoesNotShortenTheRing() external {
        IRoundConsensus.Parameters memory p = _demo();
        p.collectMin = 5;
        p.challengeWindow = 25;
        _deploy(p, RING);
        _start(2);
        p.collectMin = 20;
        p.challengeWindow = 100;
        consensus.setParameters(p);
        for (uint256 i = 1; i <= 2; ++i) {
            vm.warp(_info().collectMinEnd);
            _agree(_content(i));
        }
        p.collectMin = 25;
        p.collectMax = 25;
        p.challengeWindow = 10;
        consensus.setParameters(p);
        // Round 3 is final after 100 seconds; later rounds are never final before it.
        _agree(_content(3));
        uint256 finalAt = lens.roundInfo(3).finalAt;
        vm.assertEq(finalAt, _now() + 100);
        _agree(_content(4));
        vm.assertEq(lens.roundInfo(4).finalAt, finalAt);
    }

    // ------------------------------------------------------------------ seed

    function test_FreezeSeed() external {
        _join(_account(0), STAKE);
        _join(_account(1), STAKE);
        _fund(FUNDED);
        consensus.openRound();
        uint256 opening = vm.getBlockNumber();
        _expect(IRoundConsensus.SeedNotReady.selector, opening + 1);
        consensus.freezeSeed(1);
        _expect(IRoundConsensus.SeedNotReady.selector, opening + 1);
        lens.proposers(1);
        _nextBlock();
        uint64 seed = uint64(uint256(blockhash(opening)));
        address first = _drawn(0);
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.SeedFrozen(1, seed, opening);
        vm.assertEq(consensus.freezeSeed(1), seed);
        vm.assertEq(_drawn(0), first);
        _expect(IRoundConsensus.SeedAlreadyFrozen.selector, 1);
        consensus.freezeSeed(1);
        _expect(IRoundConsensus.RoundNotOpen.selector, 2);
        consensus.freezeSeed(2);
    }

    function test_ALateSeedIsOfALaterBlock() external {
        _start(2);
        uint256 opening = _info().seedBlock;
        vm.roll(opening + 257);
        vm.setBlockhash(opening + 256, bytes32(uint256(77)));
        vm.assertEq(consensus.freezeSeed(1), 77);
    }

    // ------------------------------------------------------------------ propose

    function test_ContentBounds() external {
        _start(2);
        vm.warp(_info().collectMaxEnd);
        IRoundConsensus.ProposerSignature[] memory none = new IRoundConsensus.ProposerSignature[](0);
        IRoundConsensus.CandidateContent memory c = _content(1);
        c.updateCount = 0;
        _expect(IRoundConsensus.UpdateCountOutOfRange.selector, 0, 1_024);
        consensus.propose(1, c, none);
        c.updateCount = 1_025;
        _expect(IRoundConsensus.UpdateCountOutOfRange.selector, 1_025, 1_024);
        consensus.propose(1, c, none);
        c.updateCount = 1_024;
        c.totalSamples = 1_023;
        _expect(IRoundConsensus.SampleCountOutOfRange.selector, 1_023, 1_024, 1_024 << 32);
        consensus.propose(1, c, none);
        c.totalSamples = (1_024 << 32) + 1;
        _expect(IRoundConsensus.SampleCountOutOfRange.selector, (1_024 << 32) + 1, 1_024, 1_024 << 32);
        consensus.propose(1, c, none);
        c.totalSamples = 1_024 << 32;
        c.validationScore = 6_001;
        _expect(IRoundConsensus.ScoreOutOfRange.selector, 6_001, 6_000);
        consensus.propose(1, c, none);
        c.validationScore = 6_000;
        consensus.propose(1, c, _both(c));
        _expect(IRoundConsensus.RoundNotOpen.selector, 2);
        consensus.propose(2, c, none);
    }

    function test_SignerLists() external {
        _start(3);
        vm.warp(_info().collectMinEnd);
        IRoundConsensus.CandidateContent memory c = _content(1);
        IRoundConsensus.ProposerSignature[] memory list = new IRoundConsensus.ProposerSignature[](0);
        _expect(IRoundConsensus.SignerCount.selector, 0);
        consensus.propose(1, c, list);
        _expect(IRoundConsensus.SignerCount.selector, 3);
        consensus.propose(1, c, new IRoundConsensus.ProposerSignature[](3));
        list = _one(c, 0);
        list[0].rank = 3;
        _expect(IRoundConsensus.BadRank.selector, 3);
        consensus.propose(1, c, list);
        list = _both(c);
        (list[0], list[1]) = (list[1], list[0]);
        _expect(IRoundConsensus.BadRank.selector, 0);
        consensus.propose(1, c, list);
        list = _both(c);
        list[1].rank = 2;
        _expect(IRoundConsensus.BadRank.selector, 2);
        consensus.propose(1, c, list);
    }

    function test_CollectEndsEarlyWithEnoughUpdates() external {
        _start(2);
        IRoundConsensus.CandidateContent memory c = _content(1);
        IRoundConsensus.ProposerSignature[] memory list = _both(c);
        uint256 from = _info().collectMinEnd;
        vm.warp(from - 1);
        _expect(IRoundConsensus.CollectNotOver.selector, from, 3, 1);
        consensus.propose(1, c, list);
        vm.warp(from);
        consensus.propose(1, c, list);
    }

    function test_FewerUpdatesWaitForTheMaximum() external {
        address client = _account(20);
        vm.prank(client);
        clients.register(client, "");
        address other = _account(21);
        vm.prank(other);
        clients.register(other, "");
        _start(2);
        IRoundConsensus.CandidateContent memory c = _content(1);
        c.updateCount = 1;
        IRoundConsensus.ProposerSignature[] memory list = _both(c);
        uint256 from = _info().collectMaxEnd;
        vm.warp(from - 1);
        _expect(IRoundConsensus.CollectNotOver.selector, from, 1, 2);
        consensus.propose(1, c, list);
        vm.warp(from);
        consensus.propose(1, c, list);
    }

    function test_ProposeDeadlineIsInclusive() external {
        _start(3);
        IRoundConsensus.CandidateContent memory c = _content(1);
        IRoundConsensus.CandidateContent memory d = _content(2);
        uint256 deadline = _info().proposeDeadline;
        vm.warp(deadline);
        consensus.propose(1, c, _one(c, 1));
        IRoundConsensus.ProposerSignature[] memory late = _one(d, 0);
        vm.warp(deadline + 1);
        _expect(IRoundConsensus.SlotNotOpen.selector, 0, _info().collectMinEnd, deadline);
        consensus.propose(1, d, late);
        vm.assertEq(_info().voteDeadline, deadline + 10);
    }

    /// @dev Each reserve has its own slot, only while no candidate is posted.
    function test_ReservesHaveSlotsOfTheirOwn() external {
        _start(5);
        IRoundConsensus.CandidateContent memory c = _content(1);
        uint256 deadline = _info().proposeDeadline;
        for (uint256 rank = 2; rank < 5; ++rank) {
            uint256 from = deadline + 10 * (rank - 2) + 1;
            IRoundConsensus.ProposerSignature[] memory list = _one(c, rank);
            vm.warp(from - 1);
            _expect(IRoundConsensus.SlotNotOpen.selector, rank, from, from + 9);
            consensus.propose(1, c, list);
            vm.warp(from + 10);
            _expect(IRoundConsensus.SlotNotOpen.selector, rank, from, from + 9);
            consensus.propose(1, c, list);
        }
        vm.warp(deadline + 20);
        consensus.propose(1, c, _one(c, 3));
        IRoundLens.CandidateInfo memory posted = lens.candidates(1)[0];
        vm.assertEq(posted.signers[0], _drawn(3));
        vm.assertEq(posted.signerBits, 4);
        vm.warp(deadline + 21);
        IRoundConsensus.CandidateContent memory d = _content(2);
        IRoundConsensus.ProposerSignature[] memory rival = _one(d, 4);
        _expect(IRoundConsensus.SlotNotOpen.selector, 4, deadline + 21, deadline + 30);
        consensus.propose(1, d, rival);
        vm.assertEq(_info().lastSlotEnd, deadline + 30);
    }

    function test_OnlyTheDrawnSign() external {
        _start(3);
        vm.warp(_info().collectMinEnd);
        IRoundConsensus.CandidateContent memory c = _content(1);
        address first = _drawn(0);
        IRoundConsensus.ProposerSignature[] memory list = _one(c, 2);
        list[0].rank = 0;
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.NotProposer.selector, 0, first, _drawn(2)));
        consensus.propose(1, c, list);
        list = _one(c, 0);
        IRoundConsensus.CandidateContent memory other = _content(2);
        vm.expectPartialRevert(IRoundConsensus.NotProposer.selector);
        consensus.propose(1, other, list);
        (list[0].r, list[0].vs) = (0, 0);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.NotProposer.selector, 0, first, address(0)));
        consensus.propose(1, c, list);
    }

    /// @dev The candidate's id is the hash of the content as it lies in the call.
    function test_ContentBeyondItsTypesIsRefused() external {
        _start(2);
        vm.warp(_info().collectMinEnd);
        IRoundConsensus.CandidateContent memory c = _content(1);
        bytes memory call = abi.encodeCall(IRoundConsensus.propose, (1, c, _both(c)));
        uint8[3] memory bits = [32, 64, 32];
        for (uint256 i = 0; i < bits.length; ++i) {
            _refusedBeyondType(call, 7 + i, bits[i]);
            _refusedBeyondType(call, 7 + i, 255);
        }
        consensus.propose(1, c, _both(c));
    }

    function test_PostedTogether() external {
        _start(2);
        vm.warp(_info().collectMinEnd);
        IRoundConsensus.CandidateContent memory c = _content(1);
        IRoundConsensus.ProposerSignature[] memory list = _both(c);
        address[] memory signers = new address[](2);
        (signers[0], signers[1]) = (_drawn(0), _drawn(1));
        bytes32[] memory raw = new bytes32[](4);
        (raw[0], raw[1], raw[2], raw[3]) = (list[0].r, list[0].vs, list[1].r, list[1].vs);
        consensus.freezeSeed(1);
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.CandidatePosted(1, lens.candidateId(1, c), 0, c, signers, raw);
        consensus.propose(1, c, list);
        vm.assertEq(lens.candidates(1)[0].signerBits, 3);
        vm.assertEq(lens.candidates(1)[0].signers[1], signers[1]);
    }

    function test_PostedApart() external {
        _start(3);
        vm.warp(_info().collectMinEnd);
        consensus.freezeSeed(1);
        for (uint8 rank = 0; rank < 2; ++rank) {
            IRoundConsensus.CandidateContent memory c = _content(rank);
            IRoundConsensus.ProposerSignature[] memory list = _one(c, rank);
            address[] memory signers = new address[](1);
            signers[0] = _drawn(rank);
            bytes32[] memory raw = new bytes32[](2);
            (raw[0], raw[1]) = (list[0].r, list[0].vs);
            vm.expectEmit(address(consensus));
            emit IRoundConsensus.CandidatePosted(1, lens.candidateId(1, c), rank, c, signers, raw);
            consensus.propose(1, c, list);
        }
    }

    function test_AProposerSignsOneCandidate() external {
        _start(3);
        vm.warp(_info().collectMinEnd);
        IRoundConsensus.CandidateContent memory c = _content(1);
        IRoundConsensus.CandidateContent memory d = _content(2);
        IRoundConsensus.ProposerSignature[] memory both = _both(d);
        consensus.propose(1, c, _one(c, 0));
        uint256 deadline = _info().voteDeadline;
        IRoundConsensus.ProposerSignature[] memory again = _one(c, 0);
        _expect(IRoundConsensus.AlreadySigned.selector, 0);
        consensus.propose(1, c, again);
        _expect(IRoundConsensus.AlreadySigned.selector, 0);
        consensus.propose(1, d, both);
        IRoundConsensus.ProposerSignature[] memory second = _one(c, 1);
        address[] memory signers = new address[](1);
        signers[0] = _drawn(1);
        bytes32[] memory raw = new bytes32[](2);
        (raw[0], raw[1]) = (second[0].r, second[0].vs);
        vm.warp(_now() + 2);
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.CandidateCosigned(1, lens.candidateId(1, c), signers, raw);
        consensus.propose(1, c, second);
        vm.assertEq(_info().voteDeadline, deadline);
        again = _one(d, 1);
        _expect(IRoundConsensus.AlreadySigned.selector, 1);
        consensus.propose(1, d, again);
    }

    function test_RivalsMoveTheVoteDeadline() external {
        _start(3);
        vm.warp(_info().collectMinEnd);
        IRoundConsensus.CandidateContent memory c = _content(1);
        consensus.propose(1, c, _one(c, 1));
        vm.warp(_now() + 5);
        IRoundConsensus.CandidateContent memory d = _content(2);
        consensus.propose(1, d, _one(d, 0));
        vm.assertEq(_info().voteDeadline, _now() + 10);
        vm.assertEq(_info().candidateCount, 2);
        vm.assertEq(lens.candidates(1)[1].signers[0], _drawn(0));
        vm.assertEq(lens.candidates(1)[0].signers[0], _drawn(1));
    }

    // ------------------------------------------------------------------ parameters

    function test_ParametersCountFromTheNextOpening() external {
        _start(2);
        IRoundConsensus.Parameters memory p = _demo();
        p.collectMin = 4;
        vm.expectEmit(address(consensus));
        emit IRoundConsensus.ParametersQueued(p);
        consensus.setParameters(p);
        vm.assertEq(lens.parameters().collectMin, 3);
        vm.assertEq(lens.nextParameters().collectMin, 4);
        _agree(_content(1));
        vm.assertEq(lens.parameters().collectMin, 4);
        vm.assertEq(consensus.parametersHash(), keccak256(abi.encode(p, _task())));
        vm.assertEq(_info().collectMinEnd, _info().openedAt + 4);
        p.quorumBps = 5_000;
        vm.expectRevert(
            abi.encodeWithSelector(
                IRoundConsensus.ParameterOutOfRange.selector, bytes32("quorumBps"), 5_000, 5_001, 10_000
            )
        );
        consensus.setParameters(p);
        vm.expectRevert(abi.encodeWithSelector(IManager.AccessManagedUnauthorized.selector, address(8)));
        vm.prank(address(8));
        consensus.setParameters(p);
    }

    function test_PhasesFollowTheClock() external {
        _start(2);
        IRoundLens.RoundInfo memory i = _info();
        vm.assertEq(uint256(i.phase), uint256(IRoundLens.Phase.Collect));
        vm.warp(i.collectMinEnd);
        vm.assertEq(uint256(_info().phase), uint256(IRoundLens.Phase.Propose));
        vm.warp(i.lastSlotEnd);
        vm.assertEq(uint256(_info().phase), uint256(IRoundLens.Phase.Propose));
        _proposeAlone(_content(1), 0);
        vm.assertEq(uint256(_info().phase), uint256(IRoundLens.Phase.Propose));
        vm.warp(i.proposeDeadline + 1);
        vm.assertEq(uint256(_info().phase), uint256(IRoundLens.Phase.Vote));
        vm.warp(_info().voteDeadline + 1);
        vm.assertEq(uint256(_info().phase), uint256(IRoundLens.Phase.Grace));
        vm.warp(_info().graceEnd + 1);
        vm.assertEq(uint256(_info().phase), uint256(IRoundLens.Phase.Overdue));
    }
}
