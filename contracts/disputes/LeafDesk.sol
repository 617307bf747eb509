// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IFaultProofs} from "../interfaces/IFaultProofs.sol";
import {IRoundConsensus} from "../interfaces/IRoundConsensus.sol";
import {FederationTime} from "../libraries/FederationTime.sol";
import {Messages} from "../libraries/Messages.sol";
import {ModelRoot} from "../libraries/ModelRoot.sol";
import {Openings} from "../libraries/Openings.sol";
import {Settings} from "../libraries/Settings.sol";
import {TokenPull} from "../libraries/TokenPull.sol";
import {Verdicts} from "./Verdicts.sol";

/// @dev What the bonds are paid in: the token of the pot.
interface IHasToken {
    function token() external view returns (IERC20);
}

/// @title Bonded requests to show a leaf
/// @notice Data that nobody shows can't be proven wrong. Whoever misses some asks for 64 weights of it; if nobody shows
/// them in the answer time, everybody who signed or said yes pays as for a fault.
abstract contract LeafDesk is Verdicts, ReentrancyGuardTransient {
    using FederationTime for IRoundConsensus;
    using Openings for bytes;
    using SafeERC20 for IERC20;
    using Settings for uint256;
    using TokenPull for IERC20;

    uint256 internal constant SLASH_WITHHELD = 1_000;
    /// @dev Of an answered bond, basis points to whoever answered. The rest is burnt: whoever answers itself pays too.
    uint256 private constant TO_ANSWERER = 5_000;

    IERC20 private immutable _token;
    /// @inheritdoc IFaultProofs
    uint256 public immutable leafBond;

    /// @dev Times are federation time.
    mapping(bytes32 id => Request) private _requests;

    constructor(uint256 bond) {
        (uint256 minStake,,) = _consensus.stakeBounds();
        // High enough to be felt by whoever asks for nothing, low enough for the bounty of one slash to repay it.
        bool fits = bond >= minStake / 1_000 && bond <= minStake / 50 && bond != 0;
        require(fits, LeafBondOutOfRange(bond, minStake / 1_000, minStake / 50));
        (_token, leafBond) = (IHasToken(_consensus.wiring().rewardDistributor).token(), bond);
    }

    /// @inheritdoc IFaultProofs
    function requestLeaf(
        Claim calldata claim,
        Messages.UpdateReference[] calldata references,
        uint64 index,
        uint64 leaf
    ) external nonReentrant returns (bytes32 id) {
        _consensus.requireRunning();
        Standing memory standing = _checkClaim(claim);
        _requireNotTakenBack(claim.round, claim.candidate, standing);
        uint256 proven = _findings[claim.candidate].slashBps;
        require(proven < SLASH_WITHHELD, AlreadyProven(claim.candidate, proven));
        LeafRequest memory request = LeafRequest(claim.round, claim.candidate, index, leaf, claim.content.modelRoot);
        if (index != type(uint64).max) {
            _checkReferences(claim, references);
            require(index < references.length, ReferenceOutOfRange(index, references.length));
            request.modelRoot = references[index].modelRoot;
        }
        uint256 leaves = ModelRoot.leafCount(_dimension);
        require(leaf < leaves, LeafOutOfRange(leaf, leaves));

        id = keccak256(abi.encode(request));
        require(_requests[id].state == RequestState.None, AlreadyRequested(id));
        Request memory r = _clocks(standing);
        uint40 pausedTime = uint40(_consensus.pausedTime());
        _requests[id] = Request(r.requester, r.dueAt - pausedTime, r.decidedBy - pausedTime, r.state);
        emit LeafRequested(
            id, claim.round, claim.candidate, msg.sender, index, leaf, request.modelRoot, r.dueAt, r.decidedBy, leafBond
        );
        _token.pull(msg.sender, leafBond);
    }

    /// @dev A request of the caller's made now. It must be decided before the round can be final: so nothing ever waits for
    /// one, and asking delays nobody's pay. A round that ends later than now has all of its window still to come.
    function _clocks(Standing memory standing) private view returns (Request memory) {
        (Settings.Packed memory settings,,) = _consensus.packedParameters();
        uint256 times = settings.times;
        uint256 dueAt = block.timestamp + uint32(times >> 192); // The answer time, see Settings.
        uint256 decidedBy = dueAt + times.voteGrace();
        uint256 end = standing.finalAt == 0 ? block.timestamp + settings.rules.finalAfter() : standing.finalAt;
        require(decidedBy <= end, RequestTooLate(decidedBy, end));
        return Request(msg.sender, uint40(dueAt), uint40(decidedBy), RequestState.Open);
    }

    /// @inheritdoc IFaultProofs
    function answerLeaf(LeafRequest calldata request, bytes calldata opening) external nonReentrant {
        _consensus.requireRunning();
        (bytes32 id, Request memory r) = _openRequest(request);
        require(block.timestamp <= r.dueAt, AnswerTooLate(r.dueAt));
        uint64 coordinate = request.leaf * uint64(ModelRoot.FLOATS_PER_LEAF);
        Openings.Shape memory shape = opening.shapeOf(1, coordinate, _dimension);
        opening.valueAt(shape, 0, request.modelRoot);
        _requests[id].state = RequestState.Answered;
        uint256 paid = leafBond * TO_ANSWERER / 10_000;
        emit LeafAnswered(id, request.round, request.candidate, msg.sender, paid);
        _token.safeTransfer(msg.sender, paid);
        _token.safeTransfer(TokenPull.BURNT, leafBond - paid);
    }

    /// @inheritdoc IFaultProofs
    function concludeLeaf(
        LeafRequest calldata request,
        IRoundConsensus.OpeningPreimage calldata opening,
        Accused[] calldata accused
    ) external nonReentrant {
        (bytes32 id, Request memory r) = _openRequest(request);
        require(block.timestamp > r.dueAt, StillAnswerable(r.dueAt));
        Standing memory standing = _standingOf(request.round, request.candidate);
        _requireNotTakenBack(request.round, request.candidate, standing);
        _requests[id].state = RequestState.Withheld;
        emit LeafWithheld(id, request.round, request.candidate);
        Ruling memory ruling = Ruling(request.round, request.candidate, SLASH_WITHHELD, r.requester);
        _disprove(ruling, standing, opening, accused);
        _token.safeTransfer(r.requester, leafBond);
    }

    /// @dev Nobody has to keep data of a round that was taken back.
    function _requireNotTakenBack(uint64 round, bytes32 candidate, Standing memory standing) private pure {
        bool stands = standing.status != IRoundConsensus.RoundStatus.Reverted;
        require(stands, NotContestable(round, candidate, standing.status));
    }

    /// @inheritdoc IFaultProofs
    function releaseBond(LeafRequest calldata request) external nonReentrant {
        (bytes32 id, Request memory r) = _openRequest(request);
        require(msg.sender == r.requester, NotRequester(msg.sender, r.requester));
        require(_isSettledOtherwise(request, r), StillOpen(id, r.decidedBy));
        _requests[id].state = RequestState.Released;
        emit BondReleased(id, request.round, request.candidate, msg.sender);
        _token.safeTransfer(msg.sender, leafBond);
    }

    /// @dev Nobody concluded it in time, or something else took the candidate back first.
    function _isSettledOtherwise(LeafRequest calldata request, Request memory r) private view returns (bool) {
        if (block.timestamp >= r.decidedBy || _findings[request.candidate].slashBps >= SLASH_WITHHELD) return true;
        IRoundConsensus.RoundStatus status = _consensus.statusOf(request.round);
        return status == IRoundConsensus.RoundStatus.Reverted || status == IRoundConsensus.RoundStatus.Voided;
    }

    function _openRequest(LeafRequest calldata request) private view returns (bytes32 id, Request memory r) {
        id = keccak256(abi.encode(request));
        r = requestOf(id);
        require(r.state == RequestState.Open, NoOpenRequest(id, r.state));
    }

    /// @inheritdoc IFaultProofs
    function requestOf(bytes32 id) public view returns (Request memory r) {
        r = _requests[id];
        if (r.state == RequestState.None) return r;
        uint40 pausedTime = uint40(_consensus.pausedTime());
        (r.dueAt, r.decidedBy) = (r.dueAt + pausedTime, r.decidedBy + pausedTime);
    }
}
