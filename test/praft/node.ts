import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../../coordinator/protocol/bytes.ts";
import { clientOf } from "../../coordinator/protocol/praft/bundles.ts";
import type { Committee } from "../../coordinator/protocol/praft/config.ts";
import { recover } from "../../coordinator/protocol/praft/recovery.ts";
import { createState, type Effect, type Env, type State } from "../../coordinator/protocol/praft/state.ts";
import type { Message } from "../../coordinator/protocol/praft/types.ts";
import { keyOf, testScheme } from "../protocol/praft/fixtures.ts";
import type { Chance } from "./agenda.ts";

/**
 * Twins are two nodes of one identity; a script leads, votes and gives up as it likes; the amnesiac's disk loses what it
 * confirmed; the learner's disk is seen to be damaged, so it signs nothing for an epoch. All of them count as faulty.
 */
export type Role = "member" | "twin" | "script" | "amnesiac" | "learner";

/** `most` members of one kind of fault, or of none. */
export function castRoles(chance: Chance, most: number): Role[] {
  const roles: Role[] = ["member", "twin", "script", "script", "amnesiac", "learner"];
  return new Array<Role>(most).fill(roles[chance(roles.length)]!);
}

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
  unflushed: Message[];
  waiting: Effect[];
  durable: number;
  alive: boolean;
  life: number;
  /** Milliseconds the clock is ahead, and each message to it is late. */
  skew: number;
  lag: number;
  /** Last executed sequence by client, and the highest commit told, as a client saw them. */
  executed: Map<string, number>;
  told: number;
}

const LIMITS = {
  timeoutFloor: 200,
  timeoutCeiling: 3_200,
  timeoutFactor: 4,
  bundlesPerBlock: 4,
  maxPending: 1_000,
  checkpointEvery: 8,
  skipViews: 6,
};

export function createNode(committee: Committee, index: number, role: Role): Node {
  const env: Env = {
    scheme: testScheme,
    id: `m${index}`,
    secretKey: keyOf(index),
    limits: LIMITS,
    apply: (root, block, fresh) => {
      const names = fresh.map((bundle) => `${clientOf(bundle)}:${bundle.sequence}`).join();
      return toHex(sha256(new TextEncoder().encode(`${root}${block.height}${names}`)));
    },
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
    life: 0,
    skew: 0,
    lag: 0,
    executed: new Map(),
    told: 0,
  };
}

/** What was not flushed is lost, from some record on: the first of them may have reached the disk unconfirmed. */
export function crash(node: Node, chance: Chance): void {
  node.alive = false;
  node.life++;
  store(node, node.unflushed.slice(0, chance(node.unflushed.length + 1)));
  node.unflushed = [];
  node.waiting = [];
}

export function store(node: Node, records: readonly Message[]): void {
  node.log.push(...records);
  for (const record of records) node.stored.add(record);
}

/** Starts again from the log; `lost` records of its end are gone, unnoticed by all but a learner. */
export function restart(node: Node, committee: Committee, lost: number): readonly Effect[] {
  node.log.length -= Math.min(lost, node.log.length);
  const { state, effects } = recover(committee, node.env, node.log, node.role === "learner" && lost > 0);
  node.state = state;
  node.alive = true;
  node.durable = 0;
  node.executed = new Map();
  return effects;
}
