import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { JournalDecoder } from "../../../coordinator/adapters/journal/records.ts";
import type { SignedEntry } from "../../../coordinator/ports/journal.ts";
import { startMiner } from "../federation.ts";
import { LogFollower, type ProcessEvent } from "../log-follower.ts";
import type { Flow } from "./flow.ts";
import { must } from "./scenario.ts";
import { createSignatureBook } from "./signature-book.ts";
import type { Exchange } from "./wire-tap.ts";

const EVENT_TIMEOUT_MS = 90_000;
const POLL_MS = 10;

export function followersOf({ options, federation }: Flow): LogFollower[] {
  const logs = join(options.out, "logs");
  return federation.miners.map((_, index) => new LogFollower(join(logs, `miner-${index + 1}.log`)));
}

/** Index of the first miner that reports `event` for `round`. */
export async function minerThatReports(
  followers: readonly LogFollower[],
  event: string,
  round: number,
): Promise<number> {
  const end = Date.now() + EVENT_TIMEOUT_MS;
  const matches = (entry: ProcessEvent) => entry.event === event && Number(entry.round) === round;
  for (;;) {
    const found = followers.findIndex((follower) => follower.read().some(matches));
    if (found >= 0) return found;
    must(Date.now() < end, `a miner reports ${event} in round ${round}`);
    await sleep(POLL_MS);
  }
}

/** SIGKILL: the process gets no chance to tidy up. */
export async function killMiner({ supervisor }: Flow, index: number): Promise<void> {
  const name = `miner-${index + 1}`;
  supervisor.kill(name, "SIGKILL");
  await supervisor.waitForExit(name);
}

export function restartMiner({ options, supervisor, federation }: Flow, index: number): void {
  startMiner(options, supervisor, federation, index);
}

/** The log of a miner, all its processes one after the other. */
export function logOf({ options }: Flow, index: number): string {
  return readFileSync(join(options.out, "logs", `miner-${index + 1}.log`), "utf8");
}

/** Everything a miner signed, as its journal has it. */
export function journalOf({ options }: Flow, index: number): readonly SignedEntry[] {
  const path = join(options.out, "miners", String(index + 1), "journal.log");
  const entries: SignedEntry[] = [];
  new JournalDecoder(path, ({ entry }) => entries.push(entry)).push(readFileSync(path));
  return entries;
}

/**
 * No miner signed two things for one slot, nor was ever about to.
 * @param exchanges what was seen on the wire
 * @returns messages seen, by where
 */
export async function checkSignatures(
  flow: Flow,
  exchanges: readonly Exchange[] = [],
): Promise<Readonly<Record<string, number>>> {
  const { chain, federation } = flow;
  const { domain } = await chain.federation();
  const keys = new Set(federation.miners.map(({ wallet }) => wallet.address.toLowerCase()));
  const book = createSignatureBook(domain, keys);
  exchanges.forEach(book.wire);
  for (const index of federation.miners.keys()) {
    for (const code of ["DOUBLE_SIGNATURE", "JOURNAL_CORRUPT"])
      must(!logOf(flow, index).includes(code), `miner ${index + 1} never met ${code}`);
    book.journal(journalOf(flow, index));
  }
  await book.chain(chain, await chain.view());
  const doubles = book.doubles();
  must(doubles.length === 0, `no key signed two things for one slot (${doubles.join("; ")})`);
  const { journal = 0, chain: posted = 0 } = book.counts();
  must(posted > 0 && journal > 0, "signatures were seen in journals and on chain");
  return book.counts();
}
