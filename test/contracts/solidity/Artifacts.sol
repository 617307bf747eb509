// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

/// @title Deploying contracts as production compiles them
/// @notice `new` would compile them again, with the cheaper settings of the tests.
abstract contract Artifacts {
    /// @dev External so that a test can expect the constructor to revert.
    function deploy(string memory name, bytes memory arguments) public returns (address deployed) {
        bytes memory code = bytes.concat(vm.getCode(string.concat(name, ".sol:", name)), arguments);
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
            if iszero(deployed) {
                let data := mload(0x40)
                returndatacopy(data, 0, returndatasize())
                revert(data, returndatasize())
            }
        }
    }
}
