// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IRewardDistributor} from "../../../contracts/interfaces/IRewardDistributor.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {TokenPull} from "../../../contracts/libraries/TokenPull.sol";
import {CallbackToken} from "../../../contracts/mocks/CallbackToken.sol";
import {FederationTest} from "../solidity/FederationTest.sol";
import {vm} from "../solidity/Vm.sol";
import {FeeToken} from "./MinerRegistry.t.sol";

/// @dev The pot alone; this contract plays the consensus.
contract RewardDistributorTest is FederationTest {
    IRewardDistributor private _pot;
    /// @dev Newest settlement recorded, as `progress` tells it to the pot.
    uint32 private _settlement;

    function setUp() public override {
        vm.warp(1_000_000);
        super.setUp();
        _pot = IRewardDistributor(deploy("RewardDistributor", abi.encode(token, address(this), 7)));
        token.approve(address(_pot), type(uint256).max);
        _pot.fund(FUNDED);
    }

    function progress() external view returns (IRoundConsensus.Progress memory p) {
        p.settlement = _settlement;
    }

    /// @dev Tree of two leaves (StandardMerkleTree): sorted pair of doubly hashed leaves.
    function _leaf(address account, uint256 cumulative) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(account, cumulative))));
    }

    function _root(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(abi.encode(a, b)) : keccak256(abi.encode(b, a));
    }

    function _proof(bytes32 sibling) private pure returns (bytes32[] memory proof) {
        proof = new bytes32[](1);
        proof[0] = sibling;
    }

    /// @dev Settlement with accounts 1 and 2 owed `a` and `b` in all.
    function _record(uint256 a, uint256 b, uint256 finalAt) private returns (uint256 settlement) {
        settlement = ++_settlement;
        bytes32 root = _root(_leaf(address(1001), a), _leaf(address(1002), b));
        _pot.record(settlement, uint64(settlement), root, a + b, finalAt);
    }

    function _claim(uint256 settlement, uint256 a, uint256 b) private returns (uint256) {
        return _pot.claim(settlement, address(1001), a, _proof(_leaf(address(1002), b)));
    }

    // ------------------------------------------------------------------ fund

    function test_ConstructorChecks() external {
        vm.expectRevert(IRewardDistributor.ZeroAddress.selector);
        this.deploy("RewardDistributor", abi.encode(address(0), consensus, 7));
        vm.expectRevert(IRewardDistributor.ZeroAddress.selector);
        this.deploy("RewardDistributor", abi.encode(token, address(0), 7));
        vm.assertEq(_pot.slots(), 7);
    }

    function test_Fund() external {
        vm.expectEmit(address(_pot));
        emit IRewardDistributor.Funded(address(this), 5, FUNDED + 5);
        _pot.fund(5);
        vm.assertEq(_pot.funded(), FUNDED + 5);
        vm.expectRevert(IRewardDistributor.ZeroAmount.selector);
        _pot.fund(0);
        vm.expectRevert();
        _pot.fund(type(uint256).max);
        address fee = address(new FeeToken());
        IRewardDistributor other = IRewardDistributor(deploy("RewardDistributor", abi.encode(fee, consensus, 7)));
        vm.expectRevert(abi.encodeWithSelector(TokenPull.FeeOnTransfer.selector, 1_000, 990));
        other.fund(1_000);
    }

    // ------------------------------------------------------------------ claim

    function test_ClaimAtTheMomentOfFinality() external {
        uint256 s = _record(30, 70, _now() + 15);
        uint256 finalAt = _now() + 15;
        vm.warp(finalAt - 1);
        vm.assertEq(_pot.claimable(s, address(1001), 30), 0);
        vm.expectRevert(abi.encodeWithSelector(IRewardDistributor.NotFinal.selector, s, finalAt));
        _claim(s, 30, 70);
        vm.warp(finalAt);
        vm.assertEq(_pot.claimable(s, address(1001), 30), 30);
        vm.expectEmit(address(_pot));
        emit IRewardDistributor.Claimed(address(1001), s, 30, 30);
        vm.assertEq(_claim(s, 30, 70), 30);
        vm.assertEq(token.balanceOf(address(1001)), 30);
        vm.assertEq(_pot.claimed(address(1001)), 30);
        vm.assertEq(_pot.totalClaimed(), 30);
        vm.expectRevert(abi.encodeWithSelector(IRewardDistributor.NothingToClaim.selector, address(1001), 30));
        _claim(s, 30, 70);
        vm.assertEq(_pot.claimable(s, address(1001), 30), 0);
    }

    function test_BadProofs() external {
        uint256 s = _record(30, 70, _now());
        bytes32 root = _pot.payout(s).root;
        bytes32[] memory good = _proof(_leaf(address(1002), 70));
        bytes4 refusal = IRewardDistributor.BadProof.selector;
        vm.expectRevert(abi.encodeWithSelector(refusal, address(1001), 31, root));
        _pot.claim(s, address(1001), 31, good);
        vm.expectRevert(abi.encodeWithSelector(refusal, address(1003), 30, root));
        _pot.claim(s, address(1003), 30, good);
        vm.expectRevert(abi.encodeWithSelector(refusal, address(1001), 30, root));
        _pot.claim(s, address(1001), 30, new bytes32[](0));
        // An inner node is no leaf.
        vm.expectPartialRevert(refusal);
        _pot.claim(s, address(uint160(uint256(root))), uint256(root), new bytes32[](0));
    }

    function test_UnknownSettlements() external {
        bytes4 refusal = IRewardDistributor.UnknownSettlement.selector;
        vm.expectRevert(abi.encodeWithSelector(refusal, 0));
        _pot.payout(0);
        vm.expectRevert(abi.encodeWithSelector(refusal, 1));
        _claim(1, 30, 70);
        for (uint256 i = 0; i < 8; ++i) {
            _record(30 + i, 70, _now());
        }
        // The ring of seven slots has overwritten the first.
        vm.expectRevert(abi.encodeWithSelector(refusal, 1));
        _pot.payout(1);
        vm.assertEq(_pot.payout(2).total, 101);
    }

    /// @dev The leaves of a root may promise more than its total: what all claimed stays within it.
    function test_RootExhausted() external {
        bytes32 root = _root(_leaf(address(1001), 80), _leaf(address(1002), 80));
        _settlement = 1;
        _pot.record(1, 1, root, 100, _now());
        _claim(1, 80, 80);
        vm.assertEq(_pot.claimable(1, address(1002), 80), 0);
        vm.expectRevert(abi.encodeWithSelector(IRewardDistributor.RootExhausted.selector, 1, 100, 80));
        _pot.claim(1, address(1002), 80, _proof(_leaf(address(1001), 80)));
    }

    function test_AnInvalidTotalPaysNobodyAnew() external {
        uint256 s = _record(30, 70, _now());
        bytes32 root = _pot.payout(s).root;
        _pot.record(2, 2, 0, 100, _now());
        vm.assertEq(_pot.payout(2).root, root);
        vm.assertEq(_pot.payout(2).total, 100);
    }

    function test_LatestFinal() external {
        vm.assertEq(_pot.latestFinal(), 0);
        _record(1, 1, _now() + 10);
        _record(2, 2, _now() + 20);
        vm.assertEq(_pot.latest(), 2);
        vm.assertEq(_pot.latestFinal(), 0);
        vm.warp(_now() + 10);
        vm.assertEq(_pot.latestFinal(), 1);
        vm.warp(_now() + 10);
        vm.assertEq(_pot.latestFinal(), 2);
    }

    function test_RevertedSettlementsPayNothing() external {
        _record(30, 70, _now());
        _record(60, 70, _now());
        _record(90, 70, _now());
        vm.expectEmit(address(_pot));
        emit IRewardDistributor.PayoutsReverted(1);
        _pot.revertTo(1, 3);
        bytes4 refusal = IRewardDistributor.UnknownSettlement.selector;
        vm.expectRevert(abi.encodeWithSelector(refusal, 2));
        _pot.payout(2);
        vm.expectRevert(abi.encodeWithSelector(refusal, 3));
        _claim(3, 90, 70);
        vm.assertEq(_claim(1, 30, 70), 30);
    }

    /// @dev A token that calls back: a claim inside a claim finds it paid, and takes the outer one down with it.
    function test_AClaimInsideAClaimPaysNothingTwice() external {
        CallbackToken calling = new CallbackToken(address(this), 1000);
        token = IERC20(address(calling));
        _pot = IRewardDistributor(deploy("RewardDistributor", abi.encode(calling, address(this), 7)));
        calling.approve(address(_pot), type(uint256).max);
        _pot.fund(1000);
        _record(30, 70, 0);
        bytes32[] memory proof = _proof(_leaf(address(1002), 70));
        calling.arm(address(_pot), abi.encodeCall(IRewardDistributor.claim, (1, address(1001), 30, proof)));
        vm.expectRevert(abi.encodeWithSelector(IRewardDistributor.NothingToClaim.selector, address(1001), 30));
        _claim(1, 30, 70);
        vm.assertEq(calling.balanceOf(address(1001)), 0);
        // Another's claim inside: its own callback is the one that finds nothing.
        bytes32[] memory other = _proof(_leaf(address(1001), 30));
        calling.arm(address(_pot), abi.encodeCall(IRewardDistributor.claim, (1, address(1002), 70, other)));
        vm.expectRevert(abi.encodeWithSelector(IRewardDistributor.NothingToClaim.selector, address(1002), 70));
        _claim(1, 30, 70);
        calling.arm(address(0), "");
        vm.assertEq(_claim(1, 30, 70), 30);
        vm.assertEq(calling.balanceOf(address(_pot)), 970);
    }

    function test_OnlyTheConsensusRecords() external {
        bytes memory refusal = abi.encodeWithSelector(IRewardDistributor.OnlyConsensus.selector, address(9));
        vm.expectRevert(refusal);
        vm.prank(address(9));
        _pot.record(1, 1, 0, 0, 0);
        vm.expectRevert(refusal);
        vm.prank(address(9));
        _pot.revertTo(0, 1);
    }

    /// @dev Any order of claims over any number of settlements pays each account its cumulative amount, no more.
    /// forge-config: default.fuzz.runs = 100
    function testFuzz_ClaimsNeverExceedTheirRoot(uint64[6] memory amounts, uint8[8] memory picks) external {
        uint256 a = 1;
        uint256 b = 1;
        uint256[7] memory as_;
        uint256[7] memory bs;
        for (uint256 i = 0; i < 6; ++i) {
            (a, b) = (a + amounts[i] / 2, b + amounts[i] / 3);
            (as_[i + 1], bs[i + 1]) = (a, b);
            _record(a, b, _now());
        }
        uint256 best = 0;
        for (uint256 i = 0; i < 8; ++i) {
            uint256 s = 1 + picks[i] % 6;
            try _pot.claim(s, address(1001), as_[s], _proof(_leaf(address(1002), bs[s]))) {
                vm.assertTrue(as_[s] > best, "paid twice");
                best = as_[s];
            } catch {
                vm.assertTrue(as_[s] <= best, "refused");
            }
            vm.assertEq(token.balanceOf(address(1001)), best);
            vm.assertEq(token.balanceOf(address(_pot)), _pot.funded() - _pot.totalClaimed());
        }
    }
}
