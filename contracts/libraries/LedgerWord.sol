// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What all claims share, in one word
/// @notice Besides the sum of all claims it keeps what a claim must know of the newest settlement that has paid, so that all
/// claims but its first need not read it. Lowest bits first: claimed by all (96), total of that settlement (96), its number
/// (32), lap of the ring (31), whether the federation was ever paused (1). A settlement of this lap is not overwritten before the next lap begins, which forgets it.
library LedgerWord {
    uint256 private constant EVER_PAUSED = 1 << 255;

    function claimedOf(uint256 ledger) internal pure returns (uint256) {
        return uint96(ledger);
    }

    function currentTotalOf(uint256 ledger) internal pure returns (uint256) {
        return uint96(ledger >> 96);
    }

    function currentOf(uint256 ledger) internal pure returns (uint256) {
        return uint32(ledger >> 192);
    }

    function lapOf(uint256 ledger) internal pure returns (uint256) {
        return (ledger & ~EVER_PAUSED) >> 224;
    }

    /// @param claimed Below 2^96.
    function withClaimed(uint256 ledger, uint256 claimed) internal pure returns (uint256) {
        return ledger >> 96 << 96 | claimed;
    }

    /// @param current Below 2^32.
    /// @param total Below 2^96.
    function withCurrent(uint256 ledger, uint256 current, uint256 total) internal pure returns (uint256) {
        return ledger >> 224 << 224 | current << 192 | total << 96 | claimedOf(ledger);
    }

    /// @param lap Below 2^31.
    function inLap(uint256 ledger, uint256 lap) internal pure returns (uint256) {
        return ledger & EVER_PAUSED | lap << 224 | claimedOf(ledger);
    }

    function wasPaused(uint256 ledger) internal pure returns (bool) {
        return ledger & EVER_PAUSED != 0;
    }

    function withPauses(uint256 ledger) internal pure returns (uint256) {
        return ledger | EVER_PAUSED;
    }
}
