import type { Hex } from "../bytes.ts";
import type { ChainEvent, EventName } from "../views/events.ts";
import { type LedgerRow, phaseOfMethod } from "./row.ts";

/** What is kept of a transaction's events to tell what it was for. */
export interface TransactionTrace {
  readonly hash: Hex;
  /** Block time, seconds. */
  readonly time: number;
  readonly events: readonly {
    readonly name: EventName;
    readonly round: bigint | null;
    readonly settlement: bigint | null;
  }[];
}

/** What was called: null if the transaction reached the contracts through another one or deployed one. */
export interface ContractCall {
  readonly method: string;
  /** The argument `round`, if there is one. */
  readonly round: bigint | null;
}

/** What a transaction was for, if it reached the contracts through another one, by the event that tells it. */
const METHOD_BY_EVENT: Readonly<Partial<Record<EventName, string>>> = {
  RoundAgreed: "settle",
  RoundFailed: "failRound",
  RoundOpened: "openRound",
  CandidatePosted: "propose",
  CandidateCosigned: "propose",
  VoteCast: "castVote",
  SeedFrozen: "freezeSeed",
  Committed: "commit",
  ReferenceWrong: "proveReference",
  LeafRequested: "requestLeaf",
  LeafAnswered: "answerLeaf",
  LeafWithheld: "concludeLeaf",
  BondReleased: "releaseBond",
  ReceiptBroken: "proveBrokenReceipt",
  CandidateDisproven: "proveAggregate",
  Claimed: "claim",
  MinerRegistered: "register",
  ClientChanged: "register",
  Funded: "fund",
};

/** Adds an event to the traces by transaction, in the order of the chain. */
export function addTrace(traces: Map<Hex, TransactionTrace>, event: ChainEvent): void {
  const { transaction: hash, time, name } = event;
  const { round, settlement } = event.args as { round?: bigint; settlement?: bigint };
  const known = traces.get(hash)?.events ?? [];
  const events = [...known, { name, round: round ?? null, settlement: settlement ?? null }];
  traces.set(hash, { hash, time, events });
}

/**
 * Method, phase and round of a transaction. A settlement belongs to the round it decides, not to the one it opens, a
 * claim to the round whose payout root it proved against.
 *
 * @param about.deploys the transaction has no recipient
 * @param about.roundOf round of a settlement number
 */
export function attribute(about: {
  readonly trace: TransactionTrace;
  readonly call: ContractCall | null;
  readonly deploys: boolean;
  readonly roundOf: (settlement: bigint) => bigint | undefined;
}): Pick<LedgerRow, "method" | "phase" | "round"> {
  const { trace, call, deploys, roundOf } = about;
  const method = call?.method ?? (deploys ? "deploy" : methodByEvents(trace));
  const phase = phaseOfMethod(method);
  if (phase === "setup") return { method, phase, round: null };
  if (phase === "claim") {
    const settlement = trace.events.find(({ name }) => name === "Claimed")?.settlement ?? null;
    return { method, phase, round: (settlement !== null && roundOf(settlement)) || null };
  }
  const telling = trace.events.find(
    ({ name, round }) => round !== null && phaseOfMethod(METHOD_BY_EVENT[name] ?? "") === phase,
  );
  return { method, phase, round: call?.round ?? telling?.round ?? null };
}

function methodByEvents({ events }: TransactionTrace): string {
  for (const name of Object.keys(METHOD_BY_EVENT) as EventName[])
    if (events.some((event) => event.name === name)) return METHOD_BY_EVENT[name]!;
  return "other";
}
