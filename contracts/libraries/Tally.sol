// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Counting votes
/// @notice Weights are integers, confidences basis points (1/10,000). With W the weight of **all** active miners:
/// ratio = sum(weight x confidence of yes) / W. Dividing by the votes cast instead would let whoever picks the votes
/// pass anything with a minority.
///
/// Sums cannot overflow: at most 255 weights of 88 bits, times 14 bits.
library Tally {
    uint256 internal constant BPS = 10_000;
    /// @dev A lone voter, even with all the weight, agrees nothing.
    uint256 internal constant MIN_YES_VOTERS = 2;

    enum Verdict {
        Pending,
        Agreed,
        Disagreed
    }

    /// @notice Votes on one candidate.
    struct Count {
        /// Sum of weight x confidence of yes votes.
        uint256 yes;
        /// Weight of those that voted on it.
        uint256 voted;
        uint256 yesVoters;
        /// Part of `yes` that comes from the candidate's only signer; 0 if two signed.
        uint256 soleYes;
    }

    /// @dev Counts a vote. Overflow: see above.
    function add(Count memory count, uint256 weight, bool support, uint256 confidence) internal pure {
        if (weight == 0) return;
        unchecked {
            count.voted += weight;
            if (!support) return;
            count.yes += weight * confidence;
            ++count.yesVoters;
        }
    }

    /// @notice AGREED: W > 0, ratio >= quorum, two yes voters, and a sole signer needs the yes of more than half of the
    /// others' weight (else one with the quorum passes alone). DISAGREED: even if all who have not voted said
    /// yes, the quorum would be missed, or nobody is left whose vote counts.
    /// @param total Weight of all active miners.
    /// @param soleWeight Weight of the only signer; 0 if two signed.
    function verdict(Count memory count, uint256 total, uint256 soleWeight, uint256 quorumBps)
        internal
        pure
        returns (Verdict)
    {
        uint256 needed = quorumBps * total;
        if (total == 0 || count.yes + (total - count.voted) * BPS < needed) return Verdict.Disagreed;
        bool othersAgree = soleWeight == 0 || 2 * (count.yes - count.soleYes) > (total - soleWeight) * BPS;
        if (count.yes >= needed && count.yesVoters >= MIN_YES_VOTERS && othersAgree) {
            return Verdict.Agreed;
        }
        return Verdict.Pending;
    }

    /// @dev Weighted yes in basis points of all active weight, rounded down.
    function ratioBpsDown(uint256 yes, uint256 total) internal pure returns (uint256) {
        return total == 0 ? 0 : yes / total;
    }
}
