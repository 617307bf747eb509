import { type Hex, ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import type { Application } from "../../coordinator/protocol/praft/application.ts";
import { clientOf } from "../../coordinator/protocol/praft/bundles.ts";
import type { Committee } from "../../coordinator/protocol/praft/config.ts";
import type { Effect } from "../../coordinator/protocol/praft/effects.ts";
import type { Env, Limits } from "../../coordinator/protocol/praft/env.ts";
import type { Message } from "../../coordinator/protocol/praft/messages.ts";
import { recover } from "../../coordinator/protocol/praft/recovery.ts";
import { createState, type State } from "../../coordinator/protocol/praft/state.ts";
import { hashOf, keyOf, testScheme } from "../protocol/praft/fixtures.ts";
import type { Chance } from "./agenda.ts";
import { tear } from "./disk.ts";

/**
 * Twins are two nodes of one identity; a script leads, votes and gives up as it likes; the amnesiac's disk loses what it
 * confirmed; the learner's disk is seen to be damaged, so it signs nothing until it is safe to. All of them count as faulty.
 */
export type Role = "member" | "twin" | "script" | "amnesiac" | "learner";

/** `most` members of one kind of fault, or of none. */
export function castRoles(chance: Chance, most: number): Role[] {
  const roles: Role[] = ["member", "twin", "script", "script", "amnesiac", "amnesiac", "learner", "learner"];
  return new Array<Role>(most).fill(roles[chance(roles.length)]!);
}

/** A record, or a compaction, which stands for all before it. */
export type Written = Extract<Effect, { readonly kind: "persist" | "compact" }>;

/** A replica with its disk and clock. */
export interface Node {
  readonly index: number;
  readonly role: Role;
  /** Never signs two statements that conflict. */
  readonly honest: boolean;
  readonly env: Env;
  state: State;
  log: Message[];
  /** What this node's disk has confirmed, ever. */
  readonly stored: WeakSet<Message>;
  unflushed: Written[];
  waiting: Effect[];
  durable: number;
  alive: boolean;
  /** Goes down in its next write. */
  doomed: boolean;
  /** Its log was damaged at some time. */
  flagged: boolean;
  life: number;
  /** Milliseconds the clock is ahead, and each message to it is late. */
  skew: number;
  lag: number;
  /** The highest commit told. */
  told: number;
}

const LIMITS = {
  timeoutFloor: 200,
  timeoutCeiling: 3_200,
  timeoutFactor: 4,
  bundlesPerBlock: 4,
  bytesPerBlock: 2 ** 20,
  maxPending: 1_000,
  maxPendingPerClient: 100,
  maxPendingBytes: 2 ** 20,
  checkpointEvery: 8,
  joinPatience: Number.MAX_SAFE_INTEGER / 2,
  skipViews: 6,
  maxClients: 3,
  compactBlocks: 16,
  compactBytes: 2 ** 20,
};

/** The order of all that was executed, as a state of its own. */
const application: Application<{ root: string }> = {
  create: () => ({ root: "" }),
  apply(state, { height }, fresh) {
    const names = fresh.map((bundle) => `${clientOf(bundle)}:${bundle.sequence}`).join();
    state.root = hashOf(`${state.root}${height}${names}`);
    return state;
  },
  stateRoot: ({ root }) => (root || ZERO_HASH) as Hex,
  decisionsRoot: () => ZERO_HASH,
  decided: () => [],
  encode: ({ root }) => new TextEncoder().encode(root),
  decode: (bytes) => ({ root: new TextDecoder().decode(bytes) }),
};

/** For those whose history is to be looked at from the first block on. */
export const ARCHIVE: Partial<Limits> = { compactBlocks: 1_000_000 };

export function createNode(
  committee: Committee,
  index: number,
  role: Role,
  limits: Partial<Limits> = {},
): Node {
  const env: Env = {
    scheme: testScheme,
    id: `m${index}`,
    secretKey: keyOf(index),
    limits: { ...LIMITS, ...limits },
    application,
  };
  return {
    index,
    role,
    honest: role === "member" || role === "learner",
    env,
    state: createState(committee, env),
    log: [],
    stored: new WeakSet(),
    unflushed: [],
    waiting: [],
    durable: 0,
    alive: true,
    doomed: false,
    flagged: false,
    life: 0,
    skew: 0,
    lag: 0,
    told: 0,
  };
}

/** A crash cuts the last write somewhere: the records before that may have reached the disk, though nobody was told. */
export function crash(node: Node, chance: Chance): { readonly torn: boolean } {
  node.alive = false;
  node.doomed = false;
  node.life++;
  // A compaction writes another file, which takes its place whole or not at all.
  const at = node.unflushed.findLastIndex(({ kind }) => kind === "compact");
  const done = at >= 0 && chance(2) === 0 ? at + 1 : 0;
  const rest = node.unflushed.slice(done, done === 0 && at >= 0 ? at : undefined);
  const { whole, torn } = tear(
    rest.flatMap((effect) => (effect.kind === "persist" ? [effect.record] : [])),
    chance,
  );
  store(node, [...node.unflushed.slice(0, done), ...rest.slice(0, whole)]);
  node.unflushed = [];
  node.waiting = [];
  return { torn };
}

export function store(node: Node, written: readonly Written[]): void {
  for (const effect of written) {
    if (effect.kind === "compact") node.log = [...effect.records];
    else {
      node.log.push(effect.record);
      node.stored.add(effect.record);
    }
  }
}

/** Starts again from the log: the newest `lost` records are gone, unnoticed; or it is `damaged`, and known to be. */
export function restart(
  node: Node,
  committee: Committee,
  { lost, damaged }: { readonly lost: number; readonly damaged: boolean },
): readonly Effect[] {
  node.log.length = damaged ? 0 : node.log.length - Math.min(lost, node.log.length);
  node.flagged ||= damaged;
  // Who starts it leaves the flag in place until the log says itself that it was damaged.
  const { state, effects } = recover(committee, node.env, node.log, node.flagged && node.log.length === 0);
  node.state = state;
  node.alive = true;
  node.durable = 0;
  return effects;
}
