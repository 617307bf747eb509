// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Anchors of what replicas decide off chain
/// @notice Members of a PRAFT committee sign a checkpoint once they have committed its block; whoever sends enough of their
/// signatures anchors it. A checkpoint carries the root over all decisions so far, so the newest one proves every earlier
/// decision. One registry serves one group, `groupId`.
///
/// A member is one word: its voting key (bits 96-255) and its weight (bits 0-31), in the committee's order. With W the sum of
/// the weights and F = (W - 1) / 3 rounded down, signatures of weight W - F anchor. The contract holds only the hash of the
/// committee in force: `configHash`. It is founded from the miners' roster and hands over by the hash that the checkpoint of
/// an epoch's last block names.
interface ICheckpointRegistry {
    /// @notice What members sign (EIP-712, domain (Quorate, 1, chain id, this contract)).
    struct Checkpoint {
        uint64 epoch;
        /// Of the block; heights go on over epochs.
        uint64 height;
        bytes32 blockHash;
        /// Root of the replicas' state after the block.
        bytes32 stateRoot;
        /// Root over all decisions up to the block.
        bytes32 decisionsRoot;
        /// `configHash` of the next epoch's committee if the block closes its epoch, else zero.
        bytes32 nextConfigHash;
    }

    /// @notice Who signs in an epoch.
    struct Committee {
        /// SHA-256 of what else belongs to the committee, such as names; zero for one taken from the roster.
        bytes32 details;
        /// See above.
        uint256[] members;
    }

    /// @notice One signature in compact form (EIP-2098).
    struct Signature {
        bytes32 r;
        bytes32 vs;
    }

    /// @notice A leaf under `decisionsRoot`: keccak256(keccak256(abi.encode(decision))).
    struct Decision {
        uint64 epoch;
        uint64 height;
        bytes32 task;
        /// keccak256 of the kind's name, like "select".
        bytes32 kind;
        /// keccak256 of the outcome's bytes; zero if undecided.
        bytes32 outcome;
    }

    /// @notice Where the anchored history stands.
    struct Head {
        /// Checkpoints anchored so far.
        uint64 count;
        /// Epoch whose committee anchors now.
        uint64 epoch;
        /// Height of the newest checkpoint; 0 after a founding.
        uint64 height;
        /// Time of the founding or of the newest checkpoint, in seconds of block time.
        uint40 movedAt;
    }

    /// @notice A committee was taken from the roster: it starts a history of its own at height 0.
    event Founded(uint64 indexed epoch, bytes32 configHash, uint256[] members);
    /// @param signers Bit i is member i.
    event Anchored(
        uint64 indexed count,
        uint64 indexed epoch,
        uint64 indexed height,
        bytes32 blockHash,
        bytes32 stateRoot,
        bytes32 decisionsRoot,
        bytes32 nextConfigHash,
        uint256 signers
    );
    /// @notice `miner` signed two checkpoints of one height; `slashed` of its stake is gone.
    event EquivocationProven(address indexed miner, uint64 indexed epoch, uint64 indexed height, uint256 slashed);

    error AlreadyFounded(uint256 staleAt);
    error TooFewMembers(uint256 members);
    error NoSeat(address caller);
    error WrongEpoch(uint64 given, uint64 held);
    error HeightNotRising(uint64 given, uint64 held);
    error WrongConfig(bytes32 given, bytes32 held);
    error SignatureCount(uint256 given, uint256 wanted);
    error NoSuchMember(uint256 signers, uint256 members);
    error NotTheMember(uint256 member, address recovered);
    error BelowQuorum(uint256 weight, uint256 quorum);
    error RootNotHeld(uint64 count, uint64 newest);
    error NotSameHeight();
    error NoContradiction();
    error UnknownEpoch(uint64 epoch);
    error SignersDiffer(address first, address second);
    error NotAMiner(address key);
    error AlreadyPunished(address miner, uint64 epoch, uint64 height);

    /// @notice Take the committee from the miners' roster: the first time, and again once nothing was anchored for `STALE`
    /// seconds, so that a committee that lost its quorum can be replaced. Only for holders of a seat. Weights are parts of the
    /// heaviest miner's, which is 1,000,000; seats without weight are left out. Its epoch is the next multiple of 1,000,000.
    function found() external;

    /// @notice Anchor a checkpoint of the epoch in force, above the newest one. Open to anyone.
    /// @param committee The one in force, see `configHash`.
    /// @param signers Bit i: member i signed.
    /// @param signatures Of the members in `signers`, by rising index.
    function anchor(
        Checkpoint calldata checkpoint,
        Committee calldata committee,
        uint256 signers,
        Signature[] calldata signatures
    ) external;

    /// @notice Slash a miner whose key signed two different checkpoints of one epoch and height. The signatures are known to
    /// all members, so there is no bounty to race for: the stake taken is gone.
    function proveEquivocation(
        Checkpoint calldata first,
        Signature calldata firstSignature,
        Checkpoint calldata second,
        Signature calldata secondSignature
    ) external;

    /// @notice Whether a decision lies under the root of checkpoint number `count`, one of the newest 8.
    /// @param proof Path to the root; pairs are hashed in rising order.
    function isDecision(uint64 count, Decision calldata decision, bytes32[] calldata proof) external view returns (bool);

    function head() external view returns (Head memory);
    /// @notice Hash of the committee in force; zero before the founding.
    function heldConfig() external view returns (bytes32);
    /// @notice keccak256(abi.encode(epoch, details, members)).
    function configHash(uint64 epoch, Committee calldata committee) external pure returns (bytes32);
    /// @notice Digest members sign.
    function checkpointDigest(Checkpoint calldata checkpoint) external view returns (bytes32);
    /// @notice The one group this registry anchors: its EIP-712 domain separator, which binds chain and contract.
    function groupId() external view returns (bytes32);
}
