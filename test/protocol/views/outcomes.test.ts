import { expect } from "chai";
import { REASON } from "../../../coordinator/protocol/round/messages.ts";
import type {
  CandidateRecord,
  CastVoteRecord,
  RoundRecord,
  VoteRecord,
} from "../../../coordinator/protocol/views/federation-view.ts";
import { outcomeOf, type RoundOutcome } from "../../../coordinator/protocol/views/outcomes.ts";
import { createRoundOutcomes } from "../../../coordinator/watch/round-outcomes.ts";
import { PARAMETERS } from "./events.ts";

const [A, B] = ["0xa1", "0xb2"] as const;
const candidate = { id: "0xc1", signers: [{ miner: A, signature: "0x" }] } as unknown as CandidateRecord;
const vote = (miner: typeof A | typeof B, support: boolean): VoteRecord => ({
  miner,
  candidate: "0xc1",
  support,
  confidence: 10_000,
  reason: support ? REASON.none : REASON.score,
});
const cast = (miner: typeof A | typeof B, support: boolean) => vote(miner, support) as CastVoteRecord;

/** The fault that a request nobody answered became. */
const withheld = {
  faults: [{ candidate: "0xc1", proven: { transaction: "0x7" } }] as never,
  requests: [{ state: "withheld", decided: { transaction: "0x7" } }] as never,
};

/** A round of two miners of equal weight. */
function roundOf(changes: Partial<RoundRecord>): RoundRecord {
  const seats = [A, B].map((miner) => ({ miner, key: miner, weight: 10n }));
  return {
    round: 3n,
    status: "failed",
    ended: {},
    roster: seats,
    jailed: [],
    activeWeight: 20n,
    candidates: [candidate],
    castVotes: [],
    countedVotes: [],
    faults: [],
    requests: [],
    brokenReceipts: [],
    ...changes,
  } as unknown as RoundRecord;
}

const at = (time: number) => ({ time }) as RoundRecord["ended"];
/** Opened at 0; the last slot ends at 30. */
const ALONE = {
  opened: { time: 0 },
  held: 0,
  votesHeld: 0,
  parameters: PARAMETERS,
  jailed: [B],
  candidates: [],
} as unknown as Partial<RoundRecord>;

describe("why a round is what it is", () => {
  const cases: readonly [string, Partial<RoundRecord>, string | undefined][] = [
    ["an open round has no outcome", { status: "open", ended: null }, undefined],
    ["an agreed one", { status: "agreed" }, "AGREED"],
    ["nothing posted", { candidates: [] }, "NO_CANDIDATE"],
    ["all struck", { candidates: [{ ...candidate, struck: true }] }, "PROVEN_WRONG"],
    ["not shown in time", { candidates: [{ ...candidate, struck: true }], ...withheld }, "DATA_WITHHELD"],
    [
      "a broken receipt",
      { candidates: [{ ...candidate, struck: true }], brokenReceipts: [{ candidate: "0xc1" }] as never },
      "RECEIPT_BROKEN",
    ],
    ["a no in the settlement", { countedVotes: [vote(A, true), vote(B, false)] }, "VOTED_DOWN"],
    ["a no cast on chain", { castVotes: [cast(B, false)] }, "VOTED_DOWN"],
    ["a single yes", { castVotes: [cast(A, true)] }, "VOTES_MISSING"],
    ["no vote at all", {}, "VOTES_MISSING"],
    ["reverted", { status: "reverted" }, "WINNER_PROVEN_WRONG"],
    ["reverted for data", { status: "reverted", winner: "0xc1", ...withheld }, "WINNER_WITHHELD"],
    ["voided", { status: "voided" }, "EARLIER_ROUND_REVERTED"],
    ["one miner's alone", { status: "degraded" }, "ONE_MINER"],
    ["that, confirmed", { status: "ratified" }, "RATIFIED"],
    ["that, not confirmed", { status: "voided", unratified: true }, "NOT_RATIFIED"],
    ["a lone miner's, before its time", { ...ALONE, ended: at(30) }, "MINER_RETURNED"],
    ["a lone miner's, in time", { ...ALONE, ended: at(31) }, "NO_CANDIDATE"],
  ];
  for (const [what, changes, reason] of cases)
    it(`${what}: ${reason ?? "none"}`, () => {
      expect(outcomeOf(roundOf(changes))?.reason).to.equal(reason);
    });

  it("is told once for each end, and again when it is taken back", () => {
    const told: RoundOutcome[] = [];
    const look = createRoundOutcomes((outcome) => void told.push(outcome));
    const see = (...records: RoundRecord[]) =>
      look({ rounds: new Map(records.map((record) => [record.round, record])) });
    const old = roundOf({ round: 1n, status: "agreed" });
    see(old);
    expect(told, "what was over before").to.deep.equal([]);
    see(old, roundOf({ round: 2n, status: "open", ended: null }));
    see(old, roundOf({ round: 2n, status: "agreed" }));
    see(old, roundOf({ round: 2n, status: "agreed" }), roundOf({ round: 3n, status: "open" }));
    see(old, roundOf({ round: 2n, status: "reverted" }), roundOf({ round: 3n, status: "voided" }));
    expect(told.map(({ round, status }) => `${round} ${status}`)).to.deep.equal([
      "2 agreed",
      "2 reverted",
      "3 voided",
    ]);
  });
});
