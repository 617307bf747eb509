// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {ICheckpointRegistry} from "./interfaces/ICheckpointRegistry.sol";
import {IMinerRegistry} from "./interfaces/IMinerRegistry.sol";

/// @title CheckpointRegistry
/// @notice See ICheckpointRegistry. Deployed by the miner registry, the only one that has to believe it.
contract CheckpointRegistry is ICheckpointRegistry, EIP712 {
    using SafeCast for uint256;

    /// @notice Seconds without an anchor after which the roster may found a new committee.
    uint256 public constant STALE = 30 days;
    /// @dev A founding starts at a multiple of it.
    uint64 private constant EPOCHS_PER_FOUNDING = 1_000_000;
    /// @dev What the heaviest miner weighs in a founded committee.
    uint256 private constant HEAVIEST = 1_000_000;
    /// @dev Part of the stake that an equivocation costs, in 1/10,000: as a double signature in a round.
    uint256 private constant SLASH_BPS = 5_000;
    /// @dev Roots kept, so that a proof outlives the next few anchors.
    uint256 private constant ROOTS = 8;
    /// @dev Of secp256k1.
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    bytes32 private constant CHECKPOINT_TYPEHASH = keccak256(
        "Checkpoint(uint64 epoch,uint64 height,bytes32 blockHash,bytes32 stateRoot,bytes32 decisionsRoot,bytes32 nextConfigHash)"
    );

    /// @notice Whose roster founds committees, and who takes stakes.
    IMinerRegistry public immutable miners;

    Head private _head;
    /// @inheritdoc ICheckpointRegistry
    bytes32 public heldConfig;
    bytes32[ROOTS] private _roots;
    /// @dev When an epoch's committee came into force; zero if it never did.
    mapping(uint64 epoch => uint256) private _since;
    mapping(bytes32 offence => bool) private _punished;

    constructor(IMinerRegistry miners_) EIP712("Quorate", "1") {
        miners = miners_;
    }

    // ------------------------------------------------------------------ anchors

    /// @inheritdoc ICheckpointRegistry
    function found() external {
        Head memory h = _head;
        bool first = heldConfig == 0;
        require(first || block.timestamp > h.movedAt + STALE, AlreadyFounded(h.movedAt + STALE));
        uint256[] memory members = _rosterMembers();
        // Far above any epoch the old committee may have come to unseen: nobody signs for both.
        uint64 epoch = first ? 0 : (h.epoch / EPOCHS_PER_FOUNDING + 1) * EPOCHS_PER_FOUNDING;
        heldConfig = keccak256(abi.encode(epoch, bytes32(0), members));
        _since[epoch] = block.timestamp;
        _head = Head(h.count, epoch, 0, block.timestamp.toUint40());
        emit Founded(epoch, heldConfig, members);
    }

    /// @inheritdoc ICheckpointRegistry
    function anchor(
        Checkpoint calldata c,
        Committee calldata committee,
        uint256 signers,
        Signature[] calldata signatures
    ) external {
        Head memory h = _head;
        (uint64 epoch, uint64 height) = (c.epoch, c.height);
        require(epoch == h.epoch, WrongEpoch(epoch, h.epoch));
        require(height > h.height, HeightNotRising(height, h.height));
        bytes32 given = configHash(epoch, committee);
        require(given == heldConfig, WrongConfig(given, heldConfig));
        _checkQuorum(checkpointDigest(c), committee.members, signers, signatures);

        if (c.nextConfigHash != 0) {
            heldConfig = c.nextConfigHash;
            _since[++h.epoch] = block.timestamp;
        }
        (h.height, h.movedAt) = (height, block.timestamp.toUint40());
        _roots[++h.count % ROOTS] = c.decisionsRoot;
        _head = h;
        emit Anchored(h.count, epoch, height, c.blockHash, c.stateRoot, c.decisionsRoot, c.nextConfigHash, signers);
    }

    /// @dev Weight, not heads: signatures of weight W - F, each by the member whose bit is set.
    function _checkQuorum(bytes32 digest, uint256[] calldata members, uint256 signers, Signature[] calldata signatures)
        private
        view
    {
        // The event names who signed: nobody who is no member.
        require(signers >> members.length == 0, NoSuchMember(signers, members.length));
        uint256 unused = signatures.length;
        uint256 total;
        uint256 signed;
        Signature calldata next;
        assembly ("memory-safe") {
            next := signatures.offset
        }
        unchecked {
            // Numbers of entries in a call, and weights of 32 bits.
            for (uint256 i = 0; i < members.length; ++i) {
                uint256 member;
                assembly ("memory-safe") {
                    member := calldataload(add(members.offset, shl(5, i)))
                }
                uint256 weight = uint32(member);
                total += weight;
                if (signers >> i & 1 == 0) continue;
                require(unused != 0, SignatureCount(signatures.length, signatures.length + 1));
                --unused;
                if (!_isSignedBy(member >> 96, digest, next)) _refuse(i, digest, next);
                assembly ("memory-safe") {
                    next := add(next, 64)
                }
                signed += weight;
            }
        }
        require(unused == 0, SignatureCount(signatures.length, signatures.length - unused));
        uint256 quorum = total - (total - 1) / 3;
        require(signed >= quorum, BelowQuorum(signed, quorum));
    }

    /// @dev Says what is wrong with a signature.
    function _refuse(uint256 member, bytes32 digest, Signature calldata s) private pure {
        revert NotTheMember(member, ECDSA.recover(digest, s.r, s.vs));
    }

    /// @dev What ECDSA.recover does, at a third of its own price and without a word on what is wrong.
    function _isSignedBy(uint256 key, bytes32 digest, Signature calldata s) private view returns (bool valid) {
        assembly ("memory-safe") {
            let start := mload(0x40)
            let vs := calldataload(add(s, 32))
            let low := shr(1, shl(1, vs))
            mstore(start, digest)
            mstore(add(start, 32), add(shr(255, vs), 27))
            mstore(add(start, 64), calldataload(s))
            mstore(add(start, 96), low)
            // What stays where nobody is recovered, and is nobody's key: not even that of a member without one.
            mstore(0, not(0))
            pop(staticcall(gas(), 1, start, 128, 0, 32))
            // Of a signature's two forms only the lower counts.
            valid := and(eq(mload(0), key), iszero(gt(low, HALF_ORDER)))
        }
    }

    /// @dev The roster as a committee, in seat order; the caller holds a seat.
    function _rosterMembers() private view returns (uint256[] memory members) {
        IMinerRegistry.Seat[] memory seats = miners.roster();
        uint256 heaviest;
        bool seated;
        for (uint256 i = 0; i < seats.length; ++i) {
            if (seats[i].weight > heaviest) heaviest = seats[i].weight;
            seated = seated || (seats[i].owner == msg.sender && seats[i].weight != 0);
        }
        require(seated, NoSeat(msg.sender));
        members = new uint256[](seats.length);
        uint256 count;
        for (uint256 i = 0; i < seats.length; ++i) {
            if (seats[i].weight == 0) continue;
            uint256 weight = seats[i].weight * HEAVIEST / heaviest;
            members[count++] = uint256(uint160(seats[i].key)) << 96 | (weight == 0 ? 1 : weight);
        }
        require(count > 1, TooFewMembers(count));
        // Seats without weight leave no trace.
        assembly ("memory-safe") {
            mstore(members, count)
        }
    }

    // ------------------------------------------------------------------ contradictions

    /// @inheritdoc ICheckpointRegistry
    function proveEquivocation(
        Checkpoint calldata first,
        Signature calldata firstSignature,
        Checkpoint calldata second,
        Signature calldata secondSignature
    ) external {
        require(first.epoch == second.epoch && first.height == second.height, NotSameHeight());
        (bytes32 one, bytes32 two) = (checkpointDigest(first), checkpointDigest(second));
        require(one != two, NoContradiction());
        uint256 since = _since[first.epoch];
        require(since != 0, UnknownEpoch(first.epoch));
        address key = ECDSA.recover(one, firstSignature.r, firstSignature.vs);
        address other = ECDSA.recover(two, secondSignature.r, secondSignature.vs);
        require(key == other, SignersDiffer(key, other));
        // A key replaced before the epoch began is nobody's any more.
        address miner = miners.ownerOfKeyAt(key, since);
        require(miner != address(0), NotAMiner(key));
        bytes32 offence = keccak256(abi.encode(miner, first.epoch, first.height));
        require(!_punished[offence], AlreadyPunished(miner, first.epoch, first.height));
        _punished[offence] = true;
        (uint256 slashed,) = miners.slash(miner, SLASH_BPS, msg.sender, 0);
        emit EquivocationProven(miner, first.epoch, first.height, slashed);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc ICheckpointRegistry
    function isDecision(uint64 count, Decision calldata decision, bytes32[] calldata proof)
        external
        view
        returns (bool)
    {
        uint64 newest = _head.count;
        require(count != 0 && count <= newest && count + ROOTS > newest, RootNotHeld(count, newest));
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(decision))));
        return MerkleProof.verifyCalldata(proof, _roots[count % ROOTS], leaf);
    }

    /// @inheritdoc ICheckpointRegistry
    function head() external view returns (Head memory) {
        return _head;
    }

    /// @inheritdoc ICheckpointRegistry
    function configHash(uint64 epoch, Committee calldata committee) public pure returns (bytes32) {
        return keccak256(abi.encode(epoch, committee.details, committee.members));
    }

    /// @inheritdoc ICheckpointRegistry
    /// @dev Of the checkpoint as it lies in the call: whoever acts on it has looked at its two numbers.
    function checkpointDigest(Checkpoint calldata checkpoint) public view returns (bytes32) {
        (bytes32 typeHash, bytes32 structHash) = (CHECKPOINT_TYPEHASH, 0);
        assembly ("memory-safe") {
            let start := mload(0x40)
            mstore(start, typeHash)
            calldatacopy(add(start, 32), checkpoint, 192)
            structHash := keccak256(start, 224)
        }
        return _hashTypedDataV4(structHash);
    }

    /// @inheritdoc ICheckpointRegistry
    function groupId() external view returns (bytes32) {
        return _domainSeparatorV4();
    }
}
