// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFaultProofs} from "../../../contracts/interfaces/IFaultProofs.sol";
import {CoordinateJudge} from "../../../contracts/libraries/CoordinateJudge.sol";
import {Messages} from "../../../contracts/libraries/Messages.sol";
import {ModelRoot} from "../../../contracts/libraries/ModelRoot.sol";
import {FederationTest} from "./FederationTest.sol";
import {vm} from "./Vm.sol";

/// @title Fault proofs against the real consensus and registries
abstract contract DisputedFederation is FederationTest {
    uint32 internal constant ONE = 0x3f800000;
    uint64 internal constant COORDINATE = 4_321;
    bytes32 internal constant SALT = keccak256("salt");
    address internal constant FINDER = address(0xF1);

    IFaultProofs internal _proofs;
    bytes32 internal _previousBlockHash;

    function setUp() public virtual override {
        super.setUp();
        _start(4);
    }

    function _faultProofs() internal view override returns (address) {
        return vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
    }

    function _deployFaultProofs() internal override {
        CoordinateJudge.Rule memory rule = CoordinateJudge.Rule(CoordinateJudge.Kind.FedAvg, 0, 136);
        bytes memory arguments = abi.encode(IFaultProofs.Setup(address(consensus), rule, LEAF_BOND));
        _proofs = IFaultProofs(deploy("FaultProofs", arguments));
    }

    // ------------------------------------------------------------------ a wrong aggregate

    /// @dev A model of one leaf and made-up siblings.
    function _record(uint256 seed, uint32 bits) internal view returns (bytes memory path, bytes32 root) {
        bytes memory leaf = new bytes(256);
        for (uint256 i = 0; i < 4; ++i) {
            leaf[4 * (COORDINATE % 64) + i] = bytes1(uint8(bits >> (8 * i)));
        }
        bytes32[] memory siblings = new bytes32[](ModelRoot.depthOf(199_210));
        path = leaf;
        for (uint256 i = 0; i < siblings.length; ++i) {
            siblings[i] = keccak256(abi.encode(seed, i));
            path = bytes.concat(path, siblings[i]);
        }
        bytes32 tree = ModelRoot.rootOf(leaf, COORDINATE, siblings);
        root = ModelRoot.modelRoot(keccak256("header"), keccak256("others"), 199_210, tree);
    }

    /// @dev A candidate of three updates of 1.0 that claims `claimed`, and the proof about it.
    function _claim(uint32 claimed) internal view returns (IFaultProofs.AggregateProof memory) {
        uint32[] memory column = new uint32[](3);
        (column[0], column[1], column[2]) = (ONE, ONE, ONE);
        return _claimOf(claimed, column);
    }

    /// @dev The same of one update for each value.
    function _claimOf(uint32 claimed, uint32[] memory column)
        internal
        view
        returns (IFaultProofs.AggregateProof memory p)
    {
        p.coordinate = COORDINATE;
        p.claim.content = _content(claimed);
        (p.openings, p.claim.content.modelRoot) = _record(1, claimed);
        p.openings = bytes.concat(keccak256("header"), keccak256("others"), p.openings);
        p.references = new Messages.UpdateReference[](column.length);
        for (uint160 k = 0; k < column.length; ++k) {
            (bytes memory path, bytes32 root) = _record(2 + k, column[k]);
            p.openings = bytes.concat(p.openings, path);
            p.references[k] = Messages.UpdateReference(address(0xC0 + k), root, 100, keccak256(abi.encode(k)));
        }
        p.claim.content.updatesHash = Messages.updates(p.references);
        p.claim.round = consensus.currentRound();
        p.claim.candidate = lens.candidateId(p.claim.round, p.claim.content);
        p.claim.opening.baseRoot = consensus.head().modelRoot;
        p.claim.opening.parametersHash = consensus.parametersHash();
        p.claim.opening.previousBlockHash = _previousBlockHash;
    }

    function _signer(IFaultProofs.AggregateProof memory p, address miner)
        internal
        view
        returns (IFaultProofs.Accused memory a)
    {
        (a.r, a.vs) = vm.signCompact(keyOf[miner], consensus.hashTypedData(p.claim.candidate));
    }

    function _voter(IFaultProofs.AggregateProof memory p, address miner)
        internal
        view
        returns (IFaultProofs.Accused memory a)
    {
        (, bytes32 openingHash,) = consensus.slotOf(p.claim.round);
        bytes32 hash = keccak256(
            abi.encode(
                Messages.VOTE_TYPEHASH, p.claim.round, openingHash, p.claim.candidate, true, uint16(10_000), 0, 0
            )
        );
        (a.voter, a.confidence) = (true, 10_000);
        (a.r, a.vs) = vm.signCompact(keyOf[miner], consensus.hashTypedData(hash));
    }

    function _list(IFaultProofs.Accused memory a) internal pure returns (IFaultProofs.Accused[] memory list) {
        list = new IFaultProofs.Accused[](1);
        list[0] = a;
    }

    function _prove(IFaultProofs.AggregateProof memory p, IFaultProofs.Accused[] memory accused) internal {
        vm.prank(FINDER);
        _proofs.commit(keccak256(abi.encode(keccak256(abi.encode(p)), FINDER, SALT)));
        _nextBlock();
        vm.prank(FINDER);
        _proofs.proveAggregate(p, SALT, accused);
    }

    /// @dev No token appears or vanishes: what is not staked, paid or burnt is where it was.
    function _assertConserved(uint256 slashed, uint256 bounty) internal view {
        vm.assertEq(token.balanceOf(address(registry)), registry.totalHeld());
        vm.assertEq(token.balanceOf(FINDER), bounty);
        vm.assertEq(token.balanceOf(address(0xdEaD)), slashed - bounty);
    }
}
