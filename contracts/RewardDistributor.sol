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
import {TokenPull} from "./libraries/TokenPull.sol";

/// @title RewardDistributor
/// @notice See IRewardDistributor. The consensus gives numbers that fit the fields of an entry.
contract RewardDistributor is IRewardDistributor, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;
    using TokenPull for IERC20;

    /// @dev Two words per settlement, in a ring.
    struct Entry {
        bytes32 root;
        uint96 total;
        uint40 finalAt;
        uint32 settlement;
        uint32 round;
    }

    /// @dev One word, read and written by every claim: it also keeps what a claim must know of the newest settlement
    /// that has paid, so that all claims but its first need not read it.
    struct Ledger {
        uint96 claimed;
        uint96 currentTotal;
        uint32 current;
        /// Lap of the ring `current` belongs to: its words are not overwritten before the next lap resets it.
        uint32 lap;
    }

    /// @notice Token that is paid.
    IERC20 public immutable token;
    /// @notice The only caller of `record` and `revertTo`.
    IRoundConsensus public immutable consensus;
    /// @notice Settlements kept: more than the rounds that may lack finality at once, so a final root is always kept.
    uint256 public immutable slots;

    Ledger private _ledger;
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
        (bytes32 root, uint256 total) = _payable(settlement);
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(account, cumulative))));
        require(MerkleProof.verifyCalldata(proof, root, leaf), BadProof(account, cumulative, root));
        uint256 before = claimed[account];
        require(cumulative > before, NothingToClaim(account, before));
        uint256 paid = _ledger.claimed;
        unchecked {
            // More than before; and a sum of at most the total is computed only if it is one.
            amount = cumulative - before;
            require(amount <= total && paid <= total - amount, RootExhausted(settlement, total, paid));
            _ledger.claimed = uint96(paid + amount);
        }
        claimed[account] = cumulative;
        emit Claimed(account, settlement, amount, cumulative);
        token.safeTransfer(account, amount);
    }

    /// @dev Root and total of a final settlement.
    function _payable(uint256 settlement) private returns (bytes32 root, uint256 total) {
        Entry storage entry = _entries[settlement % slots];
        root = entry.root;
        // The newest settlement that has paid needs no second look: it was final then.
        if (settlement == _ledger.current && settlement != 0) return (root, _ledger.currentTotal);
        require(settlement != 0 && entry.settlement == settlement, UnknownSettlement(settlement));
        require(block.timestamp >= entry.finalAt, NotFinal(settlement, entry.finalAt));
        total = entry.total;
        if (settlement > _ledger.current && settlement / slots == _ledger.lap) {
            _ledger.current = uint32(settlement);
            _ledger.currentTotal = uint96(total);
        }
    }

    // ------------------------------------------------------------------ consensus only

    /// @inheritdoc IRewardDistributor
    function record(uint256 settlement, uint64 round, bytes32 root, uint256 total, uint256 finalAt)
        external
        onlyConsensus
        returns (uint256)
    {
        // A new lap of the ring begins to overwrite the last one.
        if (settlement % slots == 0) (_ledger.current, _ledger.lap) = (0, uint32(settlement / slots));
        if (root == 0) root = _entries[(settlement - 1) % slots].root;
        _entries[settlement % slots] = Entry({
            root: root,
            total: uint96(total),
            finalAt: uint40(finalAt),
            settlement: uint32(settlement),
            round: uint32(round)
        });
        return funded;
    }

    /// @inheritdoc IRewardDistributor
    function revertTo(uint256 settlement, uint256 last) external onlyConsensus {
        for (uint256 s = settlement + 1; s <= last; ++s) {
            delete _entries[s % slots];
        }
        emit PayoutsReverted(settlement);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IRewardDistributor
    function totalClaimed() external view returns (uint256) {
        return _ledger.claimed;
    }

    /// @inheritdoc IRewardDistributor
    function payout(uint256 settlement) external view returns (Payout memory) {
        Entry memory entry = _entry(settlement);
        return Payout(entry.root, entry.total, entry.finalAt, entry.round);
    }

    /// @inheritdoc IRewardDistributor
    function claimable(uint256 settlement, address account, uint256 cumulative) external view returns (uint256) {
        Entry memory entry = _entry(settlement);
        uint256 before = claimed[account];
        if (block.timestamp < entry.finalAt || cumulative <= before) return 0;
        uint256 amount = cumulative - before;
        return Math.saturatingAdd(_ledger.claimed, amount) > entry.total ? 0 : amount;
    }

    /// @inheritdoc IRewardDistributor
    function latest() public view returns (uint256) {
        return consensus.progress().settlement;
    }

    /// @inheritdoc IRewardDistributor
    function latestFinal() external view returns (uint256 settlement) {
        for (settlement = latest(); settlement != 0; --settlement) {
            if (block.timestamp >= _entry(settlement).finalAt) return settlement;
        }
    }

    // ------------------------------------------------------------------ inside

    function _entry(uint256 settlement) private view returns (Entry memory entry) {
        entry = _entries[settlement % slots];
        require(settlement != 0 && entry.settlement == settlement, UnknownSettlement(settlement));
    }
}
