import type { Config } from "./config.ts";
import type { Evidence } from "./evidence.ts";
import type { Charge } from "./forensics.ts";
import type { Checkpoint, Message } from "./messages.ts";
import type { Anchor, Bundle, CheckpointContent, FullBlock } from "./types.ts";

export type Event =
  | { readonly kind: "message"; readonly now: number; readonly from: string; readonly message: Message }
  | { readonly kind: "tick"; readonly now: number }
  /** The chain named the next epoch's committee. */
  | { readonly kind: "reconfigure"; readonly now: number; readonly config: Config }
  /** A checkpoint is final on the chain: no history without it is believed. */
  | { readonly kind: "anchored"; readonly now: number; readonly anchor: Anchor };

/** In order. What a send, commit or reply depends on is durable once the persist with token `after` is. */
export type Effect =
  | { readonly kind: "persist"; readonly token: number; readonly record: Message }
  /** To a member's or client's id, or to all members, oneself included. */
  | { readonly kind: "send"; readonly to: string | "all"; readonly message: Message; readonly after: number }
  | {
      readonly kind: "commit";
      readonly block: FullBlock;
      readonly fresh: readonly Bundle[];
      /** In the application's format. */
      readonly decided: readonly Uint8Array[];
      readonly after: number;
    }
  | { readonly kind: "executed"; readonly bundle: Bundle; readonly after: number }
  | { readonly kind: "anchor"; readonly checkpoints: readonly Checkpoint[]; readonly after: number }
  | { readonly kind: "evidence"; readonly evidence: Evidence }
  /** The state is that of a height others have certified; the blocks up to it were not seen. */
  | { readonly kind: "installed"; readonly content: CheckpointContent; readonly after: number }
  /** The log starts again from these: they stand for everything persisted up to this token, and it is durable with them. */
  | { readonly kind: "compact"; readonly token: number; readonly records: readonly Message[] }
  /** What came is false or too much; nothing else changed. */
  | { readonly kind: "refused"; readonly code: Refusal; readonly from: string }
  /**
   * Above this height a chain was committed that conflicts with this replica's own, or with an anchor; it does nothing more.
   * Of a fork the charges are what its own blocks prove; see `chargesOf` for what two chains prove together.
   */
  | {
      readonly kind: "fork";
      readonly code: "PRAFT_FORK" | "PRAFT_ANCHOR";
      readonly height: number;
      readonly charges: readonly Charge[];
    };

/** Why a message was refused: for the log and the metrics. */
export type Refusal =
  | "PRAFT_SNAPSHOT_FALSE"
  | "PRAFT_CLIENTS_FULL"
  | "PRAFT_CLIENT_QUEUE"
  | "PRAFT_QUEUE_FULL";
