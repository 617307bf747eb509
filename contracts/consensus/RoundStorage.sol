// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAuthority} from "@openzeppelin/contracts/access/manager/IAuthority.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {IClientRegistry} from "../interfaces/IClientRegistry.sol";
import {IRewardDistributor} from "../interfaces/IRewardDistributor.sol";
import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";
import {Messages} from "../libraries/Messages.sol";
import {Settings} from "../libraries/Settings.sol";
import {RoundLens} from "../RoundLens.sol";
import {RoundRecovery} from "../RoundRecovery.sol";
import {RoundState} from "./RoundState.sol";

/// @dev What a wired contract says about its consensus.
interface IWired {
    function consensus() external view returns (address);
}

/// @title Wiring and settings of the round consensus
abstract contract RoundStorage is IRoundConsensus, RoundState {
    /// @notice The AccessManager that decides about parameters. Callers whose role has an execution delay go
    /// through `AccessManager.execute`.
    address public immutable authority;
    RoundLens internal immutable _lens;
    RoundRecovery internal immutable _recovery;
    IClientRegistry internal immutable _clientRegistry;
    bytes32 private immutable _taskHash;
    bytes32 private immutable _genesisModelRoot;
    bytes32 private immutable _genesisModelCid;
    uint64 private immutable _dimension;
    uint32 internal immutable _validationSize;
    uint256 private immutable _chainId;
    bytes32 private immutable _domain;

    modifier restricted() {
        bool allowed = IAuthority(authority).canCall(msg.sender, address(this), msg.sig);
        require(allowed, IAccessManaged.AccessManagedUnauthorized(msg.sender));
        _;
    }

    constructor(address authority_, Wiring memory w, Task memory t, Parameters memory p, uint256 ringSlots_)
        RoundState(w, ringSlots_)
    {
        require(authority_ != address(0) && w.faultProofs != address(0), ZeroAddress());
        authority = authority_;
        _checkWiring(w.minerRegistry);
        _checkWiring(w.clientRegistry);
        _checkWiring(w.rewardDistributor);
        _clientRegistry = IClientRegistry(w.clientRegistry);
        // One more than the rounds that may lack finality: a final payout root is always kept.
        uint256 payoutSlots = IRewardDistributor(w.rewardDistributor).slots();
        require(payoutSlots > ringSlots_, RingTooSmall(payoutSlots, ringSlots_ + 1));

        require(t.genesisModelRoot != 0 && t.dimension != 0, GenesisModelMissing());
        _taskHash = t.taskHash;
        _genesisModelRoot = t.genesisModelRoot;
        _genesisModelCid = t.genesisModelCid;
        _dimension = t.dimension;
        _validationSize = t.validationSize;
        _headRoot = t.genesisModelRoot;
        _chainId = block.chainid;
        _domain = Messages.domainSeparator(address(this));

        _lens = RoundLens(IClientRegistry(w.clientRegistry).lens());
        _checkWiring(address(_lens));
        _recovery = new RoundRecovery(w, ringSlots_);
        (_nextSettings, _nextHash) = _lens.pack(p, t, ringSlots_);
        emit ParametersQueued(p);
        _applyParameters();
    }

    /// @inheritdoc IRoundConsensus
    function setParameters(Parameters calldata) external restricted {
        _recover(msg.data);
    }

    /// @inheritdoc IRoundConsensus
    function task() public view returns (Task memory) {
        return Task(_taskHash, _genesisModelRoot, _genesisModelCid, _dimension, _validationSize);
    }

    /// @inheritdoc IRoundConsensus
    function packedParameters()
        external
        view
        returns (Settings.Packed memory current, Settings.Packed memory next, bool queued)
    {
        return (_settings, _nextSettings, _state.flags & PARAMETERS_QUEUED != 0);
    }

    function _applyParameters() internal {
        _settings = _nextSettings;
        _parametersHash = _nextHash;
        emit ParametersChanged(_nextHash);
    }

    /// @inheritdoc IRoundConsensus
    function hashTypedData(bytes32 structHash) public view returns (bytes32) {
        return Messages.digest(_domainSeparator(), structHash);
    }

    /// @dev Computed again only on a chain that has split off since the deployment.
    function _domainSeparator() internal view returns (bytes32) {
        return block.chainid == _chainId ? _domain : Messages.domainSeparator(address(this));
    }

    /// @dev Runs code that no usual round needs on the storage of this contract. Where that has the same signature as what was
    /// called, the call is handed on as it came.
    function _recover(bytes memory call) internal returns (bytes memory) {
        return Address.functionDelegateCall(address(_recovery), call);
    }

    function _checkWiring(address part) private view {
        require(part != address(0), ZeroAddress());
        address itsConsensus = IWired(part).consensus();
        require(itsConsensus == address(this), WrongWiring(part, itsConsensus));
    }
}
