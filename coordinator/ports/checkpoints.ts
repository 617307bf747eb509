import type { Hex } from "../protocol/bytes.ts";
import type { Config } from "../protocol/praft/config.ts";
import type { Checkpoint } from "../protocol/praft/messages.ts";
import type { Anchor } from "../protocol/praft/types.ts";
import type { Sent } from "./chain.ts";

/** Where the anchored history stands. */
export interface AnchorHead {
  readonly count: number;
  readonly epoch: number;
  readonly height: number;
  /** Of the committee that anchors now; zero before the founding. */
  readonly configHash: Hex;
  /** The newest checkpoint on the chain, and the hash of the committee that signed it. */
  readonly newest: Anchor | undefined;
}

/** The chain's registry of checkpoints, see contracts/interfaces/ICheckpointRegistry.sol. */
export interface CheckpointChain {
  /** The one group the registry anchors. */
  groupId(): Promise<Hex>;
  head(): Promise<AnchorHead>;
  /**
   * Anchors what weight Q of the committee signed; the checkpoints are of one content, by rising signer.
   * @throws QuorateError HEIGHT_NOT_RISING, WRONG_EPOCH, WRONG_CONFIG, BELOW_QUORUM and others of the contract
   */
  anchor(config: Config, checkpoints: readonly Checkpoint[]): Promise<Sent>;
  /** Takes the committee from the roster. @throws QuorateError ALREADY_FOUNDED, NO_SEAT, TOO_FEW_MEMBERS */
  found(): Promise<Sent>;
  /** Proves that a member signed two checkpoints of one height. @throws QuorateError ALREADY_PUNISHED, NOT_A_MINER */
  accuse(config: Config, first: Checkpoint, second: Checkpoint): Promise<Sent>;
}
