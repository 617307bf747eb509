import { type FileHandle, mkdir, open, readFile, truncate } from "node:fs/promises";
import { dirname } from "node:path";
import type { GasLedger, SentTransaction } from "../../ports/ledger.ts";
import { type Hex, sameHex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { rowFromJson, rowToJson } from "../../protocol/ledger/row.ts";
import { createMemoryLedger } from "./memory-ledger.ts";

/**
 * A gas ledger in an append-only file, one JSON object a line. A last line that a crash cut short is dropped.
 * @throws QuorateError LEDGER_CORRUPT, LEDGER_UNWRITABLE
 */
export async function openFileLedger(path: string): Promise<GasLedger> {
  const memory = createMemoryLedger();
  let length = await replay(path, memory);
  const file = await openForAppend(path);
  let queue = Promise.resolve();
  let unusable = false;

  const write = async (line: object): Promise<void> => {
    if (unusable) throw unwritable(path, new Error("an earlier write failed and could not be taken back"));
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    try {
      await file.appendFile(bytes);
      await file.datasync();
      length += bytes.length;
    } catch (error) {
      // A part of a line may stand there. If it can't be taken back, the next start drops it.
      await file.truncate(length).catch(() => {
        unusable = true;
      });
      throw unwritable(path, error as Error);
    }
  };

  /** Appends a change, if it is one, then applies it in memory: what is not on disk is not known. One at a time, in order. */
  const append = (line: object, isNew: () => boolean, apply: () => Promise<void>): Promise<void> => {
    const next = queue.then(async () => {
      if (!isNew()) return;
      await write(line);
      await apply();
    });
    queue = next.catch(() => undefined);
    return next;
  };
  const isPending = (hash: Hex) => memory.pending().some((sent) => sameHex(sent.hash, hash));
  const isMined = (hash: Hex) => memory.rows().some((row) => sameHex(row.hash, hash));

  return {
    sent: (transaction) =>
      append(
        { sent: sentToJson(transaction) },
        () => !isPending(transaction.hash) && !isMined(transaction.hash),
        () => memory.sent(transaction),
      ),
    mined: (row) =>
      append(
        { mined: rowToJson(row) },
        () => isPending(row.hash) || !isMined(row.hash),
        () => memory.mined(row),
      ),
    dropped: (hash) =>
      append(
        { dropped: hash },
        () => isPending(hash),
        () => memory.dropped(hash),
      ),
    pending: () => memory.pending(),
    rows: () => memory.rows(),
    async close() {
      await queue;
      await file.close();
    },
  };
}

/** Resolves with the bytes of the lines that count. */
async function replay(path: string, ledger: GasLedger): Promise<number> {
  const text = await readFile(path, "utf8").catch((error) => {
    if (error.code === "ENOENT") return "";
    throw unwritable(path, error);
  });
  const end = text.lastIndexOf("\n") + 1;
  const length = Buffer.byteLength(text.slice(0, end));
  if (end < text.length) await truncate(path, length);
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
  return length;
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
