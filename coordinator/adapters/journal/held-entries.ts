import { readSync } from "node:fs";
import type { SignedEntry } from "../../ports/journal.ts";
import { type Hex, sameHex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { roundOfSlot } from "./slots.ts";

/** JSON of the newest entries that stays in memory, bytes: several full rounds. */
const RECENT_BYTES = 64 * 2 ** 20;

/** A record's JSON in the file, bytes. */
export interface Place {
  readonly at: number;
  readonly length: number;
}

interface Held extends Place {
  readonly digest: Hex;
}

/**
 * The entries of a journal's file: of all of them slot, digest and place, so that none is signed against; the newest whole.
 * An older one is read from the file by whoever asks for it.
 */
export class HeldEntries {
  private readonly bySlot = new Map<string, Held>();
  private readonly byRound = new Map<string, string[]>();
  private readonly recent = new Map<string, SignedEntry>();
  private recentLength = 0;
  private readonly file: { readonly fd: number; readonly path: string };
  private readonly most: number;

  constructor(file: { readonly fd: number; readonly path: string }, most = RECENT_BYTES) {
    this.file = file;
    this.most = most;
  }

  get size(): number {
    return this.bySlot.size;
  }

  /** Takes an entry that stands in the file; the newest of a slot counts. */
  add(entry: SignedEntry, { at, length }: Place): void {
    const { slot, digest } = entry;
    const round = roundOfSlot(slot);
    const known = this.bySlot.has(slot);
    this.forget(slot);
    this.bySlot.set(slot, { digest, at, length });
    if (!known) this.slotsOf(round).push(slot);
    this.recent.set(slot, entry);
    this.recentLength += length;
    for (const oldest of this.recent.keys()) {
      if (this.recentLength <= this.most) break;
      this.forget(oldest);
    }
  }

  digestOf(slot: string): Hex | undefined {
    return this.bySlot.get(slot)?.digest;
  }

  /** @throws QuorateError JOURNAL_CORRUPT if the file no longer holds what it held */
  of(slot: string): SignedEntry | undefined {
    const held = this.bySlot.get(slot);
    return held && (this.recent.get(slot) ?? this.read(slot, held));
  }

  /** Of one round, oldest first. @throws QuorateError JOURNAL_CORRUPT */
  ofRound(round: bigint): SignedEntry[] {
    return (this.byRound.get(String(round)) ?? []).map((slot) => this.of(slot)!);
  }

  private slotsOf(round: string): string[] {
    const slots = this.byRound.get(round) ?? [];
    if (slots.length === 0) this.byRound.set(round, slots);
    return slots;
  }

  private forget(slot: string): void {
    if (this.recent.delete(slot)) this.recentLength -= this.bySlot.get(slot)!.length;
  }

  private read(slot: string, { digest, at, length }: Held): SignedEntry {
    const { fd, path } = this.file;
    const bytes = Buffer.alloc(length);
    const read = readSync(fd, bytes, 0, length, at);
    const entry = read === length ? parsed(bytes) : undefined;
    if (entry?.slot === slot && sameHex(entry.digest, digest)) return entry;
    throw new QuorateError(
      "JOURNAL_CORRUPT",
      `${path} changed while it was open: the entry of ${slot} is not at byte ${at} any more. Stop the node and restore the file from a copy`,
      { file: path, slot, at },
    );
  }
}

function parsed(bytes: Buffer): SignedEntry | undefined {
  try {
    return JSON.parse(bytes.toString("utf8")) as SignedEntry;
  } catch {
    return undefined;
  }
}
