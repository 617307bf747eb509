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

    struct Ledger {
        uint96 funded;
        uint96 claimed;
    }

    /// @notice Token that is paid.
    IERC20 public immutable token;
    /// @notice The only caller of `record` and `revertTo`.
    IRoundConsensus public immutable consensus;
    /// @notice Settlements kept: more than the rounds that may lack finality at once, so a final root is always kept.
    uint256 public immutable slots;

    Ledger private _ledger;
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
        uint96 total = Math.saturatingAdd(_ledger.funded, amount).toUint96();
        _ledger.funded = total;
        emit Funded(msg.sender, amount, total);
        token.pull(msg.sender, amount);
    }

    /// @inheritdoc IRewardDistributor
    function claim(uint256 settlement, address account, uint256 cumulative, bytes32[] calldata proof)
        external
        nonReentrant
        returns (uint256 amount)
    {
        Entry memory entry = _entry(settlement);
        require(block.timestamp >= entry.finalAt, NotFinal(settlement, entry.finalAt));
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(account, cumulative))));
        require(MerkleProof.verifyCalldata(proof, entry.root, leaf), BadProof(account, cumulative, entry.root));
        uint256 before = claimed[account];
        require(cumulative > before, NothingToClaim(account, before));
        amount = cumulative - before;
        Ledger memory ledger = _ledger;
        uint256 paid = Math.saturatingAdd(ledger.claimed, amount);
        require(paid <= entry.total, RootExhausted(settlement, entry.total, ledger.claimed));
        ledger.claimed = uint96(paid);
        _ledger = ledger;
        claimed[account] = cumulative;
        emit Claimed(account, settlement, amount, cumulative);
        token.safeTransfer(account, amount);
    }

    // ------------------------------------------------------------------ consensus only

    /// @inheritdoc IRewardDistributor
    function record(uint256 settlement, uint64 round, bytes32 root, uint256 total, uint256 finalAt, bool valid)
        external
        onlyConsensus
        returns (uint256)
    {
        if (!valid) root = _entries[(settlement - 1) % slots].root;
        _entries[settlement % slots] = Entry({
            root: root,
            total: uint96(total),
            finalAt: uint40(finalAt),
            settlement: uint32(settlement),
            round: uint32(round)
        });
        emit PayoutRecorded(settlement, round, root, total, finalAt);
        return _ledger.funded;
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
    function funded() external view returns (uint256) {
        return _ledger.funded;
    }

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
