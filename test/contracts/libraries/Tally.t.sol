// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Tally} from "../../../contracts/libraries/Tally.sol";
import {vm} from "../solidity/Vm.sol";

/// @dev Counting, against a reference that follows the published formula vote by vote.
contract TallyTest {
    using Tally for Tally.Count;

    uint256 private constant QUORUM = 6_700;

    struct Ballot {
        uint256 weight;
        bool voted;
        bool yes;
        uint256 confidence;
    }

    function _verdict(Tally.Count memory c, uint256 total, uint256 sole) private pure returns (uint256) {
        return uint256(c.verdict(total, sole, QUORUM));
    }

    function _expect(Tally.Count memory c, uint256 total, uint256 sole, Tally.Verdict expected) private pure {
        vm.assertEq(_verdict(c, total, sole), uint256(expected));
    }

    // ------------------------------------------------------------------ boundaries

    function test_NothingIsAgreedWithoutWeight() external pure {
        // All were slashed: no vote to wait for.
        _expect(Tally.Count(0, 0, 2, 0), 0, 0, Tally.Verdict.Disagreed);
    }

    function test_QuorumIsInclusive() external pure {
        _expect(Tally.Count(6_700 * 10_000, 10_000, 2, 0), 10_000, 0, Tally.Verdict.Agreed);
        _expect(Tally.Count(6_700 * 10_000 - 1, 6_700, 2, 0), 10_000, 0, Tally.Verdict.Pending);
    }

    function test_RatioIsOfAllActiveWeight() external pure {
        // Everyone who voted said yes, but that is 45 % of the weight.
        _expect(Tally.Count(4_500 * 10_000, 4_500, 3, 0), 10_000, 0, Tally.Verdict.Pending);
    }

    function test_OneVoterAgreesNothing() external pure {
        _expect(Tally.Count(9_000 * 10_000, 9_000, 1, 0), 10_000, 0, Tally.Verdict.Pending);
    }

    function test_SoleSignerNeedsMoreThanHalfOfTheOthers() external pure {
        // 69 % of the weight signed alone; exactly half of the others' 31 % said yes, then a little more.
        uint256 own = 6_900 * 10_000;
        _expect(Tally.Count(own + 1_550 * 10_000, 8_450, 2, own), 10_000, 6_900, Tally.Verdict.Pending);
        _expect(Tally.Count(own + 1_550 * 10_000 + 1, 8_451, 2, own), 10_000, 6_900, Tally.Verdict.Agreed);
        _expect(Tally.Count(own + 1_550 * 10_000, 8_450, 2, own), 10_000, 0, Tally.Verdict.Agreed);
    }

    function test_DisagreedOnlyWhenTheRestCannotSave() external pure {
        _expect(Tally.Count(0, 3_300, 0, 0), 10_000, 0, Tally.Verdict.Pending);
        _expect(Tally.Count(0, 3_301, 0, 0), 10_000, 0, Tally.Verdict.Disagreed);
    }

    function test_RatioIsRoundedDown() external pure {
        vm.assertEq(Tally.ratioBpsDown(19_999, 2), 9_999);
        vm.assertEq(Tally.ratioBpsDown(5, 0), 0);
    }

    /// @dev Equal weights: n = 2 needs both, 3 all three, 4 any three, 5 any four.
    function test_EqualWeights() external pure {
        uint8[6] memory needed = [0, 2, 2, 3, 3, 4];
        for (uint256 n = 1; n <= 5; ++n) {
            for (uint256 yes = 0; yes <= n; ++yes) {
                Tally.Count memory c = Tally.Count(yes * 1e18 * 10_000, yes * 1e18, yes, 0);
                bool agreed = _verdict(c, n * 1e18, 0) == uint256(Tally.Verdict.Agreed);
                vm.assertEq(agreed, yes >= needed[n]);
            }
        }
    }

    // ------------------------------------------------------------------ fuzz

    function _ballots(uint256[6] memory seeds) private pure returns (Ballot[] memory list) {
        list = new Ballot[](1 + seeds[5] % 5);
        for (uint256 i = 0; i < list.length; ++i) {
            uint256 s = seeds[i];
            // Small weights meet the boundaries, large ones the width.
            uint256 weight = s & 1 == 0 ? 1 + (s >> 16) % 8 : 1 + (s >> 16) % type(uint88).max;
            list[i] = Ballot(weight, s & 2 != 0, s & 12 != 0, 8_000 + (s >> 200) % 2_001);
        }
    }

    function _count(Ballot[] memory list, uint256 sole) private pure returns (Tally.Count memory c, uint256 total) {
        for (uint256 i = 0; i < list.length; ++i) {
            total += list[i].weight;
            if (!list[i].voted) continue;
            c.voted += list[i].weight;
            if (!list[i].yes) continue;
            c.yes += list[i].weight * list[i].confidence;
            ++c.yesVoters;
            if (i == sole) c.soleYes = list[i].weight * list[i].confidence;
        }
    }

    /// @dev The formula as published: the yes of each, the yes of the others, what the silent could still add.
    function _naive(Ballot[] memory list, uint256 sole) private pure returns (Tally.Verdict) {
        uint256 all;
        uint256 yes;
        uint256 silent;
        uint256 others;
        uint256 othersYes;
        uint256 voters;
        for (uint256 i = 0; i < list.length; ++i) {
            Ballot memory b = list[i];
            all += b.weight;
            if (i != sole) others += b.weight;
            if (!b.voted) silent += b.weight;
            if (!b.voted || !b.yes) continue;
            ++voters;
            yes += b.weight * b.confidence;
            if (i != sole) othersYes += b.weight * b.confidence;
        }
        if (yes + silent * 10_000 < all * QUORUM) return Tally.Verdict.Disagreed;
        if (yes < all * QUORUM || voters < 2) return Tally.Verdict.Pending;
        if (sole < list.length && 2 * othersYes <= others * 10_000) return Tally.Verdict.Pending;
        return Tally.Verdict.Agreed;
    }

    /// forge-config: default.fuzz.runs = 500
    function testFuzz_AgreesWithTheNaiveCount(uint256[6] memory seeds, uint8 sole) external pure {
        Ballot[] memory list = _ballots(seeds);
        uint256 signer = sole % (list.length + 1);
        (Tally.Count memory c, uint256 total) = _count(list, signer);
        uint256 soleWeight = signer < list.length ? list[signer].weight : 0;
        vm.assertEq(_verdict(c, total, soleWeight), uint256(_naive(list, signer)));
    }

    /// @dev Another yes never harms: a silent miner that says yes keeps an agreed candidate agreed, and one that turns
    /// its no into a yes never makes a candidate disagreed.
    function testFuzz_AnotherYesNeverHarms(uint256[6] memory seeds, uint8 who) external pure {
        Ballot[] memory list = _ballots(seeds);
        (Tally.Count memory c, uint256 total) = _count(list, 99);
        uint256 before = _verdict(c, total, 0);
        Ballot memory b = list[who % list.length];
        if (b.voted && b.yes) b.confidence = 10_000;
        else (b.voted, b.yes, b.confidence) = (true, true, 10_000);
        (c, total) = _count(list, 99);
        uint256 afterwards = _verdict(c, total, 0);
        if (before == uint256(Tally.Verdict.Agreed)) vm.assertEq(afterwards, before);
        if (before == uint256(Tally.Verdict.Pending)) {
            vm.assertTrue(afterwards != uint256(Tally.Verdict.Disagreed), "a yes made it disagreed");
        }
    }

    /// @dev A verdict is for good: no later vote takes back agreed or disagreed.
    function testFuzz_FurtherVotesDoNotFlipAVerdict(uint256[6] memory seeds, uint256[5] memory more) external pure {
        Ballot[] memory list = _ballots(seeds);
        (Tally.Count memory c, uint256 total) = _count(list, 0);
        uint256 before = _verdict(c, total, list[0].weight);
        for (uint256 i = 0; i < list.length; ++i) {
            if (list[i].voted) continue;
            (list[i].voted, list[i].yes) = (more[i] & 1 != 0, more[i] & 2 != 0);
        }
        (c, total) = _count(list, 0);
        if (before != uint256(Tally.Verdict.Pending)) vm.assertEq(_verdict(c, total, list[0].weight), before);
    }
}
