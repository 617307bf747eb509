// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {CheckpointRegistry} from "../../../contracts/CheckpointRegistry.sol";
import {ICheckpointRegistry} from "../../../contracts/interfaces/ICheckpointRegistry.sol";
import {IMinerRegistry} from "../../../contracts/interfaces/IMinerRegistry.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {FederationTest} from "../solidity/FederationTest.sol";
import {vm} from "../solidity/Vm.sol";

contract CheckpointRegistryTest is FederationTest {
    uint256 private constant PROPOSED = 0xB0000;
    bytes32 private constant DETAILS = keccak256("details");

    ICheckpointRegistry private _checkpoints;
    string private _json;

    function setUp() public override {
        super.setUp();
        _start(4);
        _checkpoints = ICheckpointRegistry(registry.checkpoints());
    }

    // ------------------------------------------------------------------ helpers

    function _found() private {
        vm.prank(_account(0));
        _checkpoints.found();
    }

    /// @dev Equal stakes: each weighs 1,000,000, so Q is 3,000,000 of 4,000,000 and a bit.
    function _founded() private returns (ICheckpointRegistry.Committee memory c) {
        c.members = new uint256[](4);
        for (uint256 i = 0; i < 4; ++i) {
            c.members[i] = uint256(uint160(_account(i))) << 96 | 1_000_000;
        }
    }

    function _checkpoint(uint64 epoch, uint64 height) private pure returns (ICheckpointRegistry.Checkpoint memory) {
        return ICheckpointRegistry.Checkpoint(
            epoch, height, keccak256("block"), keccak256("state"), keccak256("decisions"), 0
        );
    }

    function _sign(uint256 key, ICheckpointRegistry.Checkpoint memory c)
        private
        view
        returns (ICheckpointRegistry.Signature memory s)
    {
        (s.r, s.vs) = vm.signCompact(key, _checkpoints.checkpointDigest(c));
    }

    /// @dev By members 0 to `count` - 1.
    function _signed(ICheckpointRegistry.Checkpoint memory c, uint256 count)
        private
        returns (ICheckpointRegistry.Signature[] memory all)
    {
        all = new ICheckpointRegistry.Signature[](count);
        for (uint256 i = 0; i < count; ++i) {
            all[i] = _sign(keyOf[_account(i)], c);
        }
    }

    function _anchor(ICheckpointRegistry.Checkpoint memory c) private {
        ICheckpointRegistry.Committee memory committee = _founded();
        ICheckpointRegistry.Signature[] memory all = _signed(c, 3);
        _checkpoints.anchor(c, committee, 7, all);
    }

    function _refused(ICheckpointRegistry.Checkpoint memory c, bytes memory reason) private {
        ICheckpointRegistry.Committee memory committee = _founded();
        ICheckpointRegistry.Signature[] memory all = _signed(c, 3);
        vm.expectRevert(reason);
        _checkpoints.anchor(c, committee, 7, all);
    }

    // ------------------------------------------------------------------ founding

    function test_AMinerFoundsFromTheRoster() external {
        ICheckpointRegistry.Committee memory committee = _founded();
        vm.expectEmit(address(_checkpoints));
        emit ICheckpointRegistry.Founded(0, _checkpoints.configHash(0, committee), committee.members);
        _found();
        vm.assertEq(_checkpoints.heldConfig(), _checkpoints.configHash(0, committee));
        vm.assertEq(_checkpoints.head().movedAt, _now());
    }

    function test_AStrangerFoundsNothing() external {
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.NoSeat.selector, address(this)));
        _checkpoints.found();
    }

    function test_OneMinerAloneFoundsNothing() external {
        _deploy(_demo(), RING);
        _join(_account(0), STAKE);
        registry.applyQueued();
        ICheckpointRegistry alone = ICheckpointRegistry(registry.checkpoints());
        vm.prank(_account(0));
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.TooFewMembers.selector, 1));
        alone.found();
    }

    function test_FoundedAgainOnlyOnceStale() external {
        _found();
        _anchor(_checkpoint(0, 9));
        uint256 staleAt = _now() + 30 days;
        vm.warp(staleAt);
        vm.prank(_account(1));
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.AlreadyFounded.selector, staleAt));
        _checkpoints.found();
        vm.warp(staleAt + 1);
        _found();
        vm.assertEq(_checkpoints.head().epoch, 1_000_000);
        vm.assertEq(_checkpoints.head().height, 0);
        vm.assertEq(_checkpoints.head().count, 1);
        _anchor(_checkpoint(1_000_000, 1));
    }

    function test_WeightsAreByStakeAndNeverZero() external {
        _deploy(_demo(), RING);
        uint256[] memory stakes = new uint256[](2);
        (stakes[0], stakes[1]) = (STAKE, 100 * STAKE);
        _startWith(stakes);
        _checkpoints = ICheckpointRegistry(registry.checkpoints());
        ICheckpointRegistry.Committee memory c;
        c.members = new uint256[](2);
        c.members[0] = uint256(uint160(_account(0))) << 96 | 10_000;
        c.members[1] = uint256(uint160(_account(1))) << 96 | 1_000_000;
        _found();
        vm.assertEq(_checkpoints.heldConfig(), _checkpoints.configHash(0, c));
    }

    /// @dev Not even beside the heaviest stake there may be.
    function test_WhoWeighsNextToNothingWeighsOne() external {
        IRoundConsensus.Parameters memory p = _demo();
        p.minStake = 10_000;
        _deploy(p, RING);
        uint256[] memory stakes = new uint256[](2);
        (stakes[0], stakes[1]) = (10_000, 20_000_000_000);
        _startWith(stakes);
        _checkpoints = ICheckpointRegistry(registry.checkpoints());
        ICheckpointRegistry.Committee memory c;
        c.members = new uint256[](2);
        c.members[0] = uint256(uint160(_account(0))) << 96 | 1;
        c.members[1] = uint256(uint160(_account(1))) << 96 | 1_000_000;
        _found();
        vm.assertEq(_checkpoints.heldConfig(), _checkpoints.configHash(0, c));
    }

    /// @dev A seat whose stake was slashed lasts until the next opening, but counts for nothing.
    function test_AJailedSeatNeitherFoundsNorIsFounded() external {
        registry.slash(_account(0), 1_000, address(0xF1), 0);
        vm.prank(_account(0));
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.NoSeat.selector, _account(0)));
        _checkpoints.found();
        ICheckpointRegistry.Committee memory all = _founded();
        ICheckpointRegistry.Committee memory c;
        c.members = new uint256[](3);
        (c.members[0], c.members[1], c.members[2]) = (all.members[1], all.members[2], all.members[3]);
        vm.prank(_account(1));
        _checkpoints.found();
        vm.assertEq(_checkpoints.heldConfig(), _checkpoints.configHash(0, c));
    }

    // ------------------------------------------------------------------ anchors

    function test_AnchorsWithAQuorum() external {
        _found();
        ICheckpointRegistry.Checkpoint memory c = _checkpoint(0, 64);
        vm.expectEmit(address(_checkpoints));
        emit ICheckpointRegistry.Anchored(1, 0, 64, c.blockHash, c.stateRoot, c.decisionsRoot, 0, 7);
        _anchor(c);
        vm.assertEq(_checkpoints.head().height, 64);
        vm.assertEq(_checkpoints.head().count, 1);
    }

    function test_NotBelowTheQuorum() external {
        _found();
        ICheckpointRegistry.Committee memory committee = _founded();
        ICheckpointRegistry.Signature[] memory all = _signed(_checkpoint(0, 1), 2);
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.BelowQuorum.selector, 2_000_000, 2_666_667));
        _checkpoints.anchor(_checkpoint(0, 1), committee, 3, all);
    }

    function test_NoSignatureStandsForAnother() external {
        _found();
        ICheckpointRegistry.Committee memory committee = _founded();
        ICheckpointRegistry.Signature[] memory all = _signed(_checkpoint(0, 1), 3);
        all[2] = all[1];
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.NotTheMember.selector, 2, _account(1)));
        _checkpoints.anchor(_checkpoint(0, 1), committee, 7, all);
        all = _signed(_checkpoint(0, 1), 3);
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.SignatureCount.selector, 3, 4));
        _checkpoints.anchor(_checkpoint(0, 1), committee, 15, all);
        all = _signed(_checkpoint(0, 1), 4);
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.SignatureCount.selector, 4, 3));
        _checkpoints.anchor(_checkpoint(0, 1), committee, 7, all);
    }

    function test_NobodyOutsideTheCommitteeSigns() external {
        _found();
        ICheckpointRegistry.Checkpoint memory c = _checkpoint(0, 1);
        ICheckpointRegistry.Committee memory committee = _founded();
        ICheckpointRegistry.Signature[] memory all = _signed(c, 3);
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.NoSuchMember.selector, 23, 4));
        _checkpoints.anchor(c, committee, 23, all);
        all[2] = _sign(keyOf[_account(77)], c);
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.NotTheMember.selector, 2, _account(77)));
        _checkpoints.anchor(c, committee, 7, all);
    }

    function test_MalformedSignaturesAreRefused() external {
        _found();
        ICheckpointRegistry.Committee memory committee = _founded();
        ICheckpointRegistry.Signature[] memory all = _signed(_checkpoint(0, 1), 3);
        bytes32 vs = all[1].vs;
        all[1].vs = 0;
        vm.expectRevert(ECDSA.ECDSAInvalidSignature.selector);
        _checkpoints.anchor(_checkpoint(0, 1), committee, 7, all);
        // Above half of the curve's order: the other form of one signature.
        all[1].vs = bytes32(type(uint256).max >> 1);
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureS.selector, all[1].vs));
        _checkpoints.anchor(_checkpoint(0, 1), committee, 7, all);
        all[1].vs = vs ^ bytes32(uint256(1) << 255);
        vm.expectRevert();
        _checkpoints.anchor(_checkpoint(0, 1), committee, 7, all);
    }

    /// @dev A key is made to fit a signature whose s is above half of the order.
    function test_OnlyTheLowerFormOfASignatureCounts() external {
        _found();
        ICheckpointRegistry.Signature[] memory all = _signed(_checkpoint(1, 2), 1);
        all[0].vs = bytes32(0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A1);
        address key = ecrecover(_checkpoints.checkpointDigest(_checkpoint(1, 2)), 27, all[0].r, all[0].vs);
        ICheckpointRegistry.Committee memory committee;
        committee.members = new uint256[](1);
        committee.members[0] = uint256(uint160(key)) << 96 | 1_000_000;
        ICheckpointRegistry.Checkpoint memory last = _checkpoint(0, 1);
        last.nextConfigHash = _checkpoints.configHash(1, committee);
        _anchor(last);
        vm.expectRevert(abi.encodeWithSelector(ECDSA.ECDSAInvalidSignatureS.selector, all[0].vs));
        _checkpoints.anchor(_checkpoint(1, 2), committee, 1, all);
    }

    /// @dev A signature that leads to nobody is not that of a member without a key.
    function test_NobodySignsForAMemberWithoutAKey() external {
        _found();
        ICheckpointRegistry.Committee memory committee;
        committee.members = new uint256[](1);
        committee.members[0] = 1_000_000;
        ICheckpointRegistry.Checkpoint memory last = _checkpoint(0, 1);
        last.nextConfigHash = _checkpoints.configHash(1, committee);
        _anchor(last);
        ICheckpointRegistry.Signature[] memory none = new ICheckpointRegistry.Signature[](1);
        vm.expectRevert(ECDSA.ECDSAInvalidSignature.selector);
        _checkpoints.anchor(_checkpoint(1, 2), committee, 1, none);
    }

    /// @dev Neither anchors nor costs anybody here.
    function test_SignaturesForAnotherChainOrContractCountNothing() external {
        _found();
        ICheckpointRegistry.Committee memory committee = _founded();
        ICheckpointRegistry.Signature[] memory all = _signed(_checkpoint(0, 1), 3);
        uint256 chain = block.chainid;
        vm.chainId(chain + 1);
        vm.expectPartialRevert(ICheckpointRegistry.NotTheMember.selector);
        _checkpoints.anchor(_checkpoint(0, 1), committee, 7, all);
        vm.chainId(chain);
        ICheckpointRegistry here = _checkpoints;
        _checkpoints = ICheckpointRegistry(address(new CheckpointRegistry(IMinerRegistry(address(registry)))));
        all = _signed(_checkpoint(0, 1), 3);
        ICheckpointRegistry.Signature memory other = _sign(keyOf[_account(0)], _other(0, 1));
        _checkpoints = here;
        vm.expectPartialRevert(ICheckpointRegistry.NotTheMember.selector);
        _checkpoints.anchor(_checkpoint(0, 1), committee, 7, all);
        // Recovered under this domain, they are two strangers' signatures.
        vm.expectPartialRevert(ICheckpointRegistry.SignersDiffer.selector);
        _checkpoints.proveEquivocation(_checkpoint(0, 1), all[0], _other(0, 1), other);
    }

    function test_HeightsRiseAndEpochsMatch() external {
        _found();
        _anchor(_checkpoint(0, 10));
        _refused(_checkpoint(0, 10), abi.encodeWithSelector(ICheckpointRegistry.HeightNotRising.selector, 10, 10));
        _refused(_checkpoint(0, 9), abi.encodeWithSelector(ICheckpointRegistry.HeightNotRising.selector, 9, 10));
        _refused(_checkpoint(1, 11), abi.encodeWithSelector(ICheckpointRegistry.WrongEpoch.selector, 1, 0));
    }

    function test_NothingBeforeTheFounding() external {
        ICheckpointRegistry.Committee memory committee = _founded();
        ICheckpointRegistry.Signature[] memory all = _signed(_checkpoint(0, 1), 3);
        bytes32 given = _checkpoints.configHash(0, committee);
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.WrongConfig.selector, given, bytes32(0)));
        _checkpoints.anchor(_checkpoint(0, 1), committee, 7, all);
    }

    function test_AnotherCommitteeIsRefused() external {
        _found();
        ICheckpointRegistry.Committee memory other = _founded();
        other.members[3] ^= 1;
        ICheckpointRegistry.Signature[] memory all = _signed(_checkpoint(0, 1), 3);
        vm.expectPartialRevert(ICheckpointRegistry.WrongConfig.selector);
        _checkpoints.anchor(_checkpoint(0, 1), other, 7, all);
        other = _founded();
        other.details = DETAILS;
        vm.expectPartialRevert(ICheckpointRegistry.WrongConfig.selector);
        _checkpoints.anchor(_checkpoint(0, 1), other, 7, all);
    }

    function test_AnEpochHandsOverToTheNext() external {
        _found();
        ICheckpointRegistry.Committee memory next = _committee(5, 1);
        _handOver(next);
        vm.assertEq(_checkpoints.head().epoch, 1);
        vm.assertEq(_checkpoints.heldConfig(), _checkpoints.configHash(1, next));
        _refused(_checkpoint(0, 90), abi.encodeWithSelector(ICheckpointRegistry.WrongEpoch.selector, 0, 1));
        _anchorBy(next, 31);
    }

    /// @dev Members with keys of their own, of weight 1 or by `seed`.
    function _committee(uint256 count, uint256 seed) private pure returns (ICheckpointRegistry.Committee memory c) {
        c.details = DETAILS;
        c.members = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 weight = seed == 1 ? 1 : 1 + uint256(keccak256(abi.encode(seed, i))) % 1_000;
            c.members[i] = uint256(uint160(vm.addr(PROPOSED + i))) << 96 | weight;
        }
    }

    function _handOver(ICheckpointRegistry.Committee memory next) private {
        ICheckpointRegistry.Checkpoint memory last = _checkpoint(0, 80);
        last.nextConfigHash = _checkpoints.configHash(1, next);
        _anchor(last);
    }

    function _anchorBy(ICheckpointRegistry.Committee memory c, uint256 signers) private {
        uint256 count = 0;
        for (uint256 i = 0; i < c.members.length; ++i) {
            count += signers >> i & 1;
        }
        ICheckpointRegistry.Signature[] memory all = new ICheckpointRegistry.Signature[](count);
        uint256 n = 0;
        for (uint256 i = 0; i < c.members.length; ++i) {
            if (signers >> i & 1 != 0) all[n++] = _sign(PROPOSED + i, _checkpoint(1, 90));
        }
        _checkpoints.anchor(_checkpoint(1, 90), c, signers, all);
    }

    /// forge-config: default.fuzz.runs = 40
    function testFuzz_ExactlyWeightOfAQuorumAnchors(uint256 seed, uint8 size, uint8 signers) external {
        uint256 count = 2 + size % 6;
        ICheckpointRegistry.Committee memory c = _committee(count, seed | 2);
        _found();
        _handOver(c);
        uint256 mask = signers & ((1 << count) - 1);
        uint256 total = 0;
        uint256 signed = 0;
        for (uint256 i = 0; i < count; ++i) {
            total += uint32(c.members[i]);
            if (mask >> i & 1 != 0) signed += uint32(c.members[i]);
        }
        // More than two thirds, in other words.
        if (3 * signed < 2 * total + 1) vm.expectPartialRevert(ICheckpointRegistry.BelowQuorum.selector);
        this.anchorBy(c, mask);
    }

    function anchorBy(ICheckpointRegistry.Committee memory c, uint256 signers) external {
        _anchorBy(c, signers);
    }

    // ------------------------------------------------------------------ decisions

    function _word(string memory path) private view returns (bytes32) {
        return vm.parseJsonBytes32(_json, path);
    }

    function test_DecisionsOfTheVectorsAreProven() external {
        _json = vm.readFile("test/vectors/checkpoints.json");
        _found();
        ICheckpointRegistry.Checkpoint memory c = _checkpoint(0, 1);
        c.decisionsRoot = _word(".roots[10]");
        _anchor(c);
        for (uint256 i = 0; i < 11; ++i) {
            string memory path = string.concat(".decisions[", vm.toString(i), "]");
            ICheckpointRegistry.Decision memory d = _decision(path);
            bytes32[] memory proof = vm.parseJsonBytes32Array(_json, string.concat(path, ".proof"));
            vm.assertEq(_checkpoints.isDecision(1, d, proof), true);
            d.task = bytes32(uint256(d.task) ^ 1);
            vm.assertEq(_checkpoints.isDecision(1, d, proof), false);
        }
    }

    function _decision(string memory path) private view returns (ICheckpointRegistry.Decision memory d) {
        d.epoch = uint64(vm.parseJsonUint(_json, string.concat(path, ".epoch")));
        d.height = uint64(vm.parseJsonUint(_json, string.concat(path, ".height")));
        d.task = _word(string.concat(path, ".task"));
        d.kind = keccak256(bytes(vm.parseJsonString(_json, string.concat(path, ".kind"))));
        string memory outcome = string.concat(path, ".outcome");
        uint256 index = d.height / 10;
        if (index % 5 != 4) d.outcome = keccak256(vm.parseJsonBytes(_json, outcome));
    }

    function test_TheNewestEightRootsAreHeld() external {
        _found();
        for (uint64 height = 1; height <= 9; ++height) {
            _anchor(_checkpoint(0, height));
        }
        ICheckpointRegistry.Decision memory d;
        _checkpoints.isDecision(2, d, new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.RootNotHeld.selector, 1, 9));
        _checkpoints.isDecision(1, d, new bytes32[](0));
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.RootNotHeld.selector, 10, 9));
        _checkpoints.isDecision(10, d, new bytes32[](0));
    }

    /// @dev Digests, domain and committee hashes as TypeScript computes them.
    function test_Vectors() external {
        _json = vm.readFile("test/vectors/checkpoints.json");
        for (uint256 i = 0; i < 2; ++i) {
            string memory path = string.concat(".committees[", vm.toString(i), "]");
            ICheckpointRegistry.Committee memory c;
            c.details = _word(string.concat(path, ".details"));
            bytes32[] memory words = vm.parseJsonBytes32Array(_json, string.concat(path, ".members"));
            c.members = new uint256[](words.length);
            for (uint256 k = 0; k < words.length; ++k) {
                c.members[k] = uint256(words[k]);
            }
            uint64 epoch = uint64(vm.parseJsonUint(_json, string.concat(path, ".epoch")));
            vm.assertEq(_checkpoints.configHash(epoch, c), _word(string.concat(path, ".hash")));
        }
        for (uint256 i = 0; i < 3; ++i) {
            string memory path = string.concat(".checkpoints[", vm.toString(i), "]");
            bytes32 type_ = keccak256(
                "Checkpoint(uint64 epoch,uint64 height,bytes32 blockHash,bytes32 stateRoot,bytes32 decisionsRoot,bytes32 nextConfigHash)"
            );
            ICheckpointRegistry.Checkpoint memory c = _message(string.concat(path, ".message"));
            bytes32 struct_ = keccak256(abi.encode(type_, c));
            bytes32 under = _word(".domainSeparator");
            vm.assertEq(keccak256(abi.encodePacked(hex"1901", under, struct_)), _word(string.concat(path, ".digest")));
            bytes32 own = keccak256(abi.encodePacked(hex"1901", _checkpoints.groupId(), struct_));
            vm.assertEq(own, _checkpoints.checkpointDigest(c));
        }
    }

    function _message(string memory path) private view returns (ICheckpointRegistry.Checkpoint memory c) {
        c.epoch = uint64(vm.parseJsonUint(_json, string.concat(path, ".epoch")));
        c.height = uint64(vm.parseJsonUint(_json, string.concat(path, ".height")));
        c.blockHash = _word(string.concat(path, ".blockHash"));
        c.stateRoot = _word(string.concat(path, ".stateRoot"));
        c.decisionsRoot = _word(string.concat(path, ".decisionsRoot"));
        c.nextConfigHash = _word(string.concat(path, ".nextConfigHash"));
    }

    // ------------------------------------------------------------------ contradictions

    function _other(uint64 epoch, uint64 height) private pure returns (ICheckpointRegistry.Checkpoint memory c) {
        c = _checkpoint(epoch, height);
        c.stateRoot = keccak256("another state");
    }

    function _accuse(
        ICheckpointRegistry.Checkpoint memory first,
        address signer,
        ICheckpointRegistry.Checkpoint memory second,
        address other
    ) private {
        ICheckpointRegistry.Signature memory one = _sign(keyOf[signer], first);
        ICheckpointRegistry.Signature memory two = _sign(keyOf[other], second);
        _checkpoints.proveEquivocation(first, one, second, two);
    }

    function test_TwoCheckpointsOfOneHeightCostHalf() external {
        _found();
        address liar = _account(2);
        _accuse(_checkpoint(0, 5), liar, _other(0, 5), liar);
        IMinerRegistry.MinerInfo memory info = registry.minerInfo(liar);
        vm.assertEq(info.stake, STAKE / 2);
        vm.assertEq(uint256(info.status), uint256(IMinerRegistry.MinerStatus.Suspending));
        vm.assertEq(token.balanceOf(address(0xdEaD)), STAKE / 2);
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.AlreadyPunished.selector, liar, 0, 5));
        this.accuse(_other(0, 5), liar, _checkpoint(0, 5), liar);
        _accuse(_checkpoint(0, 6), liar, _other(0, 6), liar);
        vm.assertEq(registry.minerInfo(liar).stake, STAKE / 4);
    }

    function accuse(
        ICheckpointRegistry.Checkpoint memory first,
        address signer,
        ICheckpointRegistry.Checkpoint memory second,
        address other
    ) external {
        _accuse(first, signer, second, other);
    }

    function test_NobodyPaysForWhatIsNoContradiction() external {
        address one = _account(1);
        address stranger = _account(77);
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.UnknownEpoch.selector, 0));
        this.accuse(_checkpoint(0, 5), one, _other(0, 5), one);
        _found();
        vm.expectRevert(ICheckpointRegistry.NoContradiction.selector);
        this.accuse(_checkpoint(0, 5), one, _checkpoint(0, 5), one);
        vm.expectRevert(ICheckpointRegistry.NotSameHeight.selector);
        this.accuse(_checkpoint(0, 5), one, _other(0, 6), one);
        vm.expectRevert(ICheckpointRegistry.NotSameHeight.selector);
        this.accuse(_checkpoint(0, 5), one, _other(1, 5), one);
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.SignersDiffer.selector, one, _account(2)));
        this.accuse(_checkpoint(0, 5), one, _other(0, 5), _account(2));
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.NotAMiner.selector, stranger));
        this.accuse(_checkpoint(0, 5), stranger, _other(0, 5), stranger);
        vm.assertEq(registry.minerInfo(one).stake, STAKE);
    }

    /// @dev Who leaks a key that was replaced before the epoch began pays for nothing signed with it.
    function test_AKeyReplacedBeforeTheEpochAccusesNobody() external {
        address miner = _account(3);
        address key = _account(50);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(keyOf[key], registry.keyDigest(miner));
        vm.prank(miner);
        registry.setKey(key, abi.encodePacked(r, s, v));
        _failRound();
        vm.warp(_now() + 1);
        _found();
        vm.expectRevert(abi.encodeWithSelector(ICheckpointRegistry.NotAMiner.selector, miner));
        this.accuse(_checkpoint(0, 5), miner, _other(0, 5), miner);
        _accuse(_checkpoint(0, 5), key, _other(0, 5), key);
        vm.assertEq(registry.minerInfo(miner).stake, STAKE / 2);
    }

    /// @dev So that queued keys take effect.
    function _failRound() private {
        vm.warp(_now() + 10 days);
        uint64 round = consensus.currentRound();
        consensus.failRound(round);
        registry.applyQueued();
    }
}
