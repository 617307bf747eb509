// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title One coordinate of federated averaging, bit for bit
/// @notice Replays acc = fl64(acc + fl64(n x w)) over the clients in order, q = fl64(acc / N), r = fl32(q), -0 replaced
/// by +0. A float32 w is an integer multiple of 2^-149, so is every partial sum, and nothing underflows: rounding a
/// float64 is rounding an integer to 53 bits, ties to even (IEEE 754-2019, 4.3.1).
///
/// Overflow: |w| < 2^40 scales to less than 2^189; times at most 2^32 samples and 2^10 clients it stays below 2^231.
library ExactFedAvg {
    /// @dev Exponent field of the largest magnitudes allowed: |w| < 2^40.
    uint256 internal constant MAX_EXPONENT = 166;
    uint256 internal constant MAX_UPDATES = 1_024;
    uint256 internal constant MAX_SAMPLES = 1 << 32;
    uint256 private constant FLOAT64_BITS = 53;
    uint256 private constant FLOAT32_BITS = 24;
    /// @dev Quotient bits kept besides the sticky one: two more than a float64 holds.
    uint256 private constant QUOTIENT_BITS = 55;

    error UpdateCountOutOfRange(uint256 count);
    error SampleCountOutOfRange(uint256 samples);
    error ValueOutOfRange(uint32 bits);

    /// @param samples Sample counts, ascending by client.
    /// @param column Float32 bits of the coordinate, in the same order.
    /// @return Float32 bits of the average.
    function average(uint256[] memory samples, uint256[] memory column) internal pure returns (uint32) {
        uint256 count = samples.length;
        require(count != 0 && count <= MAX_UPDATES && column.length == count, UpdateCountOutOfRange(count));
        int256 sum = 0;
        uint256 total = 0;
        for (uint256 k = 0; k < count; ++k) {
            uint256 n = samples[k];
            require(n != 0 && n <= MAX_SAMPLES, SampleCountOutOfRange(n));
            total += n;
            sum = _float64(sum + _float64(int256(n) * scaled(uint32(column[k]))));
        }
        return _divided(sum, total);
    }

    /// @notice w x 2^149 of float32 bits. Reverts for NaN, infinities and |w| >= 2^40.
    function scaled(uint32 bits) internal pure returns (int256) {
        uint256 exponent = uint8(bits >> 23);
        require(exponent <= MAX_EXPONENT, ValueOutOfRange(bits));
        uint256 fraction = bits & 0x7fffff;
        int256 magnitude = int256(exponent == 0 ? fraction : (fraction | 1 << 23) << (exponent - 1));
        return bits >> 31 == 0 ? magnitude : -magnitude;
    }

    function _float64(int256 x) private pure returns (int256) {
        uint256 magnitude = Math.ternary(x < 0, uint256(-x), uint256(x));
        uint256 length = _bitLength(magnitude);
        if (length <= FLOAT64_BITS) return x;
        uint256 drop = length - FLOAT64_BITS;
        int256 rounded = int256(_shiftRounded(magnitude, drop) << drop);
        return x < 0 ? -rounded : rounded;
    }

    /// @dev fl32(fl64(sum / total)).
    function _divided(int256 sum, uint256 total) private pure returns (uint32 bits) {
        uint256 magnitude = sum < 0 ? uint256(-sum) : uint256(sum);
        uint256 wanted = _bitLength(total) + QUOTIENT_BITS;
        uint256 length = _bitLength(magnitude);
        // The quotient is quotient / 2^shift x 2^-149.
        uint256 shift = length < wanted ? wanted - length : 0;
        uint256 quotient = (magnitude << shift) / total;
        // A lost remainder must break ties: it is kept as the lowest bit, far below the ones that count.
        if ((magnitude << shift) % total != 0) quotient |= 1;
        quotient = uint256(_float64(int256(quotient)));
        bits = _float32(quotient, shift);
        if (sum < 0 && bits != 0) bits |= 1 << 31;
    }

    /// @dev Float32 bits of value / 2^shift x 2^-149, which is not negative.
    function _float32(uint256 value, uint256 shift) private pure returns (uint32) {
        uint256 length = _bitLength(value);
        // 24 significant bits, but none below 2^-149.
        uint256 drop = length > FLOAT32_BITS + shift ? length - FLOAT32_BITS : shift;
        uint256 mantissa = _shiftRounded(value, drop);
        // Adding the mantissa with its leading bit counts the exponent up by one; so does rounding up to 2^24.
        return uint32(((drop - shift) << 23) + mantissa);
    }

    /// @dev x / 2^drop, rounded to the nearest integer, ties to even.
    function _shiftRounded(uint256 x, uint256 drop) private pure returns (uint256) {
        if (drop == 0) return x;
        return (x + (1 << (drop - 1)) - 1 + ((x >> drop) & 1)) >> drop;
    }

    function _bitLength(uint256 x) private pure returns (uint256) {
        return x == 0 ? 0 : Math.log2(x) + 1;
    }
}
