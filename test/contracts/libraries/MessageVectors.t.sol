// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {IRewardDistributor} from "../../../contracts/interfaces/IRewardDistributor.sol";
import {IRoundConsensus} from "../../../contracts/interfaces/IRoundConsensus.sol";
import {Ballots} from "../../../contracts/libraries/Ballots.sol";
import {Messages} from "../../../contracts/libraries/Messages.sol";
import {FederationTest} from "../solidity/FederationTest.sol";
import {vm} from "../solidity/Vm.sol";

/// @dev test/vectors/messages.json and payouts.json, which TypeScript reads too.
contract MessageVectorsTest is FederationTest {
    string private _json;

    function _uint(string memory path) private view returns (uint256) {
        return vm.parseJsonUint(_json, path);
    }

    function _word(string memory path) private view returns (bytes32) {
        return vm.parseJsonBytes32(_json, path);
    }

    function test_Messages() external {
        _json = vm.readFile("test/vectors/messages.json");
        vm.chainId(_uint(".domain.chainId"));
        bytes32 domain = Messages.domainSeparator(vm.parseJsonAddress(_json, ".domain.verifyingContract"));
        vm.assertEq(domain, _word(".domainSeparator"));
        address signer = vm.parseJsonAddress(_json, ".signer");
        uint256 n = 0;
        for (;; ++n) {
            string memory path = string.concat(".messages[", vm.toString(n), "]");
            if (!vm.keyExistsJson(_json, path)) break;
            string memory kind = vm.parseJsonString(_json, string.concat(path, ".kind"));
            bytes32 hash = _structHash(kind, string.concat(path, ".message"));
            vm.assertEq(hash, _word(string.concat(path, ".structHash")), kind);
            bytes32 digest = Messages.digest(domain, hash);
            vm.assertEq(digest, _word(string.concat(path, ".digest")), kind);
            bytes memory signature = vm.parseJsonBytes(_json, string.concat(path, ".signature"));
            (bytes32 r, bytes32 vs) = abi.decode(signature, (bytes32, bytes32));
            (address recovered,,) = ECDSA.tryRecover(digest, r, vs);
            vm.assertEq(recovered, signer);
        }
        vm.assertEq(n, 15);
    }

    function _structHash(string memory kind, string memory path) private view returns (bytes32) {
        bytes32 id = keccak256(bytes(kind));
        uint64 round = uint64(_uint(string.concat(path, ".round")));
        bytes32 openingHash = _word(string.concat(path, ".openingHash"));
        if (id == keccak256("Update")) return _update(round, openingHash, path);
        if (id == keccak256("Manifest")) {
            return Messages.manifest(round, openingHash, _word(string.concat(path, ".updatesHash")));
        }
        if (id == keccak256("Receipt")) {
            address client = vm.parseJsonAddress(_json, string.concat(path, ".client"));
            return Messages.receipt(round, openingHash, client, _word(string.concat(path, ".modelRoot")));
        }
        if (id == keccak256("Vote")) return _vote(round, openingHash, path);
        return _candidate(round, openingHash, path);
    }

    function _update(uint64 round, bytes32 openingHash, string memory path) private view returns (bytes32) {
        return Messages.update(
            Messages.Update(
                round,
                openingHash,
                _word(string.concat(path, ".baseRoot")),
                _word(string.concat(path, ".modelRoot")),
                _word(string.concat(path, ".modelCid")),
                uint64(_uint(string.concat(path, ".sampleCount")))
            )
        );
    }

    function _vote(uint64 round, bytes32 openingHash, string memory path) private view returns (bytes32) {
        IRoundConsensus.Vote memory v;
        v.support = vm.parseJsonBool(_json, string.concat(path, ".support"));
        v.confidence = uint16(_uint(string.concat(path, ".confidence")));
        v.reason = uint8(_uint(string.concat(path, ".reason")));
        v.reasonIndex = uint64(_uint(string.concat(path, ".reasonIndex")));
        return this.hashVote(round, openingHash, _word(string.concat(path, ".candidate")), v);
    }

    function _candidate(uint64 round, bytes32 openingHash, string memory path) private view returns (bytes32) {
        IRoundConsensus.CandidateContent memory c;
        c.modelRoot = _word(string.concat(path, ".modelRoot"));
        c.modelCid = _word(string.concat(path, ".modelCid"));
        c.updatesHash = _word(string.concat(path, ".updatesHash"));
        c.manifestCid = _word(string.concat(path, ".manifestCid"));
        c.payoutsRoot = _word(string.concat(path, ".payoutsRoot"));
        c.payoutsTotal = _uint(string.concat(path, ".payoutsTotal"));
        c.updateCount = uint32(_uint(string.concat(path, ".updateCount")));
        c.totalSamples = uint64(_uint(string.concat(path, ".totalSamples")));
        c.validationScore = uint32(_uint(string.concat(path, ".validationScore")));
        return this.hashCandidate(round, openingHash, _word(string.concat(path, ".baseRoot")), c);
    }

    function hashVote(uint64 round, bytes32 openingHash, bytes32 candidate, IRoundConsensus.Vote calldata v)
        external
        pure
        returns (bytes32)
    {
        return Messages.vote(round, openingHash, candidate, Ballots.pack(round, v, false));
    }

    function hashCandidate(
        uint64 round,
        bytes32 openingHash,
        bytes32 baseRoot,
        IRoundConsensus.CandidateContent calldata c
    ) external pure returns (bytes32) {
        return Messages.candidate(round, openingHash, baseRoot, c);
    }

    function test_UpdateReferences() external {
        _json = vm.readFile("test/vectors/messages.json");
        for (uint256 n = 0; n < 3; ++n) {
            string memory path = string.concat(".updates[", vm.toString(n), "]");
            uint256 count = n == 2 ? 3 : n;
            Messages.UpdateReference[] memory list = new Messages.UpdateReference[](count);
            for (uint256 k = 0; k < count; ++k) {
                string memory row = string.concat(path, ".references[", vm.toString(k), "]");
                list[k].client = vm.parseJsonAddress(_json, string.concat(row, ".client"));
                list[k].modelRoot = _word(string.concat(row, ".modelRoot"));
                list[k].sampleCount = uint64(_uint(string.concat(row, ".sampleCount")));
                list[k].signatureHash = _word(string.concat(row, ".signatureHash"));
            }
            vm.assertEq(Messages.updates(list), _word(string.concat(path, ".updatesHash")));
        }
    }

    /// @dev Every account is paid by the tree and the proof that the coordinator's library makes.
    function test_PayoutTrees() external {
        _json = vm.readFile("test/vectors/payouts.json");
        uint256 n = 0;
        for (;; ++n) {
            string memory path = string.concat("$[", vm.toString(n), "]");
            if (!vm.keyExistsJson(_json, path)) break;
            IRewardDistributor tree = IRewardDistributor(deploy("RewardDistributor", abi.encode(token, this, 7)));
            uint256 total = _uint(string.concat(path, ".total"));
            token.approve(address(tree), total);
            tree.fund(total);
            tree.record(1, 1, _word(string.concat(path, ".root")), total, _now());
            _claimAll(tree, path);
            vm.assertEq(token.balanceOf(address(tree)), 0);
        }
        vm.assertEq(n, 4);
    }

    function _claimAll(IRewardDistributor tree, string memory path) private {
        for (uint256 k = 0;; ++k) {
            string memory row = string.concat(path, ".claims[", vm.toString(k), "]");
            if (!vm.keyExistsJson(_json, row)) break;
            address account = vm.parseJsonAddress(_json, string.concat(row, ".account"));
            uint256 cumulative = _uint(string.concat(row, ".cumulative"));
            bytes32[] memory proof = vm.parseJsonBytes32Array(_json, string.concat(row, ".proof"));
            vm.assertEq(tree.claim(1, account, cumulative, proof), cumulative);
        }
    }
}
