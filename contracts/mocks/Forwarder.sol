// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Calls another contract with what it is given; for tests of what was not sent directly
contract Forwarder {
    /// @notice Calls `target` with `data`; a failing call fails this one with the same reason.
    function forward(address target, bytes calldata data) external {
        (bool ok, bytes memory result) = target.call(data);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(result, 32), mload(result))
        }
    }
}
