import { fromHex, type Hex } from "../../protocol/bytes.ts";
import type { Decision } from "../../protocol/decisions/decision.ts";
import { readPairs } from "../../protocol/decisions/kind.ts";
import { type Io, toJson } from "../io.ts";

/** A task's or subject's name: 32 bytes. @throws QuorateError BAD_HEX */
export function parseHash(text: string): Hex {
  fromHex(text, 32);
  return text.toLowerCase() as Hex;
}

/** A decision as people and programs read it. */
export function printDecision({ outcome, ...decision }: Decision, io: Io, json: boolean): void {
  const pairs = outcome && readPairs(outcome);
  if (json) {
    io.out(toJson({ ...decision, outcome: pairs?.map(([subject, value]) => ({ subject, value })) ?? null }));
    return;
  }
  const { kind, task, height, epoch } = decision;
  io.out(`${kind} ${task}, epoch ${epoch}, height ${height}: ${pairs ? "decided" : "undecided"}`);
  for (const [subject, value] of pairs ?? []) io.out(`  ${subject}  ${value}`);
}
