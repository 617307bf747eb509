// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFaultProofs} from "../../../contracts/interfaces/IFaultProofs.sol";
import {IMinerRegistry} from "../../../contracts/interfaces/IMinerRegistry.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {IRoundLens} from "../../../contracts/interfaces/IRoundLens.sol";
import {Messages} from "../../../contracts/libraries/Messages.sol";
import {Handler} from "./Handler.sol";
import {vm} from "./Vm.sol";

/// @title Disputes and pauses among the steps of a federation's people
/// @notice Every posted candidate can be contested, by proofs, by demands for data and by receipts; some are wrong. One finder
/// files everything, and tries to have miners punished that signed nothing of it. Ghosts say who lost how much, and why.
abstract contract DisputeHandler is Handler {
    uint64 private constant LEAF = COORDINATE / 64;
    uint256 private constant GIVEN = 100_000e18;
    address private constant ANSWERER = address(0xF2);
    /// @dev A client of no manifest.
    address private constant LEFT_OUT = address(0xC9);

    // ------------------------------------------------------------------ ghosts

    uint256 public slashed;
    uint256 public bounties;
    /// @dev Bonds that wait, and that somebody answered.
    uint256 public bondsOpen;
    uint256 public bondsAnswered;
    uint256 public proofsMade;
    uint256 public withheld;
    uint256 public receiptsBroken;
    /// @dev Once slashed a seat may weigh nothing.
    mapping(address miner => bool) public wasSlashed;
    /// @dev Basis points taken of a miner for an offence.
    mapping(bytes32 offence => mapping(address miner => uint256)) private _taken;
    /// @dev Rate proven against a candidate.
    mapping(bytes32 candidate => uint256) private _proven;
    IFaultProofs.LeafRequest[] private _requests;
    uint256[] private _requestOf;

    /// @dev Stake and unbonding stake of all actors.
    struct Stakes {
        uint256[ACTORS] bonded;
        uint256[ACTORS] leaving;
    }

    function setUp() public virtual override {
        super.setUp();
        // forge-lint: disable-next-line(erc20-unchecked-transfer)
        token.transfer(FINDER, GIVEN);
        vm.prank(FINDER);
        token.approve(address(_proofs), type(uint256).max);
    }

    // ------------------------------------------------------------------ who pays

    function _stakes() private view returns (Stakes memory s) {
        for (uint256 i = 0; i < ACTORS; ++i) {
            IMinerRegistry.MinerInfo memory info = registry.minerInfo(_actor(i));
            (s.bonded[i], s.leaving[i]) = (info.stake, info.unbonding);
        }
    }

    /// @dev Each of `guilty` lost what is still due of `bps`, to the unit; nobody else lost anything.
    function _account(bytes32 offence, uint256 bps, bool[ACTORS] memory guilty, Stakes memory before) private {
        Stakes memory now_ = _stakes();
        for (uint256 i = 0; i < ACTORS; ++i) {
            uint256 lost = before.bonded[i] + before.leaving[i] - now_.bonded[i] - now_.leaving[i];
            if (!guilty[i]) {
                if (lost != 0) breach = "an honest miner was slashed";
                continue;
            }
            uint256 due = bps - _taken[offence][_actor(i)];
            if (due == 0) breach = "slashed twice for one offence";
            if (lost != before.bonded[i] * due / 10_000 + before.leaving[i] * due / 10_000) {
                breach = "another slash than the rate's";
            }
            _taken[offence][_actor(i)] = bps;
            slashed += lost;
            bounties += lost * 3_000 / 10_000;
            wasSlashed[_actor(i)] = true;
        }
        // A slash takes the vote of an open round at once.
        if (consensus.progress().open) rosterAtOpening = keccak256(abi.encode(registry.roster()));
    }

    /// @dev Who signed the candidate or said yes to it and has not paid `bps` yet, with the signatures.
    function _guilty(Case memory c, uint256 bps)
        private
        view
        returns (IFaultProofs.Accused[] memory accused, bool[ACTORS] memory guilty)
    {
        IFaultProofs.Accused[] memory all = new IFaultProofs.Accused[](ACTORS);
        IFaultProofs.AggregateProof memory p;
        (p.claim.round, p.claim.candidate) = (c.round, c.id);
        uint256 n = 0;
        for (uint256 i = 0; i < ACTORS; ++i) {
            address miner = _actor(i);
            if (_taken[c.id][miner] >= bps) continue;
            if (_signed[c.id][miner]) all[n++] = _signer(p, miner);
            else if (_saidYes[c.id][miner]) all[n++] = _voter(p, miner);
            else continue;
            guilty[i] = true;
        }
        accused = new IFaultProofs.Accused[](n);
        for (uint256 i = 0; i < n; ++i) {
            accused[i] = all[i];
        }
    }

    /// @dev One of the newest four candidates.
    function _case(uint256 which) private view returns (Case memory) {
        return _cases[_cases.length - 1 - which % 4];
    }

    function _contested(Case memory c) private view returns (IFaultProofs.Claim memory claim) {
        claim.content = _made(c.salt, c.wrong);
        (claim.content.payoutsRoot, claim.content.payoutsTotal) = (c.payoutsRoot, c.payoutsTotal);
        (claim.round, claim.candidate, claim.opening) = (c.round, c.id, _openings[c.round]);
    }

    function _commit(bytes memory encoded) private {
        vm.prank(FINDER);
        _proofs.commit(keccak256(abi.encode(keccak256(encoded), FINDER, SALT)));
        _nextBlock();
    }

    // ------------------------------------------------------------------ guided steps

    /// @dev A wrong candidate by both proposers, agreed by all or still open.
    function lie(uint96 pay, bool settled) external {
        if (!consensus.progress().open) open();
        if (_info().candidateCount == 0) propose(15, pay);
        if (settled) settle(1, 0, false);
    }

    /// @dev Data of a candidate that is open, so that there is time to show it.
    function demand(uint64 leaf) external {
        if (!consensus.progress().open) open();
        if (_info().candidateCount == 0) propose(7, 0);
        ask(0, leaf);
    }

    // ------------------------------------------------------------------ proofs

    /// @dev Shows the one coordinate that may be wrong. Accuses all who are guilty, or one who is not.
    function prove(uint256 which, bool frames, uint256 whom) external step {
        Case memory c = _suspect(which);
        (IFaultProofs.Accused[] memory accused, bool[ACTORS] memory guilty) = _guilty(c, 5_000);
        if (frames) accused = _framed(c, whom);
        IFaultProofs.AggregateProof memory p;
        (p.claim, p.coordinate, p.references) = (_contested(c), COORDINATE, _references);
        (p.openings,) = _record(1_000 + c.salt, c.wrong ? ONE ^ 0x1000 : ONE);
        p.openings = bytes.concat(keccak256("header"), keccak256("others"), p.openings);
        for (uint160 k = 0; k < UPDATES; ++k) {
            (bytes memory path,) = _record(2 + k, ONE);
            p.openings = bytes.concat(p.openings, path);
        }
        bool won = _isHead(c);
        Stakes memory before = _stakes();
        _commit(abi.encode(p));
        vm.prank(FINDER);
        _proofs.proveAggregate(p, SALT, accused);
        if (!c.wrong) breach = "a right candidate was proven wrong";
        if (frames) breach = "a signature under something else was taken";
        _disproven(c, 5_000, won);
        _account(c.id, 5_000, guilty, before);
        ++proofsMade;
    }

    /// @dev Mostly the newest wrong candidate that nobody proved wrong.
    function _suspect(uint256 which) private view returns (Case memory) {
        for (uint256 i = _cases.length; which % 4 != 0 && i != 0 && i + 8 > _cases.length; --i) {
            if (_cases[i - 1].wrong && _proven[_cases[i - 1].id] < 5_000) return _cases[i - 1];
        }
        return _case(which / 4);
    }

    /// @dev A miner that has not signed this candidate, by its signature under nothing at all.
    function _framed(Case memory c, uint256 whom) private view returns (IFaultProofs.Accused[] memory accused) {
        IFaultProofs.AggregateProof memory p;
        (p.claim.round, p.claim.candidate) = (c.round, keccak256(abi.encode("another", c.id)));
        return _list(whom % 2 == 0 ? _signer(p, _actor(whom)) : _voter(p, _actor(whom)));
    }

    /// @dev Whoever was left out, or said yes since.
    function accuse(uint256 which) external step {
        Case memory c = _case(which);
        (IFaultProofs.Accused[] memory accused, bool[ACTORS] memory guilty) = _guilty(c, _proven[c.id]);
        Stakes memory before = _stakes();
        vm.prank(FINDER);
        _proofs.accuse(c.round, c.id, accused);
        if (_proven[c.id] == 0) breach = "accused of nothing";
        _account(c.id, _proven[c.id], guilty, before);
    }

    function _isHead(Case memory c) private view returns (bool) {
        IRoundConsensus.RoundStatus status = consensus.statusOf(c.round);
        return status == IRoundConsensus.RoundStatus.Agreed || status >= IRoundConsensus.RoundStatus.Degraded;
    }

    /// @dev If its round is taken back: the head is one that was agreed, and nothing later is final.
    function _disproven(Case memory c, uint256 bps, bool won) private {
        if (bps <= _proven[c.id]) breach = "proven twice";
        _proven[c.id] = bps;
        bool reverted = consensus.statusOf(c.round) == IRoundConsensus.RoundStatus.Reverted;
        if (!won || !reverted) return;
        settlements = consensus.head().settlement;
        ++reversions;
        if (consensus.head().modelRoot != _agreedRoots[settlements]) breach = "a revert to another model";
        if (consensus.head().provisional) breach = "a revert to a provisional model";
        if (consensus.progress().open) breach = "a round is open after a revert";
        for (uint64 later = c.round; later <= newestRound; ++later) {
            if (consensus.isFinal(later)) breach = "a reverted or voided round is final";
        }
    }

    // ------------------------------------------------------------------ demands for data

    /// @dev A leaf that can be shown, or one that nobody knows.
    function ask(uint256 which, uint64 leaf) public step {
        Case memory c = _case(which);
        leaf = leaf % 2 == 0 ? LEAF : leaf % 3_000;
        Messages.UpdateReference[] memory references = _references;
        IFaultProofs.Claim memory claim = _contested(c);
        vm.prank(FINDER);
        _proofs.requestLeaf(claim, references, 0, leaf);
        _requests.push(IFaultProofs.LeafRequest(c.round, c.id, 0, leaf, references[0].modelRoot));
        _requestOf.push(_cases.length - 1 - which % 4);
        bondsOpen += LEAF_BOND;
    }

    /// @dev Mostly the newest request that is open.
    function _request(uint256 which) private view returns (uint256) {
        for (uint256 i = _requests.length; which % 4 != 0 && i != 0; --i) {
            if (_stateOf(i - 1).state == IFaultProofs.RequestState.Open) return i - 1;
        }
        return _requests.length - 1 - which % 3;
    }

    function _stateOf(uint256 place) private view returns (IFaultProofs.Request memory) {
        return _proofs.requestOf(keccak256(abi.encode(_requests[place])));
    }

    function answer(uint256 which) external step {
        IFaultProofs.LeafRequest memory request = _requests[_request(which)];
        (bytes memory path,) = _record(2, ONE);
        bytes memory opening = bytes.concat(keccak256("header"), keccak256("others"), path);
        vm.prank(ANSWERER);
        _proofs.answerLeaf(request, opening);
        if (request.leaf != LEAF) breach = "another leaf was taken for the answer";
        bondsOpen -= LEAF_BOND;
        bondsAnswered += LEAF_BOND;
    }

    function conclude(uint256 which) external step {
        uint256 place = _request(which);
        IFaultProofs.LeafRequest memory request = _requests[place];
        Case memory c = _cases[_requestOf[place]];
        (IFaultProofs.Accused[] memory accused, bool[ACTORS] memory guilty) = _guilty(c, 1_000);
        bool won = _isHead(c);
        if (which % 2 == 0 && _now() <= _stateOf(place).dueAt) vm.warp(_stateOf(place).dueAt + 1);
        Stakes memory before = _stakes();
        _proofs.concludeLeaf(request, _openings[c.round], accused);
        _disproven(c, 1_000, won);
        _account(c.id, 1_000, guilty, before);
        bondsOpen -= LEAF_BOND;
        ++withheld;
    }

    function release(uint256 which) external step {
        IFaultProofs.LeafRequest memory request = _requests[_request(which)];
        vm.prank(FINDER);
        _proofs.releaseBond(request);
        bondsOpen -= LEAF_BOND;
    }

    // ------------------------------------------------------------------ receipts

    /// @dev A signer of the candidate acknowledged an update of a client that its manifest lacks; or did not sign it.
    function breakReceipt(uint256 which, uint256 whom) external step {
        Case memory c = _case(which);
        address miner = whom % 4 == 0 ? _actor(whom / 4) : _signerOf(c, address(0));
        IFaultProofs.ReceiptProof memory p;
        (p.claim, p.references) = (_contested(c), _references);
        (p.client, p.modelRoot) = (LEFT_OUT, keccak256("left out"));
        (, bytes32 openingHash,) = consensus.slotOf(c.round);
        bytes32 receipt = keccak256(abi.encode(Messages.RECEIPT_TYPEHASH, c.round, openingHash, p.client, p.modelRoot));
        (p.receiptR, p.receiptVs) = vm.signCompact(keyOf[miner], consensus.hashTypedData(receipt));
        // Who signed it not is said to have by whoever did.
        (p.signerR, p.signerVs) = vm.signCompact(keyOf[_signerOf(c, miner)], consensus.hashTypedData(c.id));
        Stakes memory before = _stakes();
        _commit(abi.encode(p));
        vm.prank(FINDER);
        _proofs.proveBrokenReceipt(p, SALT);
        if (!_signed[c.id][miner]) breach = "a receipt binds who did not sign";
        bool[ACTORS] memory guilty;
        for (uint256 i = 0; i < ACTORS; ++i) {
            guilty[i] = _actor(i) == miner;
        }
        _account(keccak256(abi.encode("receipt", c.id)), 1_000, guilty, before);
        ++receiptsBroken;
    }

    /// @dev The miner itself, if it signed; else any that did.
    function _signerOf(Case memory c, address miner) private view returns (address) {
        if (_signed[c.id][miner]) return miner;
        for (uint256 i = 0; i < ACTORS; ++i) {
            if (_signed[c.id][_actor(i)]) return _actor(i);
        }
        return miner;
    }

    // ------------------------------------------------------------------ pauses

    /// @dev A whole pause: what must stay open does, nothing else moves, and nothing has run out when it ends.
    function hold(uint256 who, uint32 time, uint8 what) external step {
        consensus.pause();
        ++pauses;
        bytes32 before = _clocks();
        bytes32 state = _state();
        bool released = _isReleased(_actor(who));
        _pass(time % 1 days);
        if (_clocks() != before) breach = "time ran in a pause";
        _tryAll(who, what);
        if (_state() != state) breach = "something moved in a pause";
        uint256 leaving = registry.minerInfo(_actor(who)).unbonding;
        vm.prank(_actor(who));
        try registry.withdraw() {
            if (!released) breach = "stake was released by a pause";
            withdrawn += leaving;
        } catch {
            if (released) breach = "released stake was held in a pause";
        }
        IMinerRegistry.MinerStatus status = registry.minerInfo(_actor(who)).status;
        bool may = status == IMinerRegistry.MinerStatus.Active || status == IMinerRegistry.MinerStatus.Inactive;
        if (what % 3 == 0) {
            vm.prank(_actor(who));
            try registry.exit() {}
            catch {
                if (may) breach = "nobody could ask to leave in a pause";
            }
        }
        before = _clocks();
        consensus.resume();
        if (_clocks() != before) breach = "time ran when the pause ended";
        _nextBlock();
    }

    function _pass(uint256 time) private {
        vm.warp(_now() + time);
        vm.roll(vm.getBlockNumber() + 1 + time / 12);
    }

    function _isReleased(address miner) private view returns (bool) {
        IMinerRegistry.MinerInfo memory info = registry.minerInfo(miner);
        return info.unbonding != 0 && info.releaseAt <= _now();
    }

    /// @dev What is left of every window; what is over is 0 and stays so.
    function _clocks() private view returns (bytes32 hash) {
        uint64 from = newestRound > RING ? newestRound - uint64(RING) + 1 : 1;
        for (uint64 r = from; r <= newestRound; ++r) {
            IRoundLens.RoundInfo memory info = lens.roundInfo(r);
            bool open = info.status == IRoundConsensus.RoundStatus.Open;
            hash = keccak256(
                abi.encode(
                    hash,
                    consensus.isFinal(r),
                    _left(info.finalAt),
                    _left(info.voteDeadline),
                    open ? _left(info.collectMinEnd) : 0,
                    open ? _left(info.collectMaxEnd) : 0,
                    open ? _left(info.lastSlotEnd) : 0
                )
            );
        }
        for (uint256 i = 0; i < ACTORS; ++i) {
            hash = keccak256(abi.encode(hash, _left(registry.minerInfo(_actor(i)).releaseAt)));
        }
        for (uint256 i = _requests.length > 3 ? _requests.length - 3 : 0; i < _requests.length; ++i) {
            IFaultProofs.Request memory r = _stateOf(i);
            hash = keccak256(abi.encode(hash, _left(r.dueAt), _left(r.decidedBy)));
        }
    }

    function _left(uint256 time) private view returns (uint256) {
        return time < _now() ? 0 : time - _now() + 1;
    }

    /// @dev Rounds, head, seats, stakes and what was put up.
    function _state() private view returns (bytes32) {
        IRoundConsensus.Progress memory p = consensus.progress();
        return keccak256(
            abi.encode(
                p.round,
                p.open,
                p.ballots,
                consensus.head(),
                registry.roster(),
                registry.queuedCount(),
                registry.totalHeld()
            )
        );
    }

    /// @dev None of it may do anything.
    function _tryAll(uint256 who, uint8 what) private {
        Case memory c;
        if (_cases.length != 0) c = _case(who);
        IRoundConsensus.CandidateContent memory content;
        IRoundConsensus.ProposerSignature[] memory none = new IRoundConsensus.ProposerSignature[](1);
        if (what % 4 == 0) try consensus.settle(newestRound, _noVotes(), content) {} catch {}
        if (what % 4 == 1) try consensus.failRound(newestRound) {} catch {}
        if (what % 4 == 2) try consensus.openRound() {} catch {}
        if (what % 4 == 3) try consensus.propose(newestRound, content, none) {} catch {}
        try registry.applyQueued() {} catch {}
        try registry.deactivate(_actor(who), newestRound) {} catch {}
        vm.prank(_actor(who));
        try registry.register(STAKE, _actor(who), "", URL) {} catch {}
        vm.prank(_actor(who));
        try registry.addStake(1) {} catch {}
        if (c.id == 0) return;
        (IFaultProofs.Accused[] memory accused,) = _guilty(c, 5_000);
        try _proofs.accuse(c.round, c.id, accused) {} catch {}
    }

    function proofs() external view returns (address) {
        return address(_proofs);
    }
}
