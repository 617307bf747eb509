import { appendFileSync, existsSync, readFileSync, statSync, truncateSync } from "node:fs";
import type { Contradiction, EvidenceBook, Sighting } from "../../ports/evidence.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import {
  contradict,
  type OnceKind,
  type SignedOnce,
  slotOfOnce,
} from "../../protocol/faults/contradiction.ts";
import { messageFromJson, messageToJson } from "../../protocol/round/message-json.ts";

/** Rounds whose messages are held; those that can still be contested are fewer. */
const ROUNDS_HELD = 64;
/** A withheld-no, the yes that replaced it, and the one that contradicts either. More prove nothing more. */
const MOST_PER_SLOT = 3;

/** Holds messages in memory and, in a file if it is given one, contradictions: what a restart must not forget. */
export function openEvidence(path?: string): EvidenceBook {
  /** By opening hash, then by signer and slot. */
  const rounds = new Map<string, Map<string, Sighting[]>>();
  const contradictions = new Map<string, Contradiction>();
  if (path) dropTornLine(path);
  for (const line of path ? linesOf(path) : []) {
    const found = contradictionOf(line);
    if (found) contradictions.set(slotKey(found.signer, found.first), found);
  }

  return {
    note(sighting) {
      const { signer, signed } = sighting;
      const opening = signed.message.openingHash.toLowerCase();
      const slots = rounds.get(opening) ?? new Map<string, Sighting[]>();
      rounds.set(opening, slots);
      if (rounds.size > ROUNDS_HELD) rounds.delete(rounds.keys().next().value!);
      const key = slotKey(signer, signed);
      const seen = slots.get(key) ?? [];
      if (seen.some((other) => isSame(other.signed, signed)) || seen.length >= MOST_PER_SLOT) return;
      slots.set(key, [...seen, sighting]);
      const against = seen.find((other) => contradict(other.signed, signed));
      if (!against || contradictions.has(key)) return;
      const found = { signer, first: against.signed, second: signed };
      contradictions.set(key, found);
      if (path) keep(path, found);
    },
    contradictions: () => [...contradictions.values()],
    sightings: (openingHash) => [...(rounds.get(openingHash.toLowerCase())?.values() ?? [])].flat(),
  };
}

/**
 * Contradictions, one a line, oldest first. A line that is none is passed over: what a crash or a full disk left there must
 * not hide the others.
 * @throws QuorateError EVIDENCE_MALFORMED if no line is one
 */
export function readEvidence(path: string): readonly Contradiction[] {
  const lines = linesOf(path);
  const found = lines.flatMap((line) => contradictionOf(line) ?? []);
  if (lines.length === 0 || found.length > 0) return found;
  throw new QuorateError("EVIDENCE_MALFORMED", `${path}: no line of it is a pair of signed messages`, {
    path,
  });
}

/** Whole lines only: a crash may cut the last one short. */
function linesOf(path: string): readonly string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
}

function contradictionOf(line: string): Contradiction | undefined {
  try {
    const { signer, first, second } = JSON.parse(line);
    return { signer, first: signedFromJson(first), second: signedFromJson(second) };
  } catch {
    return undefined;
  }
}

/** What a crash cut short must not run into the next line. */
function dropTornLine(path: string): void {
  if (!existsSync(path)) return;
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) truncateSync(path, end);
}

/** A full disk costs the memory of it, not the node; a part of a line that it did take is taken back. */
function keep(path: string, { signer, first, second }: Contradiction): void {
  const line = JSON.stringify({ signer, first: signedToJson(first), second: signedToJson(second) });
  try {
    const length = existsSync(path) ? statSync(path).size : 0;
    try {
      appendFileSync(path, `${line}\n`, { mode: 0o600 });
    } catch {
      truncateSync(path, length);
    }
  } catch {}
}

function signedToJson({ kind, message, signature }: SignedOnce) {
  return { kind, message: messageToJson(kind, message), signature };
}

function signedFromJson(json: {
  kind: OnceKind;
  message: Record<string, unknown>;
  signature: Hex;
}): SignedOnce {
  const { kind, message, signature } = json;
  if (!["Candidate", "Manifest", "Vote"].includes(kind)) throw new Error(`kind ${kind} is unknown`);
  if (!/^0x[0-9a-fA-F]{128}$/.test(signature)) throw new Error("a signature has 64 bytes");
  return { kind, message: messageFromJson(kind, message), signature } as SignedOnce;
}

function slotKey(signer: Hex, signed: SignedOnce): string {
  return `${signer.toLowerCase()} ${slotOfOnce(signed)}`;
}

function isSame(a: SignedOnce, b: SignedOnce): boolean {
  return (
    JSON.stringify(messageToJson(a.kind, a.message)) === JSON.stringify(messageToJson(b.kind, b.message))
  );
}
