import { expect } from "chai";
import { getAddress } from "ethers";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { buildReport } from "../../scripts/demo/report.ts";
import { parseReport } from "../../scripts/demo/report-schema.ts";
import { contributions, roundTable, summaryTable } from "../../scripts/demo/tables.ts";
import { CLIENT_1, CLIENT_2, inputs, MINER_1, MINER_2, TOKEN, WAD } from "./sample-run.ts";

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
    expect(text).to.match(/client 1 +│ yes +│ 33\.33 % +│ 350\.00 +│ 100\.00 QRT/);
    expect(text).to.match(/client 2 +│ yes +│ 66\.67 % +│ -50\.00 +│ 0\.00 QRT/);
    expect(roundTable(report.rounds[1]!, names)).to.match(/miner 2 .*absent/);
    expect(roundTable(report.rounds[1]!, names)).to.match(/client 2 +│ – +│ – +│ – +│ –/);
    const { [getAddress(CLIENT_2)]: _, ...shapley } = report.rounds[3]!.shapley;
    const late = { ...report.rounds[3]!, shapley };
    expect(roundTable(late, names)).to.match(/client 2 +│ no +│ – /);
    const refused = { [getAddress(CLIENT_2)]: "MODEL_NAN" };
    expect(roundTable({ ...late, refused }, names)).to.match(/client 2 +│ refused: MODEL_NAN +│ – /);
    const unweighted = { [getAddress(CLIENT_2)]: "left out" };
    const weights = { [getAddress(CLIENT_1)]: null, [getAddress(CLIENT_2)]: 0 };
    const selected = { ...report.rounds[3]!, selection: { rule: "bulyan:1", weights, unweighted } };
    expect(roundTable(selected, names))
      .to.match(/client 1 +│ yes +│ by coordinate +│/)
      .and.match(/client 2 +│ yes +│ left out +│/);
    expect(summaryTable(report)).to.match(/4 +│ agreed │ no/);
    expect(contributions(report, names).map(({ client, paid }) => [client, paid])).to.deep.equal([
      ["client 1", 175n * TOKEN],
      ["client 2", 25n * TOKEN],
    ]);
  });
});
