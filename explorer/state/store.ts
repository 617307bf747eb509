import type { QuorateError } from "../../coordinator/protocol/errors.ts";
import type { FederationView } from "../../coordinator/protocol/views/federation-view.ts";
import type { Federation } from "../chain/federation.ts";
import type { History } from "../chain/history.ts";

/** How the page stands to the chain. */
export type Connection = "connecting" | "reading" | "live" | "paused" | "lost" | "unusable";

/** All that the pages are drawn from. Replaced, never changed, so that a new object means news. */
export interface AppState {
  readonly connection: Connection;
  /** Why it is lost or unusable. */
  readonly problem: QuorateError | null;
  readonly federation: Federation | null;
  readonly history: History | null;
  /** Whole history; null while it is being read. */
  readonly view: FederationView | null;
  /** The newest rounds, before the whole history is read. */
  readonly glimpse: FederationView | null;
  readonly latestBlock: number;
  /** Time the next block would have, seconds. */
  readonly blockTime: number;
  /** Block up to which the history is read, while it is being read. */
  readonly reading: number;
  /** The chain was another one when this page was opened. */
  readonly restarted: boolean;
}

export const INITIAL_STATE: AppState = {
  connection: "connecting",
  problem: null,
  federation: null,
  history: null,
  view: null,
  glimpse: null,
  latestBlock: 0,
  blockTime: 0,
  reading: 0,
  restarted: false,
};

export interface Store {
  get(): AppState;
  set(change: Partial<AppState>): void;
  subscribe(listener: () => void): () => void;
}

export function createStore(): Store {
  let state = INITIAL_STATE;
  const listeners = new Set<() => void>();
  return {
    get: () => state,
    set(change) {
      state = { ...state, ...change };
      for (const listener of listeners) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
