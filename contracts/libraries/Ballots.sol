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

    function pack(uint64 round, IRoundConsensus.Vote calldata v, bool replaced) internal pure returns (uint256) {
        return uint32(round) | uint256(v.seat) << 32 | uint256(v.candidateIndex) << 40 | uint256(v.support ? YES : NO)
            << 48 | (replaced ? 1 << 56 : 0) | uint256(v.confidence) << 64 | uint256(v.reason) << 80
            | uint256(v.reasonIndex) << 88;
    }

    function unpack(uint256 vote, address miner) internal pure returns (IRoundLens.CastVote memory) {
        return IRoundLens.CastVote({
            miner: miner,
            seat: uint8(vote >> 32),
            candidateIndex: uint8(vote >> 40),
            support: isYes(vote),
            confidence: confidenceOf(vote),
            reason: reasonOf(vote),
            reasonIndex: uint64(vote >> 88),
            replaced: isReplaced(vote)
        });
    }

    /// @dev The word in `VotesCounted`.
    function toEvent(uint256 vote, address miner) internal pure returns (uint256) {
        return uint256(uint160(miner)) << 96 | uint256(uint8(vote >> 40)) << 88 | (isYes(vote) ? 1 << 80 : 0)
            | uint256(confidenceOf(vote)) << 64 | uint256(reasonOf(vote)) << 56;
    }

    /// @dev True for a vote of another round that still lies in the ring.
    function isStale(uint256 vote, uint64 round) internal pure returns (bool) {
        return uint32(vote) != round;
    }

    function isYes(uint256 vote) internal pure returns (bool) {
        return uint8(vote >> 48) == YES;
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

    /// @dev Whether `v` may stand where `cast` stands: nothing there, or a withheld-no that a yes replaces once.
    function mayFollow(uint256 cast, IRoundConsensus.Vote calldata v) internal pure returns (bool) {
        if (cast == 0) return true;
        return !isYes(cast) && reasonOf(cast) == REASON_WITHHELD && v.support;
    }

    /// @dev Ranges of confidence and reason.
    function faultOf(IRoundConsensus.Vote calldata v, uint256 minConfidence)
        internal
        pure
        returns (IRoundConsensus.VoteFault)
    {
        uint256 least = v.support ? minConfidence : 10_000;
        if (v.confidence < least || v.confidence > 10_000) return IRoundConsensus.VoteFault.ConfidenceOutOfRange;
        bool reasoned = v.support ? v.reason == 0 && v.reasonIndex == 0 : v.reason != 0 && v.reason <= REASON_LAST;
        return reasoned ? IRoundConsensus.VoteFault.None : IRoundConsensus.VoteFault.ReasonOutOfRange;
    }
}
