// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ExactFedAvg} from "./ExactFedAvg.sol";
import {SortedColumn} from "./SortedColumn.sol";

/// @title Whether one coordinate of a claimed aggregate is right
/// @notice Two tests, both on integers w x 2^149. Exact replay: the claim's bits are those of the protocol's own order of
/// operations. Tolerance: the claim is a result that some order of plain float64 additions could give. See
/// docs/fault-proofs.md for why no honest result fails either.
library CoordinateJudge {
    enum Verdict {
        Right,
        /// Fails the exact replay only: perhaps a library that adds in another order.
        NotExact,
        /// Fails the tolerance too: no float64 evaluation of these updates gives it.
        Wrong
    }

    enum Kind {
        /// Not provable from one coordinate.
        None,
        FedAvg,
        Median,
        TrimmedMean
    }

    struct Rule {
        Kind kind;
        /// Values dropped at each end; trimmed mean only.
        uint256 trim;
        /// Largest exponent field of a value, 136 for |w| < 2^10.
        uint256 maxExponent;
    }

    error RuleNotProvable();
    /// @dev FedAvg takes no order.
    error OrderNotNeeded(uint256 length);
    /// @dev Update `k` holds a value outside the domain: whoever included it is at fault, but the sum is not judged.
    error InputOutOfDomain(uint256 k, uint32 bits);
    error BoundTooLarge(uint256 maxExponent);

    /// @param claim Float32 bits of the claimed coordinate.
    /// @param samples Sample counts, ascending by client.
    /// @param column Float32 bits of the updates' coordinate, in the same order.
    /// @param order See `SortedColumn`; empty for FedAvg.
    function judge(
        Rule memory rule,
        uint32 claim,
        uint256[] memory samples,
        uint256[] memory column,
        bytes memory order
    ) internal pure returns (Verdict) {
        require(rule.kind != Kind.None, RuleNotProvable());
        require(rule.maxExponent <= ExactFedAvg.MAX_EXPONENT, BoundTooLarge(rule.maxExponent));
        for (uint256 k = 0; k < column.length; ++k) {
            require(uint8(column[k] >> 23) <= rule.maxExponent, InputOutOfDomain(k, uint32(column[k])));
        }
        if (rule.kind == Kind.FedAvg) {
            require(order.length == 0, OrderNotNeeded(order.length));
        } else {
            (samples, column) = _kept(rule, column, order);
        }
        if (ExactFedAvg.average(samples, column) == claim) return Verdict.Right;
        if (uint8(claim >> 23) > rule.maxExponent) return Verdict.Wrong;
        return isBeyondTolerance(claim, samples, column) ? Verdict.Wrong : Verdict.NotExact;
    }

    /// @dev The values that count, each with weight one.
    function _kept(Rule memory rule, uint256[] memory column, bytes memory order)
        private
        pure
        returns (uint256[] memory ones, uint256[] memory values)
    {
        uint256 length = column.length;
        require(length <= ExactFedAvg.MAX_UPDATES, ExactFedAvg.UpdateCountOutOfRange(length));
        (uint256 from, uint256 count) =
            rule.kind == Kind.Median ? SortedColumn.middle(length) : SortedColumn.trimmed(length, rule.trim);
        values = SortedColumn.kept(column, order, from, count);
        ones = new uint256[](count);
        for (uint256 k = 0; k < count; ++k) {
            ones[k] = 1;
        }
    }

    /// @notice 4 |rN - S| > c N U + floor((K + 2) T / 2^51), with r the claim, S the weighted sum, T the sum of
    /// magnitudes, N the sum of weights, U the spacing of float32 at r; c = 2, but 1 if r is a power of two and S / N
    /// lies on its zero side, where float32 are twice as dense. All scaled by 2^149. Inputs as `ExactFedAvg.average`
    /// has checked them: then nothing here exceeds 2^243.
    function isBeyondTolerance(uint32 claim, uint256[] memory samples, uint256[] memory column)
        internal
        pure
        returns (bool)
    {
        (int256 sum, uint256 magnitudes, uint256 total) = (0, 0, 0);
        for (uint256 k = 0; k < column.length; ++k) {
            int256 term = int256(samples[k]) * ExactFedAvg.scaled(uint32(column[k]));
            sum += term;
            magnitudes += uint256(term < 0 ? -term : term);
            total += samples[k];
        }
        uint256 exponent = uint8(claim >> 23);
        int256 difference = ExactFedAvg.scaled(claim) * int256(total) - sum;
        bool zeroSide = claim >> 31 == 0 ? difference > 0 : difference < 0;
        uint256 c = claim & 0x7fffff == 0 && exponent > 1 && zeroSide ? 1 : 2;
        uint256 allowed = c * total << (exponent == 0 ? 0 : exponent - 1);
        return
            4 * uint256(difference < 0 ? -difference : difference) > allowed + ((column.length + 2) * magnitudes >> 51);
    }
}
