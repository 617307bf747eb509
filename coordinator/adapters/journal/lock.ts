import { readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { QuorateError } from "../../protocol/errors.ts";

/** SQLite's result code SQLITE_BUSY. */
const BUSY = 5;

/**
 * Takes a lock that the operating system gives back when the process ends, however it ends. Node has no call for
 * such locks, its SQLite does: an exclusive transaction on an empty database. A file with a process id in it would
 * not do: two nodes that find a stale one at the same time can both believe that they replaced it.
 * @param file the lock; the process id goes into `file.pid`, for the message to others alone
 * @returns a function that gives it back
 * @throws QuorateError JOURNAL_LOCKED
 */
export function takeLock(file: string): () => void {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode !== BUSY) throw error;
    const pid = holderOf(file);
    throw new QuorateError(
      "JOURNAL_LOCKED",
      `${file} is held by process ${pid ?? "(unknown)"}: two nodes with one key would sign against each other; ` +
        "stop that process first",
      { file, pid },
    );
  }
  writeFileSync(`${file}.pid`, `${process.pid}\n`);
  return () => database.close();
}

function holderOf(file: string): number | undefined {
  try {
    return Number(readFileSync(`${file}.pid`, "utf8")) || undefined;
  } catch {
    return undefined;
  }
}
