// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAuthority} from "@openzeppelin/contracts/access/manager/IAuthority.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IClientRegistry} from "../interfaces/IClientRegistry.sol";
import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";
import {IRewardDistributor} from "../interfaces/IRewardDistributor.sol";
import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";
import {Messages} from "../libraries/Messages.sol";
import {RoundWord} from "../libraries/RoundWord.sol";
import {Settings} from "../libraries/Settings.sol";
import {RoundLens} from "../RoundLens.sol";

/// @dev What a wired contract says about its consensus.
interface IWired {
    function consensus() external view returns (address);
}

/// @title Storage and settings of the round consensus
abstract contract RoundStorage is IRoundConsensus {
    using RoundWord for uint256;

    /// @dev Everything that changes with every round, in one word.
    struct State {
        /// Newest round ever opened.
        uint32 round;
        /// Settlement of the head.
        uint32 settlement;
        /// Rounds with a candidate that ended.
        uint32 ballots;
        /// Cumulative payouts of the head.
        uint96 payoutsTotal;
        /// Latest `finalAt` of any ended round.
        uint40 lastFinalAt;
        /// Updates in the head; 0 for the genesis model.
        uint16 updateCount;
        /// Parameters wait for the next opening.
        bool parametersQueued;
    }

    /// @dev A slot of the round ring. Content of candidates is in events only; ids commit to it.
    struct Slot {
        /// See RoundWord.
        uint256 word;
        bytes32 openingHash;
        /// Ids. A proposer signs one posted candidate, a reserve posts only when there is none: never more than two.
        bytes32[2] candidates;
        /// Votes on chain by 2 x seat + candidate index; see Ballots. Those of earlier rounds stay until overwritten.
        mapping(uint256 place => uint256 vote) cast;
    }

    /// @dev Miners a round needs: below, nobody could check the other.
    uint256 internal constant MIN_MINERS = 2;

    /// @notice The AccessManager that decides about parameters. Callers whose role has an execution delay go
    /// through `AccessManager.execute`.
    address public immutable authority;
    RoundLens internal immutable _lens;
    IMinerRegistry internal immutable _minerRegistry;
    IClientRegistry internal immutable _clientRegistry;
    IRewardDistributor internal immutable _rewardDistributor;
    address internal immutable _faultProofs;
    uint256 internal immutable _ringSlots;
    bytes32 private immutable _taskHash;
    bytes32 private immutable _genesisModelRoot;
    bytes32 private immutable _genesisModelCid;
    uint64 private immutable _dimension;
    uint32 internal immutable _validationSize;

    State internal _state;
    bytes32 internal _headRoot;
    bytes32 internal _parametersHash;
    Settings.Packed internal _settings;
    Settings.Packed private _nextSettings;
    /// @dev `parametersHash` of the queued parameters.
    bytes32 private _nextHash;
    mapping(uint256 slot => Slot) internal _ring;

    modifier restricted() {
        bool allowed = IAuthority(authority).canCall(msg.sender, address(this), msg.sig);
        require(allowed, IAccessManaged.AccessManagedUnauthorized(msg.sender));
        _;
    }

    /// @dev Nobody else can take back what was agreed, whatever role it holds.
    modifier onlyFaultProofs() {
        require(msg.sender == _faultProofs, OnlyFaultProofs(msg.sender));
        _;
    }

    constructor(address authority_, Wiring memory w, Task memory t, Parameters memory p, uint256 ringSlots_) {
        require(authority_ != address(0) && w.faultProofs != address(0), ZeroAddress());
        authority = authority_;
        _checkWiring(w.minerRegistry);
        _checkWiring(w.clientRegistry);
        _checkWiring(w.rewardDistributor);
        _minerRegistry = IMinerRegistry(w.minerRegistry);
        _clientRegistry = IClientRegistry(w.clientRegistry);
        _rewardDistributor = IRewardDistributor(w.rewardDistributor);
        _faultProofs = w.faultProofs;
        // One more than the rounds that may lack finality: a final payout root is always kept.
        uint256 payoutSlots = IRewardDistributor(w.rewardDistributor).slots();
        require(payoutSlots > ringSlots_, RingTooSmall(payoutSlots, ringSlots_ + 1));
        _ringSlots = ringSlots_;

        require(t.genesisModelRoot != 0 && t.dimension != 0, GenesisModelMissing());
        _taskHash = t.taskHash;
        _genesisModelRoot = t.genesisModelRoot;
        _genesisModelCid = t.genesisModelCid;
        _dimension = t.dimension;
        _validationSize = t.validationSize;
        _headRoot = t.genesisModelRoot;

        _lens = new RoundLens(this);
        (_nextSettings, _nextHash) = _lens.pack(p, t, ringSlots_);
        emit ParametersQueued(p);
        _applyParameters();
    }

    /// @inheritdoc IRoundConsensus
    function setParameters(Parameters calldata p) external restricted {
        (_nextSettings, _nextHash) = _lens.pack(p, task(), _ringSlots);
        _state.parametersQueued = true;
        emit ParametersQueued(p);
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
        return (_settings, _nextSettings, _state.parametersQueued);
    }

    function _applyParameters() internal {
        _settings = _nextSettings;
        _parametersHash = _nextHash;
        emit ParametersChanged(_nextHash);
    }

    /// @inheritdoc IRoundConsensus
    function hashTypedData(bytes32 structHash) public view returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(Messages.domainSeparator(address(this)), structHash);
    }

    function _slot(uint64 round) internal view returns (Slot storage) {
        return _ring[round % _ringSlots];
    }

    function _openRoundOf(uint64 round) internal view returns (Slot storage slot, RoundWord.Open memory r) {
        slot = _slot(round);
        uint256 word = slot.word;
        require(round != 0 && word.roundOf() == round && word.statusOf() == RoundStatus.Open, RoundNotOpen(round));
        r = RoundWord.unpackOpen(word);
    }

    /// @dev Word of a round that is still in the ring.
    function _wordOf(uint64 round) internal view returns (uint256 word) {
        word = _slot(round).word;
        require(round != 0 && word.roundOf() == round, UnknownRound(round));
    }

    function _checkWiring(address part) private view {
        require(part != address(0), ZeroAddress());
        address itsConsensus = IWired(part).consensus();
        require(itsConsensus == address(this), WrongWiring(part, itsConsensus));
    }
}
