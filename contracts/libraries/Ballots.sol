// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";
import {IRoundLens} from "../interfaces/IRoundLens.sol";

/// @title Votes in one word
/// @notice Kept on chain by `castVote`, and in memory while a round is decided.
/// Layout, lowest bits first: round (32), seat (8), candidate index (8), kind (8: 0 none, 1 no, 2 yes), replaced (8),
/// confidence (16), reason (8), reason index (64).
library Ballots {
    uint8 internal constant NO = 1;
    uint8 internal constant YES = 2;
    /// @dev Reason of a no whose author could not fetch leaf i of update k.
    uint8 internal constant REASON_WITHHELD = 3;
    uint8 internal constant REASON_LAST = 5;

    /// @dev Checks all fields at once: one by one that would cost more than the rest.
    function pack(uint64 round, IRoundConsensus.Vote calldata v, bool replaced) internal pure returns (uint256 vote) {
        (uint256 roundWord, uint256 again) = (uint32(round), replaced ? 1 << 56 : 0);
        assembly ("memory-safe") {
            let seat := calldataload(v)
            let index := calldataload(add(v, 32))
            let support := calldataload(add(v, 64))
            let confidence := calldataload(add(v, 96))
            let reason := calldataload(add(v, 128))
            let reasonIndex := calldataload(add(v, 160))
            // As Solidity does with arguments that do not fit their type.
            let beyond := or(or(shr(8, or(or(seat, index), reason)), shr(1, support)), shr(16, confidence))
            if or(beyond, shr(64, reasonIndex)) { revert(0, 0) }
            vote := or(or(shl(32, seat), shl(40, index)), or(shl(48, add(support, 1)), again))
            vote := or(or(vote, shl(64, confidence)), or(shl(80, reason), shl(88, reasonIndex)))
            vote := or(vote, roundWord)
        }
    }

    function unpack(uint256 vote, address miner) internal pure returns (IRoundLens.CastVote memory) {
        return IRoundLens.CastVote({
            miner: miner,
            seat: uint8(vote >> 32),
            candidateIndex: uint8(vote >> 40),
            support: isYes(vote),
            confidence: confidenceOf(vote),
            reason: reasonOf(vote),
            reasonIndex: reasonIndexOf(vote),
            replaced: isReplaced(vote)
        });
    }

    /// @dev The word in `VotesCounted`, without the reputation.
    function toEvent(uint256 vote, address miner) internal pure returns (uint256) {
        return uint256(uint160(miner)) << 96 | uint256(uint8(vote >> 40)) << 88 | (isYes(vote) ? 1 << 80 : 0)
            | uint256(confidenceOf(vote)) << 64 | uint256(reasonOf(vote)) << 56;
    }

    /// @dev True for a vote of another round that still lies in the ring.
    function isStale(uint256 vote, uint64 round) internal pure returns (bool) {
        return uint32(vote) != round;
    }

    function seatOf(uint256 vote) internal pure returns (uint256) {
        return uint8(vote >> 32);
    }

    function indexOf(uint256 vote) internal pure returns (uint256) {
        return uint8(vote >> 40);
    }

    /// @dev Where it lies: 2 x seat + candidate index.
    function placeOf(uint256 vote) internal pure returns (uint256) {
        unchecked {
            return 2 * seatOf(vote) + indexOf(vote);
        }
    }

    /// @dev NO, YES, or 0 where there is no vote.
    function kindOf(uint256 vote) internal pure returns (uint256) {
        return uint8(vote >> 48);
    }

    function isYes(uint256 vote) internal pure returns (bool) {
        return kindOf(vote) == YES;
    }

    function isReplaced(uint256 vote) internal pure returns (bool) {
        return uint8(vote >> 56) != 0;
    }

    function confidenceOf(uint256 vote) internal pure returns (uint16) {
        return uint16(vote >> 64);
    }

    function reasonOf(uint256 vote) internal pure returns (uint8) {
        return uint8(vote >> 80);
    }

    function reasonIndexOf(uint256 vote) internal pure returns (uint64) {
        return uint64(vote >> 88);
    }

    /// @dev Whether `vote` may stand where `cast` stands: nothing there, or a withheld-no that a yes replaces once.
    function mayFollow(uint256 cast, uint256 vote) internal pure returns (bool) {
        return cast == 0 || (!isYes(cast) && reasonOf(cast) == REASON_WITHHELD && isYes(vote));
    }

    /// @dev Whether the confidence is in range.
    function isConfident(uint256 vote, uint256 minConfidence) internal pure returns (bool) {
        bool yes = isYes(vote);
        uint256 confidence = confidenceOf(vote);
        if (confidence < (yes ? minConfidence : 10_000)) return false;
        return confidence <= 10_000;
    }

    /// @dev Whether a no names a reason, and a yes none.
    function isReasoned(uint256 vote) internal pure returns (bool) {
        uint256 reason = reasonOf(vote);
        return isYes(vote) ? reason == 0 && reasonIndexOf(vote) == 0 : reason != 0 && reason <= REASON_LAST;
    }
}
