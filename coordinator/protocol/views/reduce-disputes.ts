import type { Hex } from "../bytes.ts";
import { type LeafRequestRecord, MODEL_INDEX } from "./dispute-records.ts";
import { type Draft, type EventOf, momentOf, type Reducers, updateRound, withTransaction } from "./draft.ts";
import type { RoundRecord } from "./federation-view.ts";

/** How the events of FaultProofs change the rounds they are about. */
export const DISPUTE_REDUCERS: Reducers = {
  CandidateDisproven(draft, event) {
    const { round, candidate, finder, slashBps } = event.args;
    const fault = { candidate, finder, slashBps: Number(slashBps), proven: momentOf(event) };
    updateRound(draft, round, (record) => ({
      faults: [...record.faults, fault],
      transactions: withTransaction(record, event.transaction),
    }));
  },
  ReceiptBroken(draft, event) {
    const { round, candidate, miner, client, modelRoot } = event.args;
    const broken = { candidate, miner, client, modelRoot, proven: momentOf(event) };
    updateRound(draft, round, (record) => ({
      brokenReceipts: [...record.brokenReceipts, broken],
      transactions: withTransaction(record, event.transaction),
    }));
  },
  LeafRequested: request,
  LeafAnswered: (draft, event) => decide(draft, event, { state: "answered", answerer: event.args.answerer }),
  LeafWithheld: (draft, event) => decide(draft, event, { state: "withheld" }),
  BondReleased: (draft, event) => decide(draft, event, { state: "released" }),
};

function request(draft: Draft, event: EventOf<"LeafRequested">): void {
  const { round, index, leaf, dueAt, decidedBy, ...rest } = event.args;
  const asked: LeafRequestRecord = {
    ...rest,
    index: index === MODEL_INDEX ? null : Number(index),
    leaf: Number(leaf),
    dueAt: Number(dueAt),
    decidedBy: Number(decidedBy),
    state: "open",
    asked: momentOf(event),
    answerer: null,
    decided: null,
  };
  updateRound(draft, round, (record) => ({
    requests: [...record.requests, asked],
    transactions: withTransaction(record, event.transaction),
  }));
  draft.bonds += rest.bond;
}

function decide(
  draft: Draft,
  event: EventOf<"LeafAnswered" | "LeafWithheld" | "BondReleased">,
  { state, answerer = null }: { readonly state: LeafRequestRecord["state"]; readonly answerer?: Hex | null },
): void {
  const { round, id } = event.args;
  const bond = draft.rounds.get(round)?.requests.find((known) => known.id === id)?.bond ?? 0n;
  draft.bonds -= bond;
  updateRound(draft, round, (record: RoundRecord) => ({
    requests: record.requests.map((known) =>
      known.id === id ? { ...known, state, answerer, decided: momentOf(event) } : known,
    ),
    transactions: withTransaction(record, event.transaction),
  }));
}
