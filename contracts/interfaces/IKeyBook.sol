// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Signing keys of owners
/// @notice A key is a plain account that agreed to sign for one owner, for good. Part of both registries.
interface IKeyBook {
    /// @dev Keys must be plain accounts: a contract's answer about a signature can change afterwards.
    error KeyIsContract(address key);
    /// @dev `key` signs for `owner`, for good: for nobody else, and it is no owner itself.
    error KeyTaken(address key, address owner);
    /// @dev The key must sign `Key(address owner)` in the domain (Quorate, 1, chain id, this registry).
    error BadKeySignature(address key, address recovered);

    /// @notice Owner of a key; zero if unknown.
    function ownerOfKey(address key) external view returns (address owner);

    /// @notice Digest a key signs to accept `owner`.
    function keyDigest(address owner) external view returns (bytes32);
}
