import type { Hex } from "../protocol/bytes.ts";
import { referenceOf, type SignedUpdate, updatesHash } from "../protocol/round/references.ts";
import { nextTurn } from "./concurrency.ts";
import { UPDATES_PER_CLIENT } from "./update-pool.ts";

/** Subjects made between two turns of the event loop: each takes two hashes, and a list has up to 4,096 entries. */
const AT_ONCE = 64;

/** An update's name in ballots: it binds client, model, samples and signature. */
export function subjectOf(signed: SignedUpdate): Hex {
  return updatesHash([referenceOf(signed)]);
}

/** A miner's list by subject. Of entries with one subject the first counts: all but one are forged. */
export async function bySubject(updates: readonly SignedUpdate[]): Promise<Map<Hex, SignedUpdate>> {
  const found = new Map<Hex, SignedUpdate>();
  for (const [index, signed] of updates.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await nextTurn();
    const subject = subjectOf(signed);
    if (!found.has(subject)) found.set(subject, signed);
  }
  return found;
}

/** What is missing of a miner's list: with what is held, as many of each client as a miner takes from the client itself. */
export function fewPerClient(
  held: readonly SignedUpdate[],
  offered: readonly SignedUpdate[],
): SignedUpdate[] {
  const taken = new Map<string, Set<string>>();
  const own = new Set(held.map(nameOf));
  return [...held, ...offered].filter((signed, index) => {
    const name = nameOf(signed);
    const client = signed.client.toLowerCase();
    const names = taken.get(client) ?? new Set();
    const isNew = !names.has(name);
    taken.set(client, names.add(name));
    return index >= held.length && isNew && !own.has(name) && names.size <= UPDATES_PER_CLIENT;
  });
}

function nameOf({ client, update, signature }: SignedUpdate): string {
  return [client, update.modelRoot, update.modelCid, update.sampleCount, signature].join().toLowerCase();
}
