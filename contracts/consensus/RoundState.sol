// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";
import {IRewardDistributor} from "../interfaces/IRewardDistributor.sol";
import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";
import {RoundWord} from "../libraries/RoundWord.sol";
import {Settings} from "../libraries/Settings.sol";

/// @title All storage of the round consensus
/// @notice Whatever runs on it, by itself or by delegation, inherits this and declares no storage of its own: so all agree
/// on where everything lies.
abstract contract RoundState {
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
        /// See PARAMETERS_QUEUED and PROVISIONAL.
        uint8 flags;
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

    /// @dev Degraded rounds that nobody has ratified yet, or that one round ratified.
    struct DegradedChain {
        /// The first and the last of them; rounds that failed may lie between.
        uint32 first;
        uint32 last;
        uint8 count;
        /// The agreed model they started from.
        bytes32 agreedRoot;
    }

    /// @dev Flag: parameters wait for the next opening.
    uint8 internal constant PARAMETERS_QUEUED = 1;
    /// @dev Flag: the head is the model of a degraded round.
    uint8 internal constant PROVISIONAL = 2;
    /// @dev Miners a round needs to agree on anything: below, nobody could check the other.
    uint256 internal constant MIN_MINERS = 2;
    /// @dev Degraded rounds in a row: whoever ratifies them recomputes all of them within one vote window.
    uint256 internal constant MAX_DEGRADED = 8;

    IMinerRegistry internal immutable _minerRegistry;
    IRewardDistributor internal immutable _rewardDistributor;
    address internal immutable _faultProofs;
    uint256 internal immutable _ringSlots;

    State internal _state;
    bytes32 internal _headRoot;
    bytes32 internal _parametersHash;
    Settings.Packed internal _settings;
    Settings.Packed internal _nextSettings;
    /// @dev `parametersHash` of the queued parameters.
    bytes32 internal _nextHash;
    mapping(uint256 slot => Slot) internal _ring;
    /// @dev By the round that ratified them; at 0 those that wait for it.
    mapping(uint64 ratifiedBy => DegradedChain) internal _chains;

    /// @dev Nobody else can take back what was agreed, whatever role it holds.
    modifier onlyFaultProofs() {
        require(msg.sender == _faultProofs, IRoundConsensus.OnlyFaultProofs(msg.sender));
        _;
    }

    constructor(IRoundConsensus.Wiring memory w, uint256 ringSlots_) {
        _minerRegistry = IMinerRegistry(w.minerRegistry);
        _rewardDistributor = IRewardDistributor(w.rewardDistributor);
        _faultProofs = w.faultProofs;
        _ringSlots = ringSlots_;
    }

    function _slot(uint64 round) internal view returns (Slot storage) {
        return _ring[round % _ringSlots];
    }

    function _openRoundOf(uint64 round) internal view returns (Slot storage slot, RoundWord.Open memory r) {
        slot = _slot(round);
        uint256 word = slot.word;
        bool open = round != 0 && word.roundOf() == round && word.statusOf() == IRoundConsensus.RoundStatus.Open;
        require(open, IRoundConsensus.RoundNotOpen(round));
        RoundWord.unpackInto(r, word);
    }

    /// @dev Word of a round that is still in the ring.
    function _wordOf(uint64 round) internal view returns (uint256 word) {
        word = _slot(round).word;
        require(round != 0 && word.roundOf() == round, IRoundConsensus.UnknownRound(round));
    }

    /// @dev Binds chain, contract, base model, parameters and the block before the opening.
    function _openingHash(uint64 round, bytes32 baseRoot, bytes32 parametersHash_, bytes32 previousBlockHash)
        internal
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, address(this), round, baseRoot, parametersHash_, previousBlockHash));
    }
}
