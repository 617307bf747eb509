// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMinerRegistry} from "../../../contracts/interfaces/IMinerRegistry.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {MinerRecord} from "../../../contracts/libraries/MinerRecord.sol";
import {ParametersLib} from "../../../contracts/libraries/ParametersLib.sol";
import {ProposerDraw} from "../../../contracts/libraries/ProposerDraw.sol";
import {Reputation} from "../../../contracts/libraries/Reputation.sol";
import {SeatWord} from "../../../contracts/libraries/SeatWord.sol";
import {vm} from "../solidity/Vm.sol";

/// @dev Reputation and absence, the draw, and the bounds of parameters.
contract RulesTest {
    using MinerRecord for MinerRecord.Data;

    // ------------------------------------------------------------------ reputation

    function testFuzz_ReputationStaysInRange(uint16 value, int16 change, uint16 a, uint16 b) external pure {
        (uint256 min, uint256 max) = a < b ? (a, b) : (b, a);
        uint256 result = Reputation.step(value, change, min, max);
        vm.assertTrue(result >= min && result <= max, "out of range");
        int256 moved = int256(uint256(value)) + change;
        if (moved >= int256(min) && moved <= int256(max)) vm.assertEq(int256(result), moved);
    }

    /// @dev One call for many missed ballots is the same as that many calls for one.
    function testFuzz_MissedBallotsAddUp(uint16 value, uint8 missed, uint16 loss, uint16 min) external pure {
        loss %= 5_001;
        uint256 once = Reputation.afterMissed(value, missed, loss, min);
        uint256 each = value;
        for (uint256 i = 0; i < missed; ++i) {
            each = Reputation.afterMissed(each, 1, loss, min);
        }
        vm.assertEq(once, each);
        vm.assertTrue(once <= value, "absence raised a reputation");
        if (value >= min) vm.assertTrue(once >= min, "below the minimum");
    }

    function testFuzz_AbsenceBits(uint8 absences, uint16 missed) external pure {
        uint8 each = absences;
        for (uint256 i = 0; i < missed % 300; ++i) {
            each = Reputation.shiftAbsent(each, 1);
        }
        vm.assertEq(Reputation.shiftAbsent(absences, missed % 300), each);
        uint256 n = 0;
        for (uint256 bit = 0; bit < 8; ++bit) {
            n += (absences >> bit) & 1;
        }
        vm.assertEq(Reputation.count(absences), n);
    }

    function testFuzz_WeightIsStakeTimesReputation(uint88 stake, uint16 reputation) external pure {
        uint256 product = (uint256(stake) * reputation) / 10_000;
        uint256 most = type(uint88).max;
        vm.assertEq(Reputation.weightDown(stake, reputation), product > most ? most : product);
    }

    /// @dev A seat holds no more; the bounds of parameters keep weights below it.
    function test_WeightStopsAtWhatASeatHolds() external pure {
        uint256 most = type(uint88).max;
        vm.assertEq(Reputation.weightDown(most, 10_000), most);
        vm.assertEq(Reputation.weightDown(most, 10_001), most);
    }

    function test_AttendingAfterAGap() external pure {
        IMinerRegistry.ReputationRule memory rule = IMinerRegistry.ReputationRule(1_000, 20_000, 500);
        MinerRecord.Data memory d;
        (d.reputation, d.ballot, d.absences) = (10_000, 4, 1);
        d.attend(7, rule);
        // Missed 5 and 6, present in 7.
        vm.assertEq(d.reputation, 9_000);
        vm.assertEq(d.absences, 14);
        vm.assertEq(d.ballot, 7);
        d.catchUp(7, rule);
        vm.assertEq(d.absences, 14);
        d.catchUp(8, rule);
        vm.assertEq(d.reputation, 8_500);
        vm.assertEq(d.absences, 29);
    }

    // ------------------------------------------------------------------ draw

    function _roster(uint256 seed, uint256 count) private pure returns (uint256[] memory roster) {
        roster = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 weight = 1 + uint256(keccak256(abi.encode(seed, "weight", i))) % type(uint88).max;
            roster[i] = SeatWord.pack(address(uint160(i + 1)), uint88(weight), i % 2 == 0);
        }
    }

    /// forge-config: default.fuzz.runs = 64
    function testFuzz_DrawIsAPermutation(uint64 seed, uint8 members) external pure {
        uint256 count = 1 + members % 40;
        uint256[] memory roster = _roster(seed, count);
        uint256[] memory order = ProposerDraw.draw(seed, roster, count);
        uint256 seen = 0;
        for (uint256 rank = 0; rank < count; ++rank) {
            vm.assertTrue(order[rank] < count && (seen >> order[rank]) & 1 == 0, "not a permutation");
            seen |= 1 << order[rank];
        }
        // Drawing fewer ranks gives the beginning of the same order.
        uint256[] memory first = ProposerDraw.draw(seed, roster, 1 + count / 2);
        for (uint256 rank = 0; rank < first.length; ++rank) {
            vm.assertEq(first[rank], order[rank]);
        }
    }

    function testFuzz_FirstRankIsThePointInTheRunningWeight(uint64 seed) external pure {
        uint256[] memory roster = _roster(seed, 5);
        uint256 total = 0;
        for (uint256 i = 0; i < 5; ++i) {
            total += SeatWord.weightOf(roster[i]);
        }
        uint256 point = uint256(keccak256(abi.encode(uint256(seed), uint256(0)))) % total;
        uint256 expected = 0;
        uint256 running = SeatWord.weightOf(roster[0]);
        while (running <= point) running += SeatWord.weightOf(roster[++expected]);
        vm.assertEq(ProposerDraw.draw(seed, roster, 1)[0], expected);
    }

    /// @dev 3 : 1 in weight is 3 : 1 in primaries; 2,000 draws, five standard deviations.
    function test_DrawFollowsTheWeights() external pure {
        uint256[] memory roster = new uint256[](2);
        roster[0] = SeatWord.pack(address(1), 3e18, false);
        roster[1] = SeatWord.pack(address(2), 1e18, false);
        uint256 first = 0;
        for (uint256 seed = 0; seed < 2_000; ++seed) {
            if (ProposerDraw.draw(seed, roster, 1)[0] == 0) ++first;
        }
        vm.assertTrue(first > 1_403 && first < 1_597, "not by weight");
    }

    function seedAt(uint256 number) external view returns (uint64) {
        return ProposerDraw.seedAt(number);
    }

    function test_SeedIsTheHashOfTheOpeningBlockItself() external {
        vm.roll(500);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.SeedNotReady.selector, 501));
        this.seedAt(500);
        vm.roll(501);
        vm.setBlockhash(500, bytes32(uint256(0xabc)));
        vm.setBlockhash(499, bytes32(uint256(0xdef)));
        vm.assertEq(this.seedAt(500), 0xabc);
    }

    function seedBlock(uint256 opening) external view returns (uint256) {
        return ProposerDraw.seedBlock(opening);
    }

    function test_SeedBlockMovesOnWhenItsHashIsOutOfReach() external {
        uint256[6] memory ages = [uint256(0), 1, 256, 257, 512, 513];
        uint256[6] memory moves = [uint256(0), 0, 0, 256, 256, 512];
        for (uint256 i = 0; i < 6; ++i) {
            vm.roll(10_000 + ages[i]);
            vm.assertEq(this.seedBlock(10_000), 10_000 + moves[i]);
        }
    }

    // ------------------------------------------------------------------ parameters

    function validate(IRoundConsensus.Parameters memory p, uint256 slots) external pure {
        ParametersLib.validate(p, slots);
    }

    function _demo() private pure returns (IRoundConsensus.Parameters memory p) {
        (p.collectMin, p.collectMax, p.proposeSlot, p.voteWindow) = (3, 20, 10, 10);
        (p.voteGrace, p.challengeWindow, p.answerTime, p.minRoundInterval) = (5, 15, 10, 1);
        (p.quorumBps, p.minConfidenceBps, p.absenceLimit, p.roundBudget) = (6_700, 8_000, 3, 100e18);
        (p.reputationStart, p.reputationMin, p.reputationMax) = (10_000, 1_000, 20_000);
        (p.reputationGain, p.reputationLoss) = (1_000, 500);
        (p.minStake, p.maxStake) = (1_000e18, 100_000e18);
    }

    /// @dev Parameter number `i` of the demo's, replaced by `value` (as in the ABI: one word each).
    function _with(uint256 i, uint256 value) private pure returns (IRoundConsensus.Parameters memory p) {
        p = _demo();
        assembly ("memory-safe") {
            mstore(add(p, mul(32, i)), value)
        }
    }

    struct Bound {
        bytes32 name;
        uint256 min;
        uint256 max;
    }

    /// @dev Bounds in the order of the fields, given that all other fields are the demo's.
    function _bounds() private pure returns (Bound[19] memory b) {
        b[0] = Bound("collectMin", 1, 20);
        b[1] = Bound("collectMax", 3, 30 days);
        b[2] = Bound("proposeSlot", 5, 1 days);
        b[3] = Bound("voteWindow", 5, 7 days);
        b[4] = Bound("voteGrace", 5, 7 days);
        b[5] = Bound("challengeWindow", 10, 30 days);
        b[6] = Bound("answerTime", 10, 30 days);
        b[7] = Bound("minRoundInterval", 0, 1 days);
        b[8] = Bound("quorumBps", 5_001, 10_000);
        b[9] = Bound("minConfidenceBps", 5_000, 10_000);
        b[10] = Bound("reputationStart", 1_000, 20_000);
        b[11] = Bound("reputationMin", 100, 10_000);
        b[12] = Bound("reputationMax", 10_000, 50_000);
        b[13] = Bound("reputationGain", 0, 5_000);
        b[14] = Bound("reputationLoss", 0, 5_000);
        b[15] = Bound("absenceLimit", 1, 8);
        b[16] = Bound("roundBudget", 0, type(uint80).max);
        b[17] = Bound("minStake", 10_000, 100_000e18);
        b[18] = Bound("maxStake", 1_000e18, uint256(type(uint88).max) / 2);
    }

    function test_EveryParameterIsBounded() external {
        Bound[19] memory bounds = _bounds();
        for (uint256 i = 0; i < 19; ++i) {
            Bound memory b = bounds[i];
            this.validate(_with(i, b.min), 10_000_000);
            this.validate(_with(i, b.max), 10_000_000);
            if (b.min > 0) _refused(i, b, b.min - 1);
            _refused(i, b, b.max + 1);
        }
    }

    function _refused(uint256 i, Bound memory b, uint256 value) private {
        bytes4 refusal = IRoundConsensus.ParameterOutOfRange.selector;
        // The two minima have bounds of their own; above their maxima it is the maximum that is refused.
        uint256 max = i == 0 ? 30 days : i == 17 ? type(uint88).max : b.max;
        if (value <= b.max) vm.expectRevert(abi.encodeWithSelector(refusal, b.name, value, b.min, max));
        else if (i == 0) vm.expectRevert(abi.encodeWithSelector(refusal, bytes32("collectMax"), 20, value, 30 days));
        else if (i == 17) vm.expectPartialRevert(refusal);
        else vm.expectRevert(abi.encodeWithSelector(refusal, b.name, value, b.min, b.max));
        this.validate(_with(i, value), 10_000_000);
    }

    function test_RingMustCoverTheChallengeWindow() external {
        // 15 seconds at 3 seconds a round: five rounds not final and one open.
        this.validate(_demo(), 6);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.RingTooSmall.selector, 5, 6));
        this.validate(_demo(), 5);
        this.validate(_with(7, 5), 4);
        vm.expectRevert(abi.encodeWithSelector(IRoundConsensus.RingTooSmall.selector, 6, 7));
        this.validate(_with(5, 16), 6);
    }
}
