import { readFileSync } from "node:fs";
import { expect } from "chai";
import { parseReport, reportSchema } from "../../scripts/demo/report-schema.ts";

const MINERS = [`0x${"a1".repeat(20)}`, `0x${"b2".repeat(20)}`] as const;
const CLIENT = `0x${"c3".repeat(20)}`;
const hash = (byte: string) => `0x${byte.repeat(32)}`;

/** A small report that is right; each test breaks one thing. */
function goodReport() {
  return {
    schemaVersion: 2,
    chainId: 31337,
    contracts: { RoundConsensus: `0x${"d4".repeat(20)}` },
    rounds: [
      {
        round: 1,
        status: "agreed",
        final: true,
        candidate: hash("01"),
        modelRoot: hash("02"),
        modelCid: `bafybei${"a".repeat(52)}`,
        ratioBps: 10_000,
        participationBps: 10_000,
        validationScore: 5_700,
        testAccuracy: 0.951,
        proposals: MINERS.map((miner) => ({ miner, candidate: hash("01"), modelRoot: hash("02") })),
        votes: MINERS.map((miner) => ({
          miner,
          candidate: hash("01"),
          support: true,
          confidenceBps: 10_000,
          weight: "1000000000000000000000",
        })),
        reputation: { [MINERS[0]]: "1100000000000000000", [MINERS[1]]: "1100000000000000000" },
        shapley: { [CLIENT]: "-12" },
        shapleyDenominator: "1",
        payouts: { [CLIENT]: "0" },
        refused: {},
        selection: { rule: "fedavg", weights: { [CLIENT]: 10_000 }, unweighted: {} },
        gas: { open: 0, propose: 44_000, settle: 120_000, claim: 50_000, total: 214_000 },
        transactions: [hash("03"), hash("04"), hash("05")],
      },
    ],
    totals: { gas: 214_000, transactions: 3, wallSeconds: 12.5 },
  };
}

const failedRound = {
  status: "failed",
  candidate: null,
  modelRoot: null,
  modelCid: null,
  validationScore: null,
  testAccuracy: null,
  selection: null,
};

describe("report schema", () => {
  it("accepts a right report and one with a failed round", () => {
    parseReport(goodReport());
    const failed = goodReport();
    Object.assign(failed.rounds[0]!, failedRound);
    parseReport(failed);
  });

  const breakages: [string, (report: ReturnType<typeof goodReport>) => void][] = [
    ["another schema version", (r) => Object.assign(r, { schemaVersion: 1 })],
    ["an unknown field", (r) => Object.assign(r, { extra: 1 })],
    ["an unknown field in a round", (r) => Object.assign(r.rounds[0]!, { extra: 1 })],
    ["a missing field", (r) => delete (r.rounds[0] as { final?: boolean }).final],
    ["an unknown status", (r) => Object.assign(r.rounds[0]!, { status: "open" })],
    ["a ratio above 10,000", (r) => Object.assign(r.rounds[0]!, { ratioBps: 10_001 })],
    [
      "a model in a failed round",
      (r) => Object.assign(r.rounds[0]!, { ...failedRound, candidate: hash("01") }),
    ],
    ["an agreed round without a model", (r) => Object.assign(r.rounds[0]!, { modelRoot: null })],
    ["a digest in place of a CID", (r) => Object.assign(r.rounds[0]!, { modelCid: hash("02") })],
    ["a weight as a number", (r) => Object.assign(r.rounds[0]!.votes[0]!, { weight: 1000 })],
    [
      "a reputation that is no integer",
      (r) => Object.assign(r.rounds[0]!.reputation, { [MINERS[0]]: "1.1" }),
    ],
    ["a negative payout", (r) => Object.assign(r.rounds[0]!.payouts, { [CLIENT]: "-1" })],
    ["a payout to something that is no address", (r) => Object.assign(r.rounds[0]!.payouts, { client: "1" })],
    ["gas parts that do not add up", (r) => Object.assign(r.rounds[0]!.gas, { claim: 1 })],
    ["a wrong gas total", (r) => Object.assign(r.totals, { gas: 1 })],
    ["a wrong number of transactions", (r) => Object.assign(r.totals, { transactions: 4 })],
    [
      "a round that occurs twice",
      (r) => {
        r.rounds.push(structuredClone(r.rounds[0]!));
        Object.assign(r.totals, { gas: 428_000, transactions: 6 });
      },
    ],
  ];
  for (const [what, spoil] of breakages) {
    it(`refuses ${what}`, () => {
      const report = goodReport();
      spoil(report);
      expect(reportSchema.safeParse(report).success).to.equal(false);
    });
  }

  it("is documented field by field", () => {
    const page = readFileSync(new URL("../../docs/report.md", import.meta.url), "utf8");
    const report = goodReport();
    const fields = [...Object.keys(report.rounds[0]!), "schemaVersion", "chainId", "contracts", "rounds"];
    const nested = [
      ...Object.keys(report.rounds[0]!.gas).map((k) => `gas.${k}`),
      ...Object.keys(report.totals).map((k) => `totals.${k}`),
    ];
    const missing = [...fields.filter((field) => field !== "gas"), ...nested].filter(
      (field) => !page.includes(`| \`${field}\` |`),
    );
    expect(missing).to.deep.equal([]);
  });
});
