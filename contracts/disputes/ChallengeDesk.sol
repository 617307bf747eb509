// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFaultProofs} from "../interfaces/IFaultProofs.sol";

/// @title Commitments of challengers
/// @notice A proof is worthless to whoever copies it: the commitment made a block before names its challenger.
abstract contract ChallengeDesk is IFaultProofs {
    /// @inheritdoc IFaultProofs
    mapping(bytes32 commitment => uint256 blockNumber) public madeIn;

    /// @inheritdoc IFaultProofs
    function commit(bytes32 commitment) external {
        require(madeIn[commitment] == 0, AlreadyCommitted(commitment));
        madeIn[commitment] = block.number;
        emit Committed(commitment, msg.sender);
    }

    /// @dev Uses the caller's commitment up; a proof that fails later takes that back.
    function _reveal(bytes32 proofHash, bytes32 salt) internal {
        bytes32 commitment = keccak256(abi.encode(proofHash, msg.sender, salt));
        uint256 made = madeIn[commitment];
        require(made != 0, NotCommitted(commitment));
        require(block.number > made, TooEarly(made + 1));
        delete madeIn[commitment];
    }
}
