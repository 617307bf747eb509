// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFederationPause} from "../interfaces/IFederationPause.sol";

/// @title What a pause means to the contracts around the consensus
/// @notice They keep times that must not pass in a pause as federation time: block time less `pausedTime`.
library FederationTime {
    /// @dev Reverts `Paused`.
    function requireRunning(IFederationPause consensus) internal view {
        (uint256 since,,) = consensus.pauseInfo();
        require(since == 0, IFederationPause.Paused(since));
    }

    /// @dev Settings of stakes (see Settings): a registration reads this word anyway.
    function areHeld(uint256 stakes) internal pure returns (bool) {
        return stakes >> 255 != 0;
    }

    /// @dev The same settings, held or not.
    function held(uint256 stakes, bool paused) internal pure returns (uint256) {
        return stakes << 1 >> 1 | (paused ? 1 << 255 : 0);
    }

    /// @dev Seconds between federation time and block time.
    function pausedTime(IFederationPause consensus) internal view returns (uint256 time) {
        (,, time) = consensus.pauseInfo();
    }
}
