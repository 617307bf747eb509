// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IRewardDistributor} from "./interfaces/IRewardDistributor.sol";
import {IRoundConsensus} from "./interfaces/IRoundConsensus.sol";
import {FederationTime} from "./libraries/FederationTime.sol";
import {LedgerWord} from "./libraries/LedgerWord.sol";
import {PayoutWord} from "./libraries/PayoutWord.sol";
import {TokenPull} from "./libraries/TokenPull.sol";

/// @title RewardDistributor
/// @notice See IRewardDistributor. The consensus gives numbers that fit the fields of an entry.
contract RewardDistributor is IRewardDistributor, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;
    using FederationTime for IRoundConsensus;
    using LedgerWord for uint256;
    using PayoutWord for uint256;
    using TokenPull for IERC20;

    /// @dev Two words per settlement, in a ring.
    struct Entry {
        bytes32 root;
        /// See PayoutWord.
        uint256 word;
    }

    /// @notice Token that is paid.
    IERC20 public immutable token;
    /// @notice The only caller of `record` and `revertTo`.
    IRoundConsensus public immutable consensus;
    /// @notice Settlements kept: more than the rounds that may lack finality at once, so a final root is always kept.
    uint256 public immutable slots;

    /// @dev Read and written by every claim, see LedgerWord.
    uint256 private _ledger;
    /// @inheritdoc IRewardDistributor
    uint256 public funded;
    mapping(uint256 slot => Entry) private _entries;
    /// @inheritdoc IRewardDistributor
    mapping(address account => uint256) public claimed;

    modifier onlyConsensus() {
        require(msg.sender == address(consensus), OnlyConsensus(msg.sender));
        _;
    }

    /// @param slots_ Ring slots of the consensus + 1.
    constructor(IERC20 token_, IRoundConsensus consensus_, uint256 slots_) {
        require(address(token_) != address(0) && address(consensus_) != address(0), ZeroAddress());
        token = token_;
        consensus = consensus_;
        slots = slots_;
    }

    /// @inheritdoc IRewardDistributor
    function fund(uint256 amount) external nonReentrant {
        require(amount != 0, ZeroAmount());
        // Payouts totals have 96 bits.
        uint256 total = Math.saturatingAdd(funded, amount).toUint96();
        funded = total;
        emit Funded(msg.sender, amount, total);
        token.pull(msg.sender, amount);
    }

    /// @inheritdoc IRewardDistributor
    /// @dev Needs no guard: all it writes is written before the token is called, so a claim inside a claim finds it paid.
    function claim(uint256 settlement, address account, uint256 cumulative, bytes32[] calldata proof)
        external
        returns (uint256 amount)
    {
        uint256 ledger = _ledger;
        (bytes32 root, uint256 total, uint256 noted) = _payable(ledger, settlement);
        bytes32 leaf;
        assembly ("memory-safe") {
            // As StandardMerkleTree hashes (account, cumulative): twice.
            mstore(0, account)
            mstore(32, cumulative)
            mstore(0, keccak256(0, 64))
            leaf := keccak256(0, 32)
        }
        require(MerkleProof.verifyCalldata(proof, root, leaf), BadProof(account, cumulative, root));
        uint256 before = claimed[account];
        require(cumulative > before, NothingToClaim(account, before));
        uint256 paid = ledger.claimedOf();
        unchecked {
            // More than before; and a sum of at most the total is computed only if it is one.
            amount = cumulative - before;
            require(amount <= total && paid <= total - amount, RootExhausted(settlement, total, paid));
            _ledger = noted.withClaimed(paid + amount);
        }
        claimed[account] = cumulative;
        emit Claimed(account, settlement, amount, cumulative);
        token.safeTransfer(account, amount);
    }

    /// @dev Root and total of a final settlement, and the ledger with the note that it is one.
    function _payable(uint256 ledger, uint256 settlement) private view returns (bytes32, uint256, uint256) {
        Entry storage entry = _entries[settlement % slots];
        bytes32 root = entry.root;
        // The newest settlement that has paid needs no second look: it was final then.
        if (settlement == ledger.currentOf() && settlement != 0) return (root, ledger.currentTotalOf(), ledger);
        uint256 word = entry.word;
        require(settlement != 0 && word.settlementOf() == settlement, UnknownSettlement(settlement));
        uint256 finalAt = _finalAt(ledger, word);
        require(block.timestamp >= finalAt, NotFinal(settlement, finalAt));
        uint256 total = word.totalOf();
        if (settlement > ledger.currentOf() && settlement / slots == ledger.lapOf()) {
            ledger = ledger.withCurrent(settlement, total);
        }
        return (root, total, ledger);
    }

    // ------------------------------------------------------------------ consensus only

    /// @inheritdoc IRewardDistributor
    function record(uint256 settlement, uint64 round, bytes32 root, uint256 total, uint256 finalAt)
        external
        onlyConsensus
        returns (uint256)
    {
        // A new lap of the ring begins to overwrite the last one.
        if (settlement % slots == 0) _ledger = _ledger.inLap(settlement / slots);
        if (root == 0) root = _entries[(settlement - 1) % slots].root;
        _entries[settlement % slots] = Entry(root, PayoutWord.pack(total, finalAt, settlement, round));
        return funded;
    }

    /// @inheritdoc IRewardDistributor
    function revertTo(uint256 settlement, uint256 last) external onlyConsensus {
        for (uint256 s = settlement + 1; s <= last; ++s) {
            delete _entries[s % slots];
        }
        emit PayoutsReverted(settlement);
    }

    /// @inheritdoc IRewardDistributor
    function followPauses() external onlyConsensus {
        _ledger = _ledger.withPauses();
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IRewardDistributor
    function totalClaimed() external view returns (uint256) {
        return _ledger.claimedOf();
    }

    /// @inheritdoc IRewardDistributor
    function payout(uint256 settlement) external view returns (Payout memory) {
        Entry memory entry = _entry(settlement);
        uint256 word = entry.word;
        return Payout(entry.root, word.totalOf(), _finalAt(_ledger, word), word.roundOf());
    }

    /// @inheritdoc IRewardDistributor
    function claimable(uint256 settlement, address account, uint256 cumulative) external view returns (uint256) {
        Entry memory entry = _entry(settlement);
        uint256 before = claimed[account];
        if (block.timestamp < _finalAt(_ledger, entry.word) || cumulative <= before) return 0;
        uint256 amount = cumulative - before;
        return Math.saturatingAdd(_ledger.claimedOf(), amount) > entry.word.totalOf() ? 0 : amount;
    }

    /// @inheritdoc IRewardDistributor
    function latest() public view returns (uint256) {
        return consensus.progress().settlement;
    }

    /// @inheritdoc IRewardDistributor
    function latestFinal() external view returns (uint256 settlement) {
        for (settlement = latest(); settlement != 0; --settlement) {
            if (block.timestamp >= _finalAt(_ledger, _entry(settlement).word)) return settlement;
        }
    }

    // ------------------------------------------------------------------ inside

    /// @dev Block time from which claims are open.
    function _finalAt(uint256 ledger, uint256 word) private view returns (uint256) {
        return ledger.wasPaused() ? word.finalAtOf() + consensus.pausedTime() : word.finalAtOf();
    }

    function _entry(uint256 settlement) private view returns (Entry memory entry) {
        entry = _entries[settlement % slots];
        require(settlement != 0 && entry.word.settlementOf() == settlement, UnknownSettlement(settlement));
    }
}
