// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IClientRegistry} from "./interfaces/IClientRegistry.sol";
import {IRoundConsensus} from "./interfaces/IRoundConsensus.sol";
import {FederationTime} from "./libraries/FederationTime.sol";
import {KeyBook} from "./KeyBook.sol";
import {RoundLens} from "./RoundLens.sol";

/// @title ClientRegistry
/// @notice See IClientRegistry.
contract ClientRegistry is IClientRegistry, KeyBook, AccessManaged {
    using FederationTime for IRoundConsensus;

    /// @dev Terms from a round on, in one word.
    struct DatedTerms {
        address key;
        uint32 sampleCap;
        bool active;
        uint32 fromRound;
    }

    /// @notice Tells which round is the newest.
    IRoundConsensus public immutable consensus;
    /// @inheritdoc IClientRegistry
    address public immutable lens;

    bool public allowListRequired;
    uint32 public defaultSampleCap;
    uint64 private _count;
    /// @dev All terms a client ever had, oldest first: what was true in a round stays true when it is disputed.
    mapping(address client => DatedTerms[]) private _history;
    mapping(address client => bool) public isAllowed;
    address[] private _all;

    constructor(address authority, IRoundConsensus consensus_, bool allowListRequired_, uint32 defaultSampleCap_)
        AccessManaged(authority)
    {
        require(authority != address(0) && address(consensus_) != address(0), ZeroAddress());
        consensus = consensus_;
        lens = address(new RoundLens(consensus_));
        _setDefaultSampleCap(defaultSampleCap_);
        _setAllowListRequired(allowListRequired_);
    }

    // ------------------------------------------------------------------ clients

    /// @inheritdoc IClientRegistry
    function register(address key, bytes calldata keySignature) external {
        consensus.requireRunning();
        require(!allowListRequired || isAllowed[msg.sender], NotAllowed(msg.sender));
        DatedTerms memory last = _newest(msg.sender);
        require(!last.active, AlreadyClient(msg.sender));
        _acceptKey(msg.sender, key, keySignature);
        if (last.key == address(0)) _all.push(msg.sender);
        ++_count;
        _change(msg.sender, DatedTerms(key, defaultSampleCap, true, 0));
    }

    /// @inheritdoc IClientRegistry
    function setKey(address key, bytes calldata keySignature) external {
        DatedTerms memory last = _active(msg.sender);
        _acceptKey(msg.sender, key, keySignature);
        last.key = key;
        _change(msg.sender, last);
    }

    /// @inheritdoc IClientRegistry
    function unregister() external {
        _end(msg.sender, _active(msg.sender));
    }

    // ------------------------------------------------------------------ governance

    /// @inheritdoc IClientRegistry
    function setAllowed(address[] calldata clients, bool allowed) external restricted {
        for (uint256 i = 0; i < clients.length; ++i) {
            address client = clients[i];
            isAllowed[client] = allowed;
            emit AllowListChanged(client, allowed);
            DatedTerms memory last = _newest(client);
            if (!allowed && last.active) _end(client, last);
        }
    }

    /// @inheritdoc IClientRegistry
    function setAllowListRequired(bool required) external restricted {
        _setAllowListRequired(required);
    }

    /// @inheritdoc IClientRegistry
    function setSampleCap(address client, uint32 sampleCap) external restricted {
        require(sampleCap != 0, SampleCapZero());
        DatedTerms memory last = _active(client);
        last.sampleCap = sampleCap;
        _change(client, last);
    }

    /// @inheritdoc IClientRegistry
    function setDefaultSampleCap(uint32 sampleCap) external restricted {
        _setDefaultSampleCap(sampleCap);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IClientRegistry
    function termsAt(address client, uint64 round) public view returns (Terms memory) {
        DatedTerms[] storage history = _history[client];
        for (uint256 i = history.length; i != 0; --i) {
            DatedTerms memory t = history[i - 1];
            if (t.fromRound <= round) return Terms(t.key, t.sampleCap, t.active);
        }
        return Terms(address(0), 0, false);
    }

    /// @inheritdoc IClientRegistry
    function terms(address client) external view returns (Terms memory) {
        return termsAt(client, consensus.currentRound());
    }

    /// @inheritdoc IClientRegistry
    function clientCount() external view returns (uint256) {
        return _count;
    }

    /// @inheritdoc IClientRegistry
    function clientAt(uint256 index) external view returns (address) {
        return _all[index];
    }

    /// @inheritdoc IClientRegistry
    function everRegistered() external view returns (uint256) {
        return _all.length;
    }

    // ------------------------------------------------------------------ inside

    function _signsForItself(address account) internal view override returns (bool) {
        return _newest(account).key != address(0);
    }

    /// @dev Terms after all changes so far.
    function _newest(address client) private view returns (DatedTerms memory last) {
        uint256 length = _history[client].length;
        if (length != 0) last = _history[client][length - 1];
    }

    function _active(address client) private view returns (DatedTerms memory last) {
        last = _newest(client);
        require(last.active, NotClient(client));
    }

    function _end(address client, DatedTerms memory last) private {
        --_count;
        last.active = false;
        _change(client, last);
    }

    /// @dev Stores `changed` for the next round to open.
    function _change(address client, DatedTerms memory changed) private {
        uint64 round = consensus.currentRound();
        DatedTerms[] storage history = _history[client];
        uint256 length = history.length;
        // Round numbers fit 32 bits (RoundConsensus).
        changed.fromRound = uint32(round + 1);
        if (length != 0 && history[length - 1].fromRound == changed.fromRound) history[length - 1] = changed;
        else history.push(changed);
        emit ClientChanged(client, changed.key, changed.sampleCap, changed.active, changed.fromRound, _count);
    }

    function _setDefaultSampleCap(uint32 sampleCap) private {
        require(sampleCap != 0, SampleCapZero());
        defaultSampleCap = sampleCap;
        emit DefaultSampleCapChanged(sampleCap);
    }

    function _setAllowListRequired(bool required) private {
        allowListRequired = required;
        emit AllowListRequired(required);
    }
}
