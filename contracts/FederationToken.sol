// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Capped} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Capped.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title Capped ERC-20 with permit for local and test networks
/// @notice The whole initial supply goes to one holder; nothing can be minted afterwards, so the cap is only the
/// stated promise. Any ERC-20 without a fee on transfer works in its place.
contract FederationToken is ERC20Capped, ERC20Permit {
    /// @param cap_ Largest supply, in the smallest unit (18 decimals).
    /// @param holder Receives `supply`.
    constructor(string memory name_, string memory symbol_, uint256 cap_, address holder, uint256 supply)
        ERC20(name_, symbol_)
        ERC20Capped(cap_)
        ERC20Permit(name_)
    {
        _mint(holder, supply);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Capped) {
        super._update(from, to, value);
    }
}
