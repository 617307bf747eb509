// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Pot and payouts
/// @notice A prefunded pot pays clients by cumulative Merkle roots: the root of settlement s holds, for every client,
/// all it earned up to s. One claim therefore pays any number of rounds. Only roots of final rounds pay, and a root
/// never pays more than its own total minus everything claimed so far: its round's budget plus what was final and
/// unclaimed.
///
/// Leaves: OpenZeppelin StandardMerkleTree of (address client, uint256 cumulative). Amounts in the token's smallest
/// unit.
interface IRewardDistributor {
    /// @notice Payout root of one settlement.
    struct Payout {
        /// Root of the tree; zero if nobody was ever paid.
        bytes32 root;
        /// Sum of all cumulative amounts.
        uint256 total;
        /// Claims are open from this time on.
        uint256 finalAt;
        uint64 round;
    }

    event Funded(address indexed from, uint256 amount, uint256 funded);
    /// @notice All settlements after this one are forgotten; their numbers are used again.
    event PayoutsReverted(uint256 indexed settlement);
    event Claimed(address indexed account, uint256 indexed settlement, uint256 amount, uint256 cumulative);

    error OnlyConsensus(address caller);
    error ZeroAddress();
    error ZeroAmount();
    /// @dev Not recorded, reverted, or overwritten by a newer one: claim against the newest final settlement.
    error UnknownSettlement(uint256 settlement);
    error NotFinal(uint256 settlement, uint256 finalAt);
    error BadProof(address account, uint256 cumulative, bytes32 root);
    error NothingToClaim(address account, uint256 claimed);
    /// @dev The leaves of this root promise more than its total: the rest is refused.
    error RootExhausted(uint256 settlement, uint256 total, uint256 claimedByAll);

    /// @notice Add to the pot; pulls `amount` from the caller (needs an allowance). There is no way to take it out.
    function fund(uint256 amount) external;

    /// @notice Pay `account` everything it earned up to `settlement` and has not received. Anyone may send it.
    /// @param settlement Number of a final settlement, at best the newest (`latestFinal`).
    /// @param cumulative Amount of the account's leaf.
    /// @param proof Merkle proof of (account, cumulative).
    /// @return amount What was paid now.
    function claim(uint256 settlement, address account, uint256 cumulative, bytes32[] calldata proof)
        external
        returns (uint256 amount);

    // ------------------------------------------------------------------ consensus only

    /// @notice Record the payout root of a settlement; the consensus announces it (`RoundAgreed`).
    /// @param root Zero if the previous one stays in force.
    /// @param finalAt Federation time from which claims are open, see IFederationPause.
    /// @return funded_ Tokens ever put into the pot.
    function record(uint256 settlement, uint64 round, bytes32 root, uint256 total, uint256 finalAt)
        external
        returns (uint256 funded_);

    /// @notice Forget the settlements after `settlement` up to `last` (a round was reverted).
    function revertTo(uint256 settlement, uint256 last) external;

    /// @notice The federation is paused for the first time: from now on federation time is asked for.
    function followPauses() external;

    // ------------------------------------------------------------------ views

    /// @notice Settlements kept.
    function slots() external view returns (uint256);
    /// @notice Tokens ever put into the pot.
    function funded() external view returns (uint256);
    /// @notice Tokens ever claimed.
    function totalClaimed() external view returns (uint256);
    /// @notice Tokens `account` ever claimed.
    function claimed(address account) external view returns (uint256);
    /// @notice Root, total, finality and round of a settlement. Reverts `UnknownSettlement`.
    function payout(uint256 settlement) external view returns (Payout memory);
    /// @notice Newest settlement recorded; 0 before the first.
    function latest() external view returns (uint256);
    /// @notice Newest settlement whose root pays now; 0 if none.
    function latestFinal() external view returns (uint256);
    /// @notice What `claim` with these arguments would pay; 0 if it would revert because nothing is left.
    function claimable(uint256 settlement, address account, uint256 cumulative) external view returns (uint256);
}
