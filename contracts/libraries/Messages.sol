// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";
import {Ballots} from "./Ballots.sol";

/// @title EIP-712 struct hashes of all signed messages
/// @notice All messages carry round and opening hash, which binds chain, contract, base model, parameters and the
/// block before the opening: a reorganisation cannot turn an honest signature into a double one.
library Messages {
    using Ballots for uint256;

    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 internal constant UPDATE_TYPEHASH = keccak256(
        "Update(uint64 round,bytes32 openingHash,bytes32 baseRoot,bytes32 modelRoot,bytes32 modelCid,uint64 sampleCount)"
    );
    bytes32 internal constant MANIFEST_TYPEHASH =
        keccak256("Manifest(uint64 round,bytes32 openingHash,bytes32 updatesHash)");
    bytes32 internal constant CANDIDATE_TYPEHASH = keccak256(
        "Candidate(uint64 round,bytes32 openingHash,bytes32 baseRoot,bytes32 modelRoot,bytes32 modelCid,bytes32 updatesHash,bytes32 manifestCid,bytes32 payoutsRoot,uint256 payoutsTotal,uint32 updateCount,uint64 totalSamples,uint32 validationScore)"
    );
    bytes32 internal constant VOTE_TYPEHASH = keccak256(
        "Vote(uint64 round,bytes32 openingHash,bytes32 candidate,bool support,uint16 confidence,uint8 reason,uint64 reasonIndex)"
    );
    bytes32 internal constant RECEIPT_TYPEHASH =
        keccak256("Receipt(uint64 round,bytes32 openingHash,address client,bytes32 modelRoot)");

    /// @notice A client's update.
    struct Update {
        uint64 round;
        bytes32 openingHash;
        bytes32 baseRoot;
        bytes32 modelRoot;
        bytes32 modelCid;
        uint64 sampleCount;
    }

    /// @notice One line of a manifest; `signatureHash` = keccak256 of the client's 64-byte signature.
    struct UpdateReference {
        address client;
        bytes32 modelRoot;
        uint64 sampleCount;
        bytes32 signatureHash;
    }

    /// @dev Domain separator of a consensus on this chain.
    function domainSeparator(address consensus) internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, keccak256("Quorate"), keccak256("1"), block.chainid, consensus));
    }

    function update(Update memory u) internal pure returns (bytes32) {
        return keccak256(abi.encode(UPDATE_TYPEHASH, u));
    }

    function manifest(uint64 round, bytes32 openingHash, bytes32 updatesHash) internal pure returns (bytes32) {
        return keccak256(abi.encode(MANIFEST_TYPEHASH, round, openingHash, updatesHash));
    }

    /// @dev The candidate id. Takes the content as it lies in the call: whoever calls this has checked that its numbers fit
    /// their types, or compares the id with that of a candidate for which it was checked.
    function candidate(
        uint64 round,
        bytes32 openingHash,
        bytes32 baseRoot,
        IRoundConsensus.CandidateContent calldata content
    ) internal pure returns (bytes32 id) {
        (bytes32 typeHash, uint256 roundWord) = (CANDIDATE_TYPEHASH, round);
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, typeHash)
            mstore(add(start, 32), roundWord)
            mstore(add(start, 64), openingHash)
            mstore(add(start, 96), baseRoot)
            calldatacopy(add(start, 128), content, 288)
            id := keccak256(start, 416)
        }
    }

    /// @dev What a key signs: the struct hash in its domain (EIP-712).
    function digest(bytes32 domain, bytes32 structHash) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, hex"1901")
            mstore(add(start, 2), domain)
            mstore(add(start, 34), structHash)
            hash := keccak256(start, 66)
        }
    }

    /// @param v The vote as a word, see Ballots.
    function vote(uint64 round, bytes32 opening, bytes32 candidate_, uint256 v) internal pure returns (bytes32 hash) {
        (bytes32 typeHash, uint256 roundWord, uint256 yes) = (VOTE_TYPEHASH, round, v.isYes() ? 1 : 0);
        (uint256 confidence, uint256 reason, uint256 reasonIndex) = (v.confidenceOf(), v.reasonOf(), v.reasonIndexOf());
        assembly ("memory-safe") {
            // Free memory is used, but not taken: a settlement hashes every vote.
            let start := mload(0x40)
            mstore(start, typeHash)
            mstore(add(start, 32), roundWord)
            mstore(add(start, 64), opening)
            mstore(add(start, 96), candidate_)
            mstore(add(start, 128), yes)
            mstore(add(start, 160), confidence)
            mstore(add(start, 192), reason)
            mstore(add(start, 224), reasonIndex)
            hash := keccak256(start, 256)
        }
    }

    function receipt(uint64 round, bytes32 opening, address client, bytes32 modelRoot) internal pure returns (bytes32) {
        return keccak256(abi.encode(RECEIPT_TYPEHASH, round, opening, client, modelRoot));
    }

    /// @dev Commitment to a manifest's references, ascending by client.
    function updates(UpdateReference[] memory references) internal pure returns (bytes32) {
        return keccak256(abi.encode(references));
    }
}
