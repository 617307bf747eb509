// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IClientRegistry} from "../../../contracts/interfaces/IClientRegistry.sol";
import {IMinerRegistry} from "../../../contracts/interfaces/IMinerRegistry.sol";
import {IRewardDistributor} from "../../../contracts/interfaces/IRewardDistributor.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {IRoundLens} from "../../../contracts/interfaces/IRoundLens.sol";
import {Artifacts} from "./Artifacts.sol";
import {vm} from "./Vm.sol";

interface IManager {
    error AccessManagedUnauthorized(address caller);

    function grantRole(uint64 role, address account, uint32 delay) external;
    function setTargetFunctionRole(address target, bytes4[] calldata selectors, uint64 role) external;
}

/// @title A federation to test against
/// @notice Deploys the built artifacts, so tests compile against interfaces only and run the code that is deployed.
/// The test contract is the deployer, holder of all tokens and administrator.
abstract contract FederationTest is Artifacts {
    uint256 internal constant STAKE = 1_000e18;
    uint256 internal constant MAX_STAKE = 100_000e18;
    uint96 internal constant BUDGET = 100e18;
    uint256 internal constant LEAF_BOND = 10e18;
    uint256 internal constant FUNDED = 10_000e18;
    uint256 internal constant RING = 6;
    bytes32 internal constant GENESIS = bytes32(uint256(0x11));
    string internal constant URL = "http://127.0.0.1:7001";

    IManager internal manager;
    IERC20 internal token;
    IMinerRegistry internal registry;
    IClientRegistry internal clients;
    IRewardDistributor internal pot;
    IRoundConsensus internal consensus;
    IRoundLens internal lens;

    /// @dev Private key by address.
    mapping(address account => uint256) internal keyOf;

    // ------------------------------------------------------------------ set-up

    function setUp() public virtual {
        vm.warp(1_000_000);
        vm.roll(1_000);
        _deploy(_demo(), RING);
    }

    function _demo() internal pure returns (IRoundConsensus.Parameters memory p) {
        (p.collectMin, p.collectMax, p.proposeSlot, p.voteWindow) = (3, 20, 10, 10);
        (p.voteGrace, p.challengeWindow, p.answerTime, p.minRoundInterval) = (5, 15, 10, 1);
        (p.quorumBps, p.minConfidenceBps, p.absenceLimit, p.roundBudget) = (6_700, 8_000, 3, BUDGET);
        (p.reputationStart, p.reputationMin, p.reputationMax) = (10_000, 1_000, 20_000);
        (p.reputationGain, p.reputationLoss) = (1_000, 500);
        (p.minStake, p.maxStake) = (uint88(STAKE), uint88(MAX_STAKE));
    }

    function _task() internal pure returns (IRoundConsensus.Task memory) {
        return IRoundConsensus.Task(bytes32(uint256(0x22)), GENESIS, bytes32(0), 199_210, 6_000);
    }

    function _deploy(IRoundConsensus.Parameters memory p, uint256 ring) internal {
        address predicted = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 5);
        manager = IManager(deploy("AccessManager", abi.encode(address(this))));
        uint256 supply = 1_000_000_000e18;
        token = IERC20(deploy("FederationToken", abi.encode("Fed", "FED", supply, address(this), supply)));
        registry = IMinerRegistry(deploy("MinerRegistry", abi.encode(token, predicted)));
        clients = IClientRegistry(deploy("ClientRegistry", abi.encode(manager, predicted, false, uint32(100_000))));
        pot = IRewardDistributor(deploy("RewardDistributor", abi.encode(token, predicted, ring + 1)));
        bytes memory arguments = abi.encode(manager, _wiring(), _task(), p, ring);
        consensus = IRoundConsensus(deploy("RoundConsensus", arguments));
        lens = IRoundLens(consensus.lens());
        _deployFaultProofs();
    }

    /// @dev Who strikes, reverts and slashes: the test itself, unless it brings a contract.
    function _faultProofs() internal view virtual returns (address) {
        return address(this);
    }

    function _deployFaultProofs() internal virtual {}

    function _wiring() internal view returns (IRoundConsensus.Wiring memory) {
        return IRoundConsensus.Wiring(address(registry), address(clients), address(pot), _faultProofs());
    }

    function _fund(uint256 amount) internal {
        token.approve(address(pot), amount);
        pot.fund(amount);
    }

    /// @dev Account number `index` with its private key remembered.
    function _account(uint256 index) internal returns (address account) {
        account = vm.addr(0xA0000 + index);
        keyOf[account] = 0xA0000 + index;
    }

    /// @dev Gives tokens and an allowance over them.
    function _equip(address owner, uint256 amount) internal {
        // forge-lint: disable-next-line(erc20-unchecked-transfer)
        token.transfer(owner, amount);
        vm.prank(owner);
        token.approve(address(registry), amount);
    }

    function _join(address owner, uint256 stake) internal {
        _equip(owner, stake);
        vm.prank(owner);
        registry.register(stake, owner, "", URL);
    }

    /// @dev `count` miners with equal stakes, a funded pot, round 1 open, its seed readable.
    function _start(uint256 count) internal {
        uint256[] memory stakes = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            stakes[i] = STAKE;
        }
        _startWith(stakes);
    }

    function _startWith(uint256[] memory stakes) internal {
        for (uint256 i = 0; i < stakes.length; ++i) {
            _join(_account(i), stakes[i]);
        }
        _fund(FUNDED);
        consensus.openRound();
        _nextBlock();
    }

    /// @dev The same call with bit `bit` of its argument word `word` set, which must be refused as Solidity refuses
    /// arguments beyond their types: without a reason.
    function _refusedBeyondType(bytes memory call, uint256 word, uint256 bit) internal {
        bytes memory altered = bytes.concat(call);
        uint256 place = 4 + 32 * word + 31 - bit / 8;
        altered[place] = bytes1(uint8(altered[place]) | uint8(1 << bit % 8));
        // forge-lint: disable-next-line(unchecked-call)
        (bool done, bytes memory reason) = address(consensus).call(altered);
        vm.assertTrue(!done && reason.length == 0, "taken, or looked at");
    }

    // ------------------------------------------------------------------ time

    function _nextBlock() internal {
        vm.roll(vm.getBlockNumber() + 1);
    }

    function _now() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }

    function _info() internal view returns (IRoundLens.RoundInfo memory) {
        return lens.roundInfo(consensus.currentRound());
    }

    // ------------------------------------------------------------------ round

    /// @dev Content that differs by `salt` and pays nobody anything new.
    function _content(uint256 salt) internal view returns (IRoundConsensus.CandidateContent memory c) {
        c.modelRoot = keccak256(abi.encode("model", salt));
        c.modelCid = keccak256(abi.encode("cid", salt));
        c.updatesHash = keccak256(abi.encode("updates", salt));
        c.manifestCid = keccak256(abi.encode("manifest", salt));
        c.payoutsRoot = keccak256(abi.encode("payouts", salt));
        c.payoutsTotal = consensus.head().payoutsTotal;
        (c.updateCount, c.totalSamples, c.validationScore) = (3, 300, 5_000);
    }

    /// @dev Owner drawn at `rank` in the open round.
    function _drawn(uint256 rank) internal view returns (address) {
        return lens.proposers(consensus.currentRound())[rank];
    }

    function _signContent(IRoundConsensus.CandidateContent memory c, uint256 rank)
        internal
        view
        returns (IRoundConsensus.ProposerSignature memory s)
    {
        bytes32 id = lens.candidateId(consensus.currentRound(), c);
        s.rank = uint8(rank);
        (s.r, s.vs) = vm.signCompact(keyOf[_drawn(rank)], consensus.hashTypedData(id));
    }

    function _one(IRoundConsensus.CandidateContent memory c, uint256 rank)
        internal
        view
        returns (IRoundConsensus.ProposerSignature[] memory list)
    {
        list = new IRoundConsensus.ProposerSignature[](1);
        list[0] = _signContent(c, rank);
    }

    function _both(IRoundConsensus.CandidateContent memory c)
        internal
        view
        returns (IRoundConsensus.ProposerSignature[] memory list)
    {
        list = new IRoundConsensus.ProposerSignature[](2);
        list[0] = _signContent(c, 0);
        list[1] = _signContent(c, 1);
    }

    /// @dev Posted by primary and secondary as early as it is legal.
    function _propose(IRoundConsensus.CandidateContent memory c) internal returns (bytes32) {
        if (_now() < _info().collectMinEnd) vm.warp(_info().collectMinEnd);
        return consensus.propose(consensus.currentRound(), c, _both(c));
    }

    /// @dev Posted by one rank alone.
    function _proposeAlone(IRoundConsensus.CandidateContent memory c, uint256 rank) internal returns (bytes32) {
        if (_now() < _info().collectMinEnd) vm.warp(_info().collectMinEnd);
        return consensus.propose(consensus.currentRound(), c, _one(c, rank));
    }

    function _seatOf(address owner) internal view returns (uint8) {
        IMinerRegistry.Seat[] memory seats = registry.roster();
        for (uint256 i = 0; i < seats.length; ++i) {
            if (seats[i].owner == owner) return uint8(i);
        }
        revert("no seat");
    }

    function _yes(address owner, uint8 index) internal view returns (IRoundConsensus.Vote memory) {
        return _signVote(IRoundConsensus.Vote(_seatOf(owner), index, true, 10_000, 0, 0, 0, 0), keyOf[owner]);
    }

    function _no(address owner, uint8 index, uint8 reason) internal view returns (IRoundConsensus.Vote memory) {
        return _signVote(IRoundConsensus.Vote(_seatOf(owner), index, false, 10_000, reason, 7, 0, 0), keyOf[owner]);
    }

    function _signVote(IRoundConsensus.Vote memory v, uint256 key) internal view returns (IRoundConsensus.Vote memory) {
        return _signVoteIn(consensus.currentRound(), v, key);
    }

    /// @dev Written out here a second time, apart from the library that the contract uses.
    function _signVoteIn(uint64 round, IRoundConsensus.Vote memory v, uint256 key)
        internal
        view
        returns (IRoundConsensus.Vote memory)
    {
        bytes32 typeHash = keccak256(
            "Vote(uint64 round,bytes32 openingHash,bytes32 candidate,bool support,uint16 confidence,uint8 reason,uint64 reasonIndex)"
        );
        (, bytes32 openingHash, bytes32[2] memory ids) = consensus.slotOf(round);
        bytes32 id = v.candidateIndex < 2 ? ids[v.candidateIndex] : bytes32(0);
        bytes32 hash =
            keccak256(abi.encode(typeHash, round, openingHash, id, v.support, v.confidence, v.reason, v.reasonIndex));
        (v.r, v.vs) = vm.signCompact(key, consensus.hashTypedData(hash));
        return v;
    }

    function _noVotes() internal pure returns (IRoundConsensus.Vote[] memory) {
        return new IRoundConsensus.Vote[](0);
    }

    /// @dev Yes of the first `count` seats on candidate `index`.
    function _yesVotes(uint256 count, uint8 index) internal view returns (IRoundConsensus.Vote[] memory votes) {
        IMinerRegistry.Seat[] memory seats = registry.roster();
        votes = new IRoundConsensus.Vote[](count);
        for (uint256 i = 0; i < count; ++i) {
            votes[i] = _yes(seats[i].owner, index);
        }
    }

    /// @dev One agreed round: both sign, all vote yes; the next round is open and its seed readable.
    function _agree(IRoundConsensus.CandidateContent memory c) internal {
        _propose(c);
        consensus.settle(consensus.currentRound(), _yesVotes(registry.activeCount(), 0), c);
        _nextBlock();
    }
}
