import { type FileHandle, mkdir, open, readFile, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import type { GasLedger, SentTransaction } from "../../ports/ledger.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { rowFromJson, rowToJson } from "../../protocol/ledger/row.ts";
import { createMemoryLedger } from "./memory-ledger.ts";

/**
 * A gas ledger in an append-only file, one JSON object a line. A last line that a crash cut short is dropped.
 * @throws QuorateError LEDGER_CORRUPT, LEDGER_UNWRITABLE
 */
export async function openFileLedger(path: string): Promise<GasLedger> {
  const memory = createMemoryLedger();
  await replay(path, memory);
  const file = await openForAppend(path);
  let queue = Promise.resolve();

  /** Applies a change in memory and, if it changed anything, appends it; one at a time, in order. */
  const append = (line: object, apply: () => Promise<void>): Promise<void> => {
    const next = queue.then(async () => {
      const before = sizeOf(memory);
      await apply();
      if (sizeOf(memory) === before) return;
      await file.appendFile(`${JSON.stringify(line)}\n`).catch((error) => {
        throw unwritable(path, error);
      });
      await file.datasync();
    });
    queue = next.catch(() => undefined);
    return next;
  };

  return {
    sent: (transaction) => append({ sent: sentToJson(transaction) }, () => memory.sent(transaction)),
    mined: (row) => append({ mined: rowToJson(row) }, () => memory.mined(row)),
    dropped: (hash) => append({ dropped: hash }, () => memory.dropped(hash)),
    pending: () => memory.pending(),
    rows: () => memory.rows(),
    async close() {
      await queue;
      await file.close();
    },
  };
}

function sizeOf(ledger: GasLedger): string {
  return `${ledger.pending().length}/${ledger.rows().length}`;
}

async function replay(path: string, ledger: GasLedger): Promise<void> {
  const text = await readFile(path, "utf8").catch((error) => {
    if (error.code === "ENOENT") return "";
    throw unwritable(path, error);
  });
  const end = text.lastIndexOf("\n") + 1;
  if (end < text.length) await truncate(path, Buffer.byteLength(text.slice(0, end)));
  for (const [index, line] of text.slice(0, end).split("\n").slice(0, -1).entries()) {
    try {
      const entry = JSON.parse(line);
      if (entry.sent) await ledger.sent(sentFromJson(entry.sent));
      else if (entry.mined) await ledger.mined(rowFromJson(entry.mined));
      else await ledger.dropped(entry.dropped);
    } catch (error) {
      throw new QuorateError(
        "LEDGER_CORRUPT",
        `${path} line ${index + 1} is not a ledger entry; move the file away`,
        { path, line: index + 1 },
        { cause: error },
      );
    }
  }
}

async function openForAppend(path: string): Promise<FileHandle> {
  try {
    await mkdir(dirname(path), { recursive: true });
    return await open(path, "a", 0o600);
  } catch (error) {
    throw unwritable(path, error as Error);
  }
}

function unwritable(path: string, cause: Error): QuorateError {
  return new QuorateError(
    "LEDGER_UNWRITABLE",
    `cannot write the gas ledger ${path}: ${cause.message}; check the folder's owner and free space`,
    { path },
    { cause },
  );
}

function sentToJson(transaction: SentTransaction): Record<string, unknown> {
  const { hash, round, phase, actor, method, gasLimit, raw } = transaction;
  return {
    hash,
    round: round === null ? null : String(round),
    phase,
    actor,
    method,
    gasLimit: String(gasLimit),
    ...(raw && { raw }),
  };
}

function sentFromJson(json: Record<string, unknown>): SentTransaction {
  const unknown = { gasUsed: "0", effectiveGasPrice: "0", fee: "0", block: 0, time: 0, status: "success" };
  const { hash, round, phase, actor, method, gasLimit } = rowFromJson({ ...unknown, ...json });
  const raw = json.raw === undefined ? {} : { raw: rawFromJson(json.raw) };
  return { hash, round, phase, actor, method, gasLimit, ...raw };
}

function rawFromJson(raw: unknown): Hex {
  if (typeof raw === "string" && /^0x([0-9a-f]{2})+$/.test(raw)) return raw as Hex;
  throw new QuorateError("LEDGER_MALFORMED", `a sent transaction is no hexadecimal: ${String(raw)}`, {
    field: "raw",
  });
}
