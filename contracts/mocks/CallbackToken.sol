// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title Token that calls back during a transfer; for tests of re-entrance
contract CallbackToken is ERC20 {
    address private _target;
    bytes private _data;

    constructor(address holder, uint256 supply) ERC20("Callback", "CB") {
        _mint(holder, supply);
    }

    /// @notice The next transfers call `target` with `data`; a failing call fails the transfer.
    function arm(address target, bytes calldata data) external {
        _target = target;
        _data = data;
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (_target == address(0)) return;
        (bool ok, bytes memory result) = _target.call(_data);
        if (ok) return;
        assembly ("memory-safe") {
            // Hand on the reason.
            revert(add(result, 32), mload(result))
        }
    }
}
