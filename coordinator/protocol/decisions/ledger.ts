import { type Hex, ZERO_HASH } from "../bytes.ts";
import type { Application } from "../praft/application.ts";
import { clientOf, orderRoot } from "../praft/bundles.ts";
import type { Signatures } from "../praft/certificates.ts";
import type { Committee } from "../praft/config.ts";
import type { Block, Bundle } from "../praft/types.ts";
import { type Decision, encodeDecision, leafOf } from "./decision.ts";
import { MAX_OUTCOME } from "./kind.ts";
import { loadLedger, saveLedger } from "./ledger-file.ts";
import {
  addBallot,
  addTask,
  ballotKey,
  emptyLedger,
  type Ledger,
  newTask,
  type OpenTask,
} from "./open-tasks.ts";
import { type Ballot, ballotDigest, FULL, type Open, taskId, tryDecode } from "./operations.ts";
import { append, rootOf } from "./tree.ts";

/** Tasks open at once, of all clients and of one: what a client can make the members remember. */
const MAX_TASKS = 16_384;
const MAX_TASKS_OF_CLIENT = 1_024;
/** Furthest a task's end may lie ahead, in heights. */
export const MAX_HEIGHTS = 100_000;
/** Series whose accounts are kept; the oldest go first. */
const MAX_SERIES = 1_024;

/** One committed block on its way through. */
interface Turn {
  readonly ledger: Ledger;
  readonly scheme: Signatures;
  readonly committee: Committee;
  readonly height: number;
}

/** The deciding layer: what committed operations open, vote and decide. */
export function createLedger(scheme: Signatures): Application<Ledger> {
  return {
    create: emptyLedger,
    apply(ledger, block, fresh, committee) {
      const turn: Turn = { ledger, scheme, committee, height: block.height };
      ledger.root = orderRoot(ledger.root, block, fresh);
      for (const bundle of fresh) for (const operation of bundle.operations) take(turn, bundle, operation);
      ledger.decided = close(turn, block);
      return ledger;
    },
    stateRoot: ({ root }) => root,
    decisionsRoot: ({ tree }) => rootOf(tree),
    decided: ({ decided }) => decided.map(encodeDecision),
    encode: saveLedger,
    decode: loadLedger,
  };
}

/** True while a task is open, or something decided is not under a certified checkpoint: both wait for a height to come. */
export function awaitsHeight(application: unknown, certifiedRoot: Hex): boolean {
  const { tasks, tree } = application as Ledger;
  return tasks.size > 0 || (tree.count > 0 && rootOf(tree) !== certifiedRoot);
}

/** What is malformed, late or not allowed changes nothing, at every member alike. */
function take(turn: Turn, bundle: Bundle, bytes: Uint8Array): void {
  const operation = tryDecode(bytes);
  if (operation?.operation === "open") openTask(turn, clientOf(bundle), operation);
  else if (operation?.operation === "ballot") count(turn, bundle, operation);
}

function openTask({ ledger, committee, height }: Turn, client: string, open: Open): void {
  if (open.closeHeight < height || open.closeHeight > height + MAX_HEIGHTS) return;
  const id = taskId(committee, open);
  const { tasks, openBy } = ledger;
  if (tasks.has(id) || tasks.size >= MAX_TASKS || (openBy.get(client) ?? 0) >= MAX_TASKS_OF_CLIENT) return;
  const task = newTask(id, open, client);
  if (task) addTask(ledger, task);
}

function count({ ledger, scheme, committee }: Turn, bundle: Bundle, ballot: Ballot): void {
  const { signer, subject, score, confidence, signature } = ballot;
  const task = ledger.tasks.get(ballot.task);
  const member = committee.members[signer];
  if (!task || !member || confidence > FULL || !task.kind.accepts(task.parameters, subject, score)) return;
  if ((task.counts[signer] ?? 0) >= MAX_OUTCOME || task.ballots.has(ballotKey(ballot))) return;
  // A bundle signed by the vote key itself signs its ballots: one signature for hundreds of them.
  const signed =
    signature.length === 0
      ? clientOf(bundle) === clientOf({ clientKey: member.voteKey })
      : scheme.verify(member.voteKey, ballotDigest(committee, ballot), signature);
  if (signed) addBallot(task, ballot);
}

/** Tasks end at their height, or with their epoch: ballots and weights are of one committee. */
function close(turn: Turn, { height, nextConfigHash }: Block): Decision[] {
  const { ledger } = turn;
  const ids = nextConfigHash === ZERO_HASH ? (ledger.due.get(height) ?? []) : [...ledger.tasks.keys()];
  if (nextConfigHash === ZERO_HASH) ledger.due.delete(height);
  else ledger.due.clear();
  return ids.map((id) => {
    const task = ledger.tasks.get(id)!;
    removeTask(ledger, task);
    const decision = decide(turn, task);
    append(ledger.tree, leafOf(decision));
    return decision;
  });
}

function removeTask({ tasks, openBy }: Ledger, { id, client }: OpenTask): void {
  tasks.delete(id);
  const left = openBy.get(client)! - 1;
  if (left > 0) openBy.set(client, left);
  else openBy.delete(client);
}

function decide({ ledger, committee, height }: Turn, { id, kind, parameters, ballots }: OpenTask): Decision {
  const bySubject = new Map<Hex, Ballot[]>();
  for (const ballot of ballots.values()) {
    const others = bySubject.get(ballot.subject);
    if (others) others.push(ballot);
    else bySubject.set(ballot.subject, [ballot]);
  }
  const credits = (series: Hex) => accountsOf(ledger, series);
  const outcome = kind.decide(parameters, { committee, task: id, bySubject, credits });
  return { position: ledger.tree.count, epoch: committee.epoch, height, task: id, kind: kind.name, outcome };
}

function accountsOf({ credits }: Ledger, series: Hex): Map<Hex, number> {
  let accounts = credits.get(series);
  if (!accounts) {
    accounts = new Map();
    credits.set(series, accounts);
    if (credits.size > MAX_SERIES) credits.delete(credits.keys().next().value!);
  }
  return accounts;
}
