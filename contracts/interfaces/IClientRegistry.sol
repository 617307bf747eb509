// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IKeyBook} from "./IKeyBook.sol";

/// @title Clients: who may send updates, with which key, over at most how many samples
/// @notice Every change takes effect with the next round that opens: an update of round r is judged by the records
/// that were valid at r's opening. Miners check this off chain; the records are evidence.
interface IClientRegistry is IKeyBook {
    /// @notice A client's terms.
    struct Terms {
        /// Plain account that signs updates.
        address key;
        /// Largest sample count of one update.
        uint32 sampleCap;
        /// False before registration and after leaving or removal.
        bool active;
    }

    event ClientChanged(
        address indexed client, address key, uint32 sampleCap, bool active, uint64 fromRound, uint256 count
    );
    event AllowListChanged(address indexed client, bool allowed);
    event AllowListRequired(bool required);
    event DefaultSampleCapChanged(uint32 sampleCap);

    error NotAllowed(address client);
    error AlreadyClient(address client);
    error NotClient(address client);
    error SampleCapZero();
    error ZeroAddress();

    /// @notice Become a client from the next round on.
    /// @param key Signing key; the caller itself or another plain account.
    /// @param keySignature Empty if `key` is the caller; else the key's 65-byte EIP-712 signature of
    /// `Key(address owner)` in the domain (Quorate, 1, chain id, this registry).
    function register(address key, bytes calldata keySignature) external;

    /// @notice Change the signing key from the next round on.
    function setKey(address key, bytes calldata keySignature) external;

    /// @notice Stop being a client from the next round on. Payouts already earned stay claimable.
    function unregister() external;

    /// @notice Governance: put accounts on or off the allow list. Taking a client off ends it with the next round.
    function setAllowed(address[] calldata clients, bool allowed) external;

    /// @notice Governance: whether registration needs the allow list. Clients already registered stay.
    function setAllowListRequired(bool required) external;

    /// @notice Governance: another cap for one client, from the next round on.
    function setSampleCap(address client, uint32 sampleCap) external;

    /// @notice Governance: cap of clients that register from now on.
    function setDefaultSampleCap(uint32 sampleCap) external;

    /// @notice Terms of `client` in `round`. Exact for the newest opened round and the next one; use events for
    /// earlier rounds.
    function termsAt(address client, uint64 round) external view returns (Terms memory);

    /// @notice Terms in the newest opened round.
    function terms(address client) external view returns (Terms memory);

    function isAllowed(address client) external view returns (bool);
    function allowListRequired() external view returns (bool);
    function defaultSampleCap() external view returns (uint32);
    /// @notice The RoundLens of the consensus. It is created here because the consensus with it would exceed what one
    /// transaction may create.
    function lens() external view returns (address);
    /// @notice Registered clients, counting changes that wait for the next round.
    function clientCount() external view returns (uint256);
    /// @notice The `index`-th account that ever registered (0 ... `everRegistered()` - 1).
    function clientAt(uint256 index) external view returns (address);
    function everRegistered() external view returns (uint256);
}
