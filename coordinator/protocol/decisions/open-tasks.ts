import { type Hex, ZERO_HASH } from "../bytes.ts";
import { isQuorateError } from "../errors.ts";
import type { Decision } from "./decision.ts";
import type { Kind } from "./kind.ts";
import { kindOf } from "./kinds.ts";
import type { Ballot, Open } from "./operations.ts";
import { emptyTree, type Tree } from "./tree.ts";

export interface OpenTask {
  readonly id: Hex;
  readonly open: Open;
  /** Who opened it: a client's key. */
  readonly client: string;
  readonly kind: Kind;
  /** As the kind reads them. */
  readonly parameters: unknown;
  /** In the order of the log; the first of a member on a subject counts. Keys are signer and subject. */
  readonly ballots: Map<string, Ballot>;
  /** By member. */
  readonly counts: number[];
}

/** What ordered operations lead to. Plain data, changed in place. */
export interface Ledger {
  root: Hex;
  /** By id, in the order of their opening. */
  readonly tasks: Map<Hex, OpenTask>;
  /** Ids by the height they close at. */
  readonly due: Map<number, Hex[]>;
  /** How many tasks a client has open. */
  readonly openBy: Map<string, number>;
  /** By series and subject, in millionths of a unit. */
  readonly credits: Map<Hex, Map<Hex, number>>;
  readonly tree: Tree;
  /** By the newest block. */
  decided: readonly Decision[];
}

export function emptyLedger(): Ledger {
  return {
    root: ZERO_HASH,
    tasks: new Map(),
    due: new Map(),
    openBy: new Map(),
    credits: new Map(),
    tree: emptyTree(),
    decided: [],
  };
}

/** Undefined if kind or parameters are not known. */
export function newTask(id: Hex, open: Open, client: string): OpenTask | undefined {
  const kind = kindOf(open.kind);
  if (!kind) return undefined;
  try {
    return { id, open, client, kind, parameters: kind.read(open.parameters), ballots: new Map(), counts: [] };
  } catch (error) {
    if (!isQuorateError(error)) throw error;
    return undefined;
  }
}

export function addTask({ tasks, due, openBy }: Ledger, task: OpenTask): void {
  const { closeHeight } = task.open;
  tasks.set(task.id, task);
  due.set(closeHeight, [...(due.get(closeHeight) ?? []), task.id]);
  openBy.set(task.client, (openBy.get(task.client) ?? 0) + 1);
}

export function addBallot(task: OpenTask, ballot: Ballot): void {
  task.ballots.set(ballotKey(ballot), ballot);
  task.counts[ballot.signer] = (task.counts[ballot.signer] ?? 0) + 1;
}

/** One ballot of a member on a subject counts. */
export function ballotKey({ signer, subject }: Ballot): string {
  return `${signer}:${subject}`;
}
