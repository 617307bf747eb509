// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFederationPause} from "../interfaces/IFederationPause.sol";
import {IMinerRegistry} from "../interfaces/IMinerRegistry.sol";
import {IRewardDistributor} from "../interfaces/IRewardDistributor.sol";
import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";
import {ProposerDraw} from "../libraries/ProposerDraw.sol";
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
        /// Latest `finalAt` of any ended round, in federation time.
        uint40 lastFinalAt;
        /// Updates in the head; 0 for the genesis model.
        uint16 updateCount;
        /// See PARAMETERS_QUEUED, PROVISIONAL and EVER_PAUSED.
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

    /// @dev Pauses so far, in seconds of block time. See IFederationPause.
    struct Pauses {
        /// When the pause that runs began; 0 if none does.
        uint40 since;
        /// What those that ended took together.
        uint40 total;
        /// When all of what they took has come back.
        uint40 repaidAt;
    }

    /// @dev Flag: parameters wait for the next opening.
    uint8 internal constant PARAMETERS_QUEUED = 1;
    /// @dev Flag: the head is the model of a degraded round.
    uint8 internal constant PROVISIONAL = 2;
    /// @dev Flag: `_pauses` is not empty. Without it federation time is block time, and no round need read more.
    uint8 internal constant EVER_PAUSED = 4;
    /// @dev Miners a round needs to agree on anything: below, nobody could check the other.
    uint256 internal constant MIN_MINERS = 2;
    /// @dev Degraded rounds in a row: whoever ratifies them recomputes all of them within one vote window.
    uint256 internal constant MAX_DEGRADED = 8;
    /// @dev What all pauses may have taken at once; it comes back while the federation runs. See docs/decisions.
    uint256 internal constant MAX_PAUSE = 30 days;

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
    Pauses internal _pauses;

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
        if (word.isPaused()) _requireRunning();
        RoundWord.unpackInto(r, word);
    }

    /// @dev Word of a round that is still in the ring.
    function _wordOf(uint64 round) internal view returns (uint256 word) {
        word = _slot(round).word;
        require(round != 0 && word.roundOf() == round, IRoundConsensus.UnknownRound(round));
    }

    /// @dev Reverts `Paused`.
    function _requireRunning() internal view {
        uint256 since = _pauses.since;
        require(since == 0, IFederationPause.Paused(since));
    }

    /// @dev Block time less federation time.
    function _pausedTime() internal view returns (uint256) {
        return _pausedTimeOf(_pauses);
    }

    function _pausedTimeOf(Pauses memory p) internal view returns (uint256) {
        unchecked {
            // Seconds since a time in the past, and 40 bits.
            return p.since == 0 ? p.total : p.total + block.timestamp - p.since;
        }
    }

    /// @dev When the pause that runs has taken all that pauses may take.
    function _pauseEnd(Pauses memory p) internal pure returns (uint256) {
        uint256 taken = p.repaidAt > p.since ? p.repaidAt - p.since : 0;
        return p.since + MAX_PAUSE - taken;
    }

    /// @dev Stores the seed and the seats of the first two ranks in `r`. A proposal freezes the seed without a word, as
    /// long as it is the opening block's: everybody knows that hash.
    function _freeze(RoundWord.Open memory r, uint256[] memory seats) internal returns (uint256 seedBlock) {
        uint256 opening = r.seed;
        seedBlock = ProposerDraw.seedBlock(opening);
        r.seed = ProposerDraw.seedAt(seedBlock);
        r.seedStored = true;
        // A lone miner is the primary, in seat 0.
        if (seats.length != 1) {
            uint256[] memory order = ProposerDraw.draw(r.seed, seats, MIN_MINERS);
            r.primary = uint8(order[0]);
            r.secondary = uint8(order[1]);
        }
        if (seedBlock != opening) emit IRoundConsensus.SeedFrozen(r.round, r.seed, seedBlock);
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
