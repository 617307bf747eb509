// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IKeyBook} from "./interfaces/IKeyBook.sol";

/// @title Who signs for whom
/// @notice Shared by both registries. A key is a plain account that has agreed to sign for one owner, for good: nobody
/// can register somebody else's key and let its signatures count twice. Nor is a key an owner of its own: whoever replaced
/// its key would take it from the owner it signs for.
abstract contract KeyBook is IKeyBook, EIP712 {
    bytes32 private constant KEY_TYPEHASH = keccak256("Key(address owner)");

    /// @dev Only keys that differ from their owner are listed.
    mapping(address key => address owner) private _ownerOfKey;

    constructor() EIP712("Quorate", "1") {}

    /// @inheritdoc IKeyBook
    function keyDigest(address owner) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(KEY_TYPEHASH, owner)));
    }

    /// @inheritdoc IKeyBook
    function ownerOfKey(address key) public view returns (address) {
        address owner = _ownerOfKey[key];
        if (owner != address(0)) return owner;
        return _signsForItself(key) ? key : address(0);
    }

    /// @dev True if `account` is registered as an owner, whatever its key.
    function _signsForItself(address account) internal view virtual returns (bool);

    /// @dev Checks that `key` may sign for `owner` and remembers it.
    function _acceptKey(address owner, address key, bytes calldata signature) internal {
        require(key.code.length == 0, KeyIsContract(key));
        address signsFor = _ownerOfKey[owner];
        require(signsFor == address(0), KeyTaken(owner, signsFor));
        address listed = _ownerOfKey[key];
        require(listed == address(0) || listed == owner, KeyTaken(key, listed));
        if (key == owner || listed == owner) return;
        require(!_signsForItself(key), KeyTaken(key, key));
        (address recovered,,) = ECDSA.tryRecover(keyDigest(owner), signature);
        require(recovered == key && key != address(0), BadKeySignature(key, recovered));
        _ownerOfKey[key] = owner;
    }
}
