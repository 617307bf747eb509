// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IFaultProofs} from "../../../contracts/interfaces/IFaultProofs.sol";
import {CoordinateJudge} from "../../../contracts/libraries/CoordinateJudge.sol";
import {Messages} from "../../../contracts/libraries/Messages.sol";
import {ModelRoot} from "../../../contracts/libraries/ModelRoot.sol";
import {Artifacts} from "./Artifacts.sol";
import {ClientsMock, ConsensusMock, MinersMock} from "./DisputeMocks.sol";
import {vm} from "./Vm.sol";

/// @title Fault proofs over a consensus and registries that only remember what they are told
/// @notice Models are given by one leaf and made-up siblings: any such path has a root.
abstract contract DisputeTest is Artifacts {
    uint64 internal constant ROUND = 7;
    uint64 internal constant COORDINATE = 4_321;
    uint32 internal constant ONE = 0x3f800000;
    bytes32 internal constant SALT = keccak256("salt");
    uint256 internal constant SIGNER = 0xA1;
    uint256 internal constant VOTER = 0xA2;
    uint256 internal constant CLIENT = 0xC1;
    address internal constant SIGNER_OWNER = address(0xB1);
    address internal constant VOTER_OWNER = address(0xB2);

    ConsensusMock internal consensus;
    MinersMock internal miners;
    ClientsMock internal clients;
    IFaultProofs internal proofs;

    function setUp() public virtual {
        vm.warp(1_000_000);
        vm.roll(1_000);
        (consensus, miners, clients) = (new ConsensusMock(), new MinersMock(), new ClientsMock());
        miners.register(vm.addr(SIGNER), SIGNER_OWNER);
        miners.register(vm.addr(VOTER), VOTER_OWNER);
        _deploy(CoordinateJudge.Rule(CoordinateJudge.Kind.FedAvg, 0, 136));
    }

    function _deploy(CoordinateJudge.Rule memory rule) internal {
        address predicted = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        consensus.wire(address(miners), address(clients), predicted);
        IFaultProofs.Setup memory setup = IFaultProofs.Setup(address(consensus), rule, 10e18);
        proofs = IFaultProofs(deploy("FaultProofs", abi.encode(setup)));
    }

    // ------------------------------------------------------------------ proofs

    /// @dev Record of a model whose coordinate holds `bits`; no byte of it is zero but the value's own.
    function _record(uint256 seed, uint32 bits) internal view returns (bytes memory record, bytes32 root) {
        uint64 dimension = consensus.dimension();
        bytes memory leaf = new bytes(256);
        for (uint256 i = 0; i < 256; ++i) {
            leaf[i] = bytes1(uint8(1 + (seed * 31 + i) % 255));
        }
        for (uint256 i = 0; i < 4; ++i) {
            leaf[4 * (COORDINATE % 64) + i] = bytes1(uint8(bits >> (8 * i)));
        }
        bytes32[] memory siblings = new bytes32[](ModelRoot.depthOf(dimension));
        bytes memory path;
        for (uint256 i = 0; i < siblings.length; ++i) {
            siblings[i] = keccak256(abi.encode(seed, i));
            path = bytes.concat(path, siblings[i]);
        }
        (bytes32 header, bytes32 others) = (keccak256("header"), keccak256("others"));
        root = ModelRoot.modelRoot(header, others, dimension, ModelRoot.rootOf(leaf, COORDINATE, siblings));
        record = bytes.concat(header, others, leaf, path);
    }

    /// @dev `count` updates of one sample each; their values are those of `column`.
    function _aggregate(uint32 claimed, uint32[] memory column)
        internal
        returns (IFaultProofs.AggregateProof memory p)
    {
        p.coordinate = COORDINATE;
        bytes memory record;
        (record, p.claim.content.modelRoot) = _record(1, claimed);
        p.openings = record;
        p.references = new Messages.UpdateReference[](column.length);
        for (uint256 k = 0; k < column.length; ++k) {
            bytes32 root;
            (record, root) = _record(k + 2, column[k]);
            p.openings = bytes.concat(p.openings, _withoutHashes(record));
            address client = address(uint160(uint256(keccak256("client")) >> 96) + uint160(k));
            p.references[k] = Messages.UpdateReference(client, root, 18_001, keccak256(abi.encode("signature", k)));
        }
        _post(p.claim, p.references);
    }

    function _withoutHashes(bytes memory record) internal pure returns (bytes memory rest) {
        rest = new bytes(record.length - 64);
        for (uint256 i = 0; i < rest.length; ++i) {
            rest[i] = record[i + 64];
        }
    }

    /// @dev Completes the claim and posts it.
    function _post(IFaultProofs.Claim memory claim, Messages.UpdateReference[] memory references) internal {
        claim.round = ROUND;
        claim.opening.baseRoot = keccak256("base");
        claim.content.modelCid = keccak256("cid");
        claim.content.manifestCid = keccak256("manifest");
        claim.content.payoutsRoot = keccak256("payouts");
        claim.content.updatesHash = Messages.updates(references);
        claim.candidate = keccak256(
            abi.encode(
                Messages.CANDIDATE_TYPEHASH, ROUND, consensus.OPENING_HASH(), claim.opening.baseRoot, claim.content
            )
        );
        consensus.post(claim.candidate);
    }

    function _three(uint32 a, uint32 b, uint32 c) internal pure returns (uint32[] memory column) {
        column = new uint32[](3);
        (column[0], column[1], column[2]) = (a, b, c);
    }

    function _commit(bytes memory encoded) internal {
        bytes32 commitment = keccak256(abi.encode(keccak256(encoded), address(this), SALT));
        proofs.commit(commitment);
        vm.roll(vm.getBlockNumber() + 1);
    }

    // ------------------------------------------------------------------ signatures

    function _signer(bytes32 candidate) internal view returns (IFaultProofs.Accused memory a) {
        (a.r, a.vs) = vm.signCompact(SIGNER, consensus.hashTypedData(candidate));
    }

    function _voter(bytes32 candidate) internal view returns (IFaultProofs.Accused memory a) {
        (a.voter, a.confidence) = (true, 10_000);
        bytes memory body = abi.encode(candidate, true, uint16(10_000), uint8(0), uint64(0));
        (a.r, a.vs) = _sign(VOTER, Messages.VOTE_TYPEHASH, body);
    }

    function _sign(uint256 key, bytes32 typeHash, bytes memory body) internal view returns (bytes32 r, bytes32 vs) {
        bytes32 hash = keccak256(bytes.concat(abi.encode(typeHash, ROUND, consensus.OPENING_HASH()), body));
        return vm.signCompact(key, consensus.hashTypedData(hash));
    }

    function _one(IFaultProofs.Accused memory a) internal pure returns (IFaultProofs.Accused[] memory list) {
        list = new IFaultProofs.Accused[](1);
        list[0] = a;
    }

    function _both(bytes32 candidate) internal view returns (IFaultProofs.Accused[] memory list) {
        list = new IFaultProofs.Accused[](2);
        (list[0], list[1]) = (_signer(candidate), _voter(candidate));
    }
}
