import { expect } from "chai";
import { getAddress } from "ethers";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import type { LedgerRow } from "../../coordinator/protocol/ledger/row.ts";
import type { ManifestFile } from "../../coordinator/protocol/round/manifest-file.ts";
import {
  type CandidateRecord,
  EMPTY_VIEW,
  type FederationView,
  type RoundRecord,
} from "../../coordinator/protocol/views/federation-view.ts";
import { type CheckInputs, checkRun } from "../../scripts/demo/checks.ts";
import { buildReport, type ReportInputs } from "../../scripts/demo/report.ts";
import { parseReport } from "../../scripts/demo/report-schema.ts";
import { contributions, roundTable, summaryTable } from "../../scripts/demo/tables.ts";

const TOKEN = 10n ** 18n;
const WAD = 10n ** 18n;
const address = (digit: number) => `0x${String(digit).repeat(40)}` as Hex;
const hash = (digit: number) => `0x${String(digit).repeat(64)}` as Hex;
const [MINER_1, MINER_2, CLIENT_1, CLIENT_2] = [address(1), address(2), address(3), address(4)];

const moment = (digit: number) => ({
  transaction: hash(digit),
  block: digit,
  blockHash: hash(digit),
  time: 100 + digit,
});

const parameters = {
  reputationStart: 10_000n,
  reputationMin: 1_000n,
  reputationLoss: 500n,
} as unknown as RoundRecord["parameters"];

function candidateOf(round: bigint, validationScore: number): CandidateRecord {
  const content = { round, modelRoot: hash(5), modelCid: hash(6), manifestCid: hash(7), validationScore };
  return {
    id: hash(8),
    index: 0,
    candidate: content as unknown as CandidateRecord["candidate"],
    signers: [MINER_1, MINER_2].map((miner) => ({ miner, signature: "0x" as Hex })),
    posted: moment(2),
  };
}

function recordOf(round: bigint, changes: Partial<RoundRecord>): RoundRecord {
  const seat = (miner: Hex) => ({ miner, key: miner, weight: 1_000n * TOKEN });
  const vote = (miner: Hex) => ({ miner, candidate: hash(8), support: true, confidence: 10_000, reason: 0 });
  return {
    round,
    status: "agreed",
    parameters,
    roster: [seat(MINER_1), seat(MINER_2)],
    activeWeight: 2_000n * TOKEN,
    baseSettlement: round - 1n,
    candidates: [candidateOf(round, 5_000 + 100 * Number(round))],
    countedVotes: [vote(MINER_1), vote(MINER_2)],
    ended: moment(3),
    winner: hash(8),
    ratioBps: 10_000,
    participationBps: 10_000,
    finalAt: 200,
    ballot: 1,
    scores: [MINER_1, MINER_2].map((miner) => ({ miner, reputation: WAD, weight: 0n })),
    ...changes,
  } as RoundRecord;
}

function manifestOf(numerators: bigint[], cumulative: bigint[]): ManifestFile {
  const clients = [CLIENT_1, CLIENT_2];
  return {
    updates: clients.map((client) => ({ client })),
    shapley: { numerators, denominator: 2n },
    payouts: clients.map((client, k) => ({ client, cumulative: cumulative[k]! })),
  } as unknown as ManifestFile;
}

function rowOf(digit: number, round: bigint | null, phase: LedgerRow["phase"], gasUsed: bigint): LedgerRow {
  const rest = {
    gasLimit: 1n,
    effectiveGasPrice: 1n,
    fee: 1n,
    block: digit,
    time: 0,
    status: "success",
  } as const;
  return { hash: hash(digit), round, phase, actor: MINER_1, method: phase, gasUsed, ...rest };
}

/** An agreed round, one that failed with a candidate that miner 2 never judged, and one without any candidate. */
function inputs(changes: Partial<ReportInputs> = {}): ReportInputs {
  const rounds = [
    recordOf(1n, {}),
    recordOf(2n, {
      status: "failed",
      winner: null,
      ratioBps: null,
      participationBps: 5_000,
      countedVotes: recordOf(2n, {}).countedVotes.slice(0, 1),
      scores: [{ miner: MINER_1, reputation: WAD }] as unknown as RoundRecord["scores"],
    }),
    recordOf(3n, {
      status: "failed",
      candidates: [],
      winner: null,
      ratioBps: null,
      countedVotes: [],
      scores: [],
      ballot: null,
    }),
    recordOf(4n, { baseSettlement: 1n, finalAt: 900 }),
    recordOf(5n, { status: "open", ended: null }),
  ];
  const view: FederationView = {
    ...EMPTY_VIEW,
    rounds: new Map(rounds.map((record) => [record.round, record])),
    settlements: new Map([[1n, { settlement: 1n, round: 1n, root: hash(9), total: 100n, finalAt: 200 }]]),
  };
  return {
    chainId: 31_337,
    contracts: { RoundConsensus: address(9) },
    view,
    now: 500,
    rows: [
      rowOf(1, null, "setup", 1_000_000n),
      rowOf(2, 1n, "open", 10n),
      rowOf(3, 1n, "propose", 20n),
      rowOf(4, 1n, "vote", 5n),
      rowOf(5, 1n, "settle", 30n),
      rowOf(6, 1n, "claim", 40n),
      rowOf(7, 4n, "settle", 7n),
    ],
    manifests: new Map([
      [1n, manifestOf([300n, 100n], [75n * TOKEN, 25n * TOKEN])],
      [4n, manifestOf([700n, -100n], [175n * TOKEN, 25n * TOKEN])],
    ]),
    testAccuracy: new Map([
      [1n, 0.9],
      [4n, 0.95],
    ]),
    wallSeconds: 3,
    ...changes,
  };
}

describe("buildReport", () => {
  const report = buildReport(inputs());

  it("keeps to the schema and leaves the open round out", () => {
    parseReport(report);
    expect(report.rounds.map(({ round, status }) => [round, status])).to.deep.equal([
      [1, "agreed"],
      [2, "failed"],
      [3, "failed"],
      [4, "agreed"],
    ]);
  });

  it("divides the gas of a round into its parts and leaves set-up out", () => {
    expect(report.rounds[0]!.gas).to.deep.equal({ open: 10, propose: 20, settle: 35, claim: 40, total: 105 });
    expect(report.totals).to.include({ gas: 112, transactions: 6 });
    expect(report.rounds[0]!.transactions).to.have.length(5);
  });

  it("takes the payouts of a round as what they rose by since the last agreed one", () => {
    expect(report.rounds[0]!.payouts[getAddress(CLIENT_1)]).to.equal(String(75n * TOKEN));
    expect(report.rounds[3]!.payouts[getAddress(CLIENT_1)]).to.equal(String(100n * TOKEN));
    expect(report.rounds[3]!.payouts[getAddress(CLIENT_2)]).to.equal("0");
    expect(report.rounds[3]!.shapley[getAddress(CLIENT_2)]).to.equal("-100");
  });

  it("has null where a failed round has no model, and its best ratio", () => {
    const failed = report.rounds[1]!;
    expect(failed).to.include({
      candidate: null,
      modelRoot: null,
      modelCid: null,
      testAccuracy: null,
      ratioBps: 5_000,
    });
    expect(failed.proposals).to.have.length(2);
    expect(report.rounds[2]).to.include({ ratioBps: 0 });
  });

  it("takes absence off a reputation once, and only in rounds with a candidate", () => {
    const of = (round: number, miner: Hex) => report.rounds[round - 1]!.reputation[getAddress(miner)];
    expect(of(2, MINER_1)).to.equal(String(WAD));
    expect(of(2, MINER_2)).to.equal(String((WAD * 95n) / 100n));
    expect(of(3, MINER_2)).to.equal(String((WAD * 95n) / 100n));
  });

  it("says what is final by block time", () => {
    expect(report.rounds.map(({ final }) => final)).to.deep.equal([true, true, true, false]);
  });

  it("is shown in tables with names", () => {
    const names = {
      [MINER_1]: "miner 1",
      [MINER_2]: "miner 2",
      [CLIENT_1]: "client 1",
      [CLIENT_2]: "client 2",
    };
    const text = roundTable(report.rounds[3]!, names);
    expect(text).to.contain("round 4: agreed, winner 0x88888888, ratio 100.00 %, test accuracy 95.00 %");
    expect(text).to.match(/client 1 +│ 350\.00 +│ 100\.00 QRT/);
    expect(text).to.match(/client 2 +│ -50\.00 +│ 0\.00 QRT/);
    expect(roundTable(report.rounds[1]!, names)).to.match(/miner 2 .*absent/);
    expect(summaryTable(report)).to.match(/4 +│ agreed │ no/);
    expect(contributions(report, names).map(({ client, paid }) => [client, paid])).to.deep.equal([
      ["client 1", 175n * TOKEN],
      ["client 2", 25n * TOKEN],
    ]);
  });
});

describe("checkRun", () => {
  /** A run of one round in which everything holds. */
  function goodRun(): CheckInputs {
    const all = inputs();
    const rounds = new Map([[1n, all.view.rounds.get(1n)!]]);
    const money = {
      supply: 1_000n,
      balances: 1_000n,
      registryBalance: 500n,
      staked: 500n,
      potBalance: 0n,
      funded: 100n * TOKEN,
      claimed: 100n * TOKEN,
    };
    return {
      report: buildReport({ ...all, view: { ...all.view, rounds } }),
      rounds: 1,
      miners: 2,
      genesisScore: 4_900,
      roundBudget: 100n * TOKEN,
      money,
      verified: new Map([[1, 0]]),
    };
  }
  const failing = (run: CheckInputs) => checkRun(run).filter(({ ok }) => !ok);

  it("holds for a good run", () => {
    expect(failing(goodRun())).to.deep.equal([]);
  });

  const spoiled: [string, (run: CheckInputs) => void, RegExp][] = [
    ["a missing round", (run) => Object.assign(run, { rounds: 2 }), /every round was agreed/],
    [
      "a failed round",
      (run) => Object.assign(run.report.rounds[0]!, { status: "failed" }),
      /every round was agreed/,
    ],
    ["a proposer that did not sign", (run) => run.report.rounds[0]!.proposals.pop(), /signed by both/],
    [
      "proposers that disagree",
      (run) => Object.assign(run.report.rounds[0]!.proposals[0]!, { candidate: hash(1) }),
      /signed by both/,
    ],
    ["a missing vote", (run) => run.report.rounds[0]!.votes.pop(), /voted yes/],
    ["a no", (run) => Object.assign(run.report.rounds[0]!.votes[0]!, { support: false }), /voted yes/],
    [
      "a round that is not final",
      (run) => Object.assign(run.report.rounds[0]!, { final: false }),
      /is final/,
    ],
    ["Shapley values that do not add up", (run) => Object.assign(run, { genesisScore: 4_901 }), /Shapley/],
    ["payouts off the budget", (run) => Object.assign(run, { roundBudget: 99n * TOKEN }), /budget/],
    [
      "an unclaimed payout",
      (run) => Object.assign(run.money, { claimed: 99n * TOKEN, potBalance: TOKEN }),
      /claimed/,
    ],
    ["a token out of nothing", (run) => Object.assign(run.money, { balances: 1_001n }), /conserved/],
    ["stake that is not there", (run) => Object.assign(run.money, { registryBalance: 499n }), /conserved/],
    ["a pot that leaks", (run) => Object.assign(run.money, { potBalance: 1n }), /conserved/],
    ["a round that fails its audit", (run) => Object.assign(run, { verified: new Map([[1, 1]]) }), /verify/],
    ["a round nobody audited", (run) => Object.assign(run, { verified: new Map() }), /verify/],
  ];
  for (const [what, spoil, name] of spoiled)
    it(`notices ${what}`, () => {
      const run = goodRun();
      spoil(run);
      const [first] = failing(run);
      expect(first?.name).to.match(name);
      expect(first).to.have.property("detail");
    });
});
