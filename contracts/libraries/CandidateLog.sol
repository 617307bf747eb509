// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";

/// @title The two events of candidates
/// @notice They repeat most of a proposal's call. Here that is copied at once, where Solidity would take it apart and put it
/// together again field by field. All numbers were checked to fit their types when the candidate's id was computed, and
/// that there are one or two signatures.
library CandidateLog {
    /// @dev Bytes of the two lists with their places, for two signers.
    uint256 private constant LISTS = 320;

    /// @dev emit CandidatePosted(round, id, index, content, signers, signatures)
    function posted(
        uint256 round,
        bytes32 id,
        uint256 index,
        IRoundConsensus.CandidateContent calldata content,
        address[2] memory signers,
        IRoundConsensus.ProposerSignature[] calldata signatures
    ) internal {
        bytes32 topic = IRoundConsensus.CandidatePosted.selector;
        uint256 start;
        assembly ("memory-safe") {
            start := mload(0x40)
            mstore(0x40, add(start, add(320, LISTS)))
            mstore(start, index)
            calldatacopy(add(start, 32), content, 288)
        }
        // Index, nine words of content, and the places of the two lists come before these.
        uint256 size = _lists(start, 320, signers, signatures);
        assembly ("memory-safe") {
            log3(start, size, topic, round, id)
        }
    }

    /// @dev emit CandidateCosigned(round, id, signers, signatures)
    function cosigned(
        uint256 round,
        bytes32 id,
        address[2] memory signers,
        IRoundConsensus.ProposerSignature[] calldata signatures
    ) internal {
        bytes32 topic = IRoundConsensus.CandidateCosigned.selector;
        uint256 start;
        assembly ("memory-safe") {
            start := mload(0x40)
            mstore(0x40, add(start, LISTS))
        }
        uint256 size = _lists(start, 0, signers, signatures);
        assembly ("memory-safe") {
            log3(start, size, topic, round, id)
        }
    }

    /// @dev Writes signers and signatures as an event's last two arguments, whose places in it stand at `head`.
    /// @return size Bytes from `start` to the end of both.
    function _lists(
        uint256 start,
        uint256 head,
        address[2] memory signers,
        IRoundConsensus.ProposerSignature[] calldata signatures
    ) private pure returns (uint256 size) {
        assembly ("memory-safe") {
            let count := signatures.length
            let place := add(start, head)
            let next := add(head, 64)
            mstore(place, next)
            mstore(add(start, next), count)
            mcopy(add(add(start, next), 32), signers, shl(5, count))
            next := add(next, shl(5, add(count, 1)))
            mstore(add(place, 32), next)
            mstore(add(start, next), shl(1, count))
            size := add(next, 32)
            // A rank comes before each two words of a signature.
            let from := add(signatures.offset, 32)
            for { let end := add(size, shl(6, count)) } lt(size, end) { size := add(size, 64) } {
                calldatacopy(add(start, size), from, 64)
                from := add(from, 96)
            }
        }
    }
}
