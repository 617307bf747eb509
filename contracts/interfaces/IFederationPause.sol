// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Holding a federation, and letting it go on
/// @notice Governance may hold everything, for a bounded time. While a federation is paused no round, vote, dispute or
/// membership moves (`Paused`); every exit stays open: asking to leave, taking what is released, claims of final roots.
///
/// Federation time is block time less all that the pauses took, and stands still in one. Every window runs in it: so
/// none ends, and nobody is late, by a pause. A time that a function or an event gives is a block time, as if no further
/// pause came; one that lies ahead moves on with every further pause. See docs/decisions/0016-a-pause-stops-the-clock.md.
interface IFederationPause {
    /// @notice From `until` on anyone may resume.
    event FederationPaused(address indexed by, uint256 until);
    /// @notice Everything that had not run out at `pausedAt` runs out later by the time since then.
    /// @param pausedTime Seconds that all pauses took so far.
    event FederationResumed(address indexed by, uint256 pausedAt, uint256 pausedTime);

    error Paused(uint256 since);
    error NotPaused();
    /// @dev Pauses have used up what they may take: the federation must run for a while first.
    error PausedTooLong(uint256 readyAt);

    /// @notice Hold everything. Restricted. All pauses together may take 30 days, and what they took comes back second by
    /// second while the federation runs. Not in the block that opened a round (`SeedNotReady`): one later.
    function pause() external;

    /// @notice Let everything go on from where it stood. Restricted until `until` of `pauseInfo`; then anyone.
    function resume() external;

    /// @return since Block time of the pause that runs; 0 if none does.
    /// @return until When it may be ended by anyone; 0 if none runs.
    /// @return pausedTime Seconds that all pauses took so far, this one included: block time less federation time.
    function pauseInfo() external view returns (uint256 since, uint256 until, uint256 pausedTime);
}
