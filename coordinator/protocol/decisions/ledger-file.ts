import { utf8ToBytes } from "@noble/hashes/utils.js";
import type { Hex } from "../bytes.ts";
import { QuorateError } from "../errors.ts";
import { type Reader, Writer } from "../praft/codec.ts";
import { readAll } from "./kind.ts";
import { addBallot, addTask, emptyLedger, type Ledger, newTask, type OpenTask } from "./open-tasks.ts";
import { decodeOperation, encodeBallot, encodeOpen } from "./operations.ts";

const MAX_COUNT = 2 ** 32 - 1;
const MAX_BYTES = 2 ** 20;
/** Credits may be negative; on disk they are not. */
const CREDIT_ZERO = 2 ** 52;

/** Version 1: root, tree, open tasks with their ballots, accounts; each in the order the log gave them. */
export function saveLedger({ root, tree, tasks, credits }: Ledger): Uint8Array {
  const writer = new Writer().u8(1).hash(root).u64(tree.count).u32(tree.peaks.length);
  for (const peak of tree.peaks) writer.hash(peak);
  writer.u32(tasks.size);
  for (const task of tasks.values()) writeTask(writer, task);
  writer.u32(credits.size);
  for (const [series, accounts] of credits) {
    writer.hash(series).u32(accounts.size);
    for (const [subject, credit] of accounts) writer.hash(subject).u64(credit + CREDIT_ZERO);
  }
  return writer.done();
}

/** @throws QuorateError LEDGER_VERSION, LEDGER_CONTENT, PRAFT_TRUNCATED, PRAFT_LIMIT, PRAFT_TRAILING */
export function loadLedger(bytes: Uint8Array): Ledger {
  return readAll(bytes, (reader) => {
    const version = reader.u8();
    if (version !== 1)
      throw new QuorateError("LEDGER_VERSION", `ledger version ${version} is unknown`, { version });
    const ledger = emptyLedger();
    ledger.root = reader.hash();
    ledger.tree.count = reader.u64();
    each(reader, () => ledger.tree.peaks.push(reader.hash()));
    each(reader, () => addTask(ledger, readTask(reader)));
    each(reader, () => {
      const accounts = new Map<Hex, number>();
      ledger.credits.set(reader.hash(), accounts);
      each(reader, () => accounts.set(reader.hash(), reader.u64() - CREDIT_ZERO));
    });
    return ledger;
  });
}

function writeTask(writer: Writer, { id, open, client, ballots }: OpenTask): void {
  writer.hash(id).bytes(encodeOpen(open)).bytes(utf8ToBytes(client)).u32(ballots.size);
  for (const ballot of ballots.values()) writer.bytes(encodeBallot(ballot));
}

function readTask(reader: Reader): OpenTask {
  const id = reader.hash();
  const open = decodeOperation(reader.bytes("task", MAX_BYTES));
  const client = new TextDecoder().decode(reader.bytes("client", MAX_BYTES));
  const task = open?.operation === "open" ? newTask(id, open, client) : undefined;
  if (!task) throw malformed(`task ${id} is no task`);
  each(reader, () => {
    const ballot = decodeOperation(reader.bytes("ballot", MAX_BYTES));
    if (ballot?.operation !== "ballot") throw malformed(`a ballot of task ${id} is no ballot`);
    addBallot(task, ballot);
  });
  return task;
}

function each(reader: Reader, read: () => void): void {
  for (let left = reader.count("items", MAX_COUNT); left > 0; left--) read();
}

function malformed(why: string): QuorateError {
  return new QuorateError("LEDGER_CONTENT", why);
}
