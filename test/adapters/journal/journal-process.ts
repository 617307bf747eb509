// Opens a journal in a process of its own and appends until it is killed; prints each slot once it is appended.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { openFileJournal } from "../../../coordinator/adapters/journal/file-journal.ts";
import { journalEntry } from "../../ports/journal.suite.ts";

/** Starts the process; its output is one slot per line. */
export function startJournalProcess(folder: string): ChildProcess {
  return spawn(process.execPath, [fileURLToPath(import.meta.url), folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const journal = await openFileJournal(process.argv[2]!);
  for (let i = 0; ; i++) {
    await journal.append(journalEntry(`1:slot ${i}`));
    process.stdout.write(`1:slot ${i}\n`);
  }
}
