// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @title Reputation steps and absence bits
/// @notice Reputation is kept in 1/10,000 (`ONE` = 1.0). A ballot is a round that had a candidate. The absence byte
/// covers the last eight ballots, bit 0 the newest, 1 = absent.
library Reputation {
    using SafeCast for uint256;

    /// @dev 1.0
    uint256 internal constant ONE = 10_000;
    /// @dev 10^18 / ONE
    uint256 internal constant TO_WAD = 1e14;

    /// @dev value + change, clamped to min ... max.
    function step(uint256 value, int256 change, uint256 min, uint256 max) internal pure returns (uint16) {
        int256 moved;
        unchecked {
            // All four are within 17 bits.
            moved = int256(value) + change;
        }
        if (moved < int256(min)) return uint16(min);
        return moved > int256(max) ? uint16(max) : uint16(uint256(moved));
    }

    /// @dev Reputation after `missed` further ballots.
    function afterMissed(uint256 value, uint256 missed, uint256 loss, uint256 min) internal pure returns (uint16) {
        uint256 fall = missed * loss;
        // A reputation below a raised minimum is not lifted by being absent.
        uint256 floor = value < min ? value : min;
        return (fall + floor >= value ? floor : value - fall).toUint16();
    }

    /// @dev Absence byte after `missed` ballots without a vote.
    function shiftAbsent(uint8 absences, uint256 missed) internal pure returns (uint8) {
        if (missed >= 8) return 0xff;
        return uint8((uint256(absences) << missed) | ((1 << missed) - 1));
    }

    /// @dev Number of absences in the byte.
    function count(uint8 absences) internal pure returns (uint256 n) {
        for (uint256 bits = absences; bits != 0; bits &= bits - 1) {
            ++n;
        }
    }

    /// @dev stake x reputation, rounded down; at most what a seat can hold. ParametersLib keeps weights below that, but a
    /// stake may be older than the parameters.
    function weightDown(uint256 stake, uint256 reputation) internal pure returns (uint88) {
        unchecked {
            // 88 x 16 bits.
            uint256 weight = (stake * reputation) / ONE;
            return weight > type(uint88).max ? type(uint88).max : uint88(weight);
        }
    }
}
