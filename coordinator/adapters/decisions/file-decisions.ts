import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { DecisionStore } from "../../ports/decision-store.ts";
import { fromHex, type Hex, toHex } from "../../protocol/bytes.ts";
import { type Decision, decodeDecision, encodeDecision } from "../../protocol/decisions/decision.ts";
import { QuorateError } from "../../protocol/errors.ts";

/** One decision a line, in hexadecimal, by rising position. */
const FILE = "decisions.hex";
/** Decisions that are found without reading the file. */
const REMEMBERED = 10_000;

/**
 * All decisions in a replica's folder, oldest first; the first may be of a later position than 0 if the replica went on from
 * a snapshot.
 * @throws QuorateError DECISIONS_CORRUPT
 */
export function readDecisions(folder: string): Decision[] {
  return existsSync(join(folder, FILE))
    ? parse(readFileSync(join(folder, FILE), "utf8"), folder).decisions
    : [];
}

/** @throws QuorateError DECISIONS_CORRUPT, DECISIONS_UNWRITABLE */
export function openFileDecisions(folder: string): DecisionStore {
  const path = join(folder, FILE);
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const { decisions, bytes } = parse(text, folder);
  const file = guarded(path, () => {
    const opened = openSync(path, "a+");
    // A torn last line was never whole: the log gives its decision again.
    ftruncateSync(opened, bytes);
    return opened;
  });
  const recent = new Map<Hex, Decision>();
  const remember = (decision: Decision) => {
    recent.set(decision.task, decision);
    if (recent.size > REMEMBERED) recent.delete(recent.keys().next().value!);
  };
  decisions.slice(-REMEMBERED).forEach(remember);
  let next = (decisions.at(-1)?.position ?? -1) + 1;
  return {
    add(decision) {
      if (decision.position < next) return;
      next = decision.position + 1;
      guarded(path, () => writeSync(file, `${toHex(encodeDecision(decision))}\n`));
      remember(decision);
    },
    find: (task) => recent.get(task),
    close: () => closeSync(file),
  };
}

function parse(text: string, folder: string): { decisions: Decision[]; bytes: number } {
  const end = text.lastIndexOf("\n") + 1;
  const lines = text.slice(0, end).split("\n").slice(0, -1);
  try {
    return { decisions: lines.map((line) => decodeDecision(fromHex(line))), bytes: end };
  } catch (cause) {
    throw new QuorateError(
      "DECISIONS_CORRUPT",
      `${join(folder, FILE)} holds a line that is no decision: move it away; the replica writes what its log still has`,
      { folder },
      { cause },
    );
  }
}

function guarded<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (cause) {
    throw new QuorateError(
      "DECISIONS_UNWRITABLE",
      `${path} can't be written: ${(cause as Error).message}`,
      { path },
      { cause },
    );
  }
}
