// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

/// @title Pull tokens, refuse fees
library TokenPull {
    using SafeERC20 for IERC20;

    /// @dev Nobody's account: what goes there is burnt.
    address internal constant BURNT = 0x000000000000000000000000000000000000dEaD;

    /// @dev The token took a fee on transfer: `received` is not `sent`.
    error FeeOnTransfer(uint256 sent, uint256 received);

    /// @dev Moves `amount` from `from` to this contract and checks that all of it arrived.
    function pull(IERC20 token, address from, uint256 amount) internal {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(from, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        require(received == amount, FeeOnTransfer(amount, received));
    }
}
