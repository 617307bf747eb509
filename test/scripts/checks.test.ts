import { expect } from "chai";
import { type CheckInputs, checkRun } from "../../scripts/demo/checks.ts";
import { buildReport } from "../../scripts/demo/report.ts";
import { hash, inputs, TOKEN } from "./sample-run.ts";

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
