// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Who signed a round's candidates, in one byte
/// @notice Low half byte: candidate 0; high half byte: candidate 1. Bit 0 primary, 1 secondary, 2 the reserve that posted.
library SignerBits {
    /// @dev Candidates posted, from their signers.
    function candidateCount(uint8 signers) internal pure returns (uint256) {
        return signers == 0 ? 0 : signers < 16 ? 1 : 2;
    }

    /// @dev Whether primary and secondary have both signed a posted candidate.
    function allSigned(uint8 signers) internal pure returns (bool) {
        return (signers | (signers >> 4)) & 3 == 3;
    }

    /// @dev Index of the best-ranked candidate: the second posted only if the primary signed it.
    function bestCandidate(uint8 signers) internal pure returns (uint256) {
        return signers >> 4 & 1;
    }

    /// @dev Signer bits of one candidate.
    function signersOf(uint8 signers, uint256 index) internal pure returns (uint8) {
        return index == 0 ? signers & 15 : signers >> 4;
    }
}
