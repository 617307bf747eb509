import { expect } from "chai";
import type { MinerDeps } from "../../coordinator/node/types.ts";
import type { MinerRecord } from "../../coordinator/ports/chain.ts";
import { aggregate } from "../../coordinator/protocol/aggregation/reference.ts";
import { type Candidate, REASON } from "../../coordinator/protocol/round/messages.ts";
import type { Aggregator } from "../../coordinator/protocol/round/recompute.ts";
import { type Scenario, started } from "./scenario.ts";

let world: Scenario;

/** Changes what the chain says of a miner from the next opening on. */
function seat(index: number, activeNext: boolean): void {
  const { miners } = world.chain.options;
  miners[index] = { ...(miners[index] as MinerRecord), activeNext };
}

async function play(number: number): Promise<void> {
  await world.until(() => world.chain.rounds.length === number, `round ${number}`);
  await world.submitAll();
  await world.until(() => world.round(number).status !== "open", `the end of round ${number}`);
}

/** Round 1 agreed by two; the second miner is gone from round 2 on, which the first decides alone. */
async function alone(tamper?: (deps: MinerDeps, index: number) => MinerDeps): Promise<void> {
  world = await started(tamper && { tamper });
  seat(1, false);
  await play(1);
  await play(2);
  expect(world.chain.statuses()).to.deep.equal(["agreed", "degraded", "open"]);
}

const wrongInRound2: Aggregator = async (...args) => {
  const result = await aggregate(...args);
  if (world.chain.current()?.round !== 2n) return result;
  return { ...result, floats: result.floats.map((value) => value + 1) };
};

async function back(): Promise<void> {
  seat(1, true);
  await world.until(() => world.chain.rounds.length === 4, "a round of two");
}

describe("a miner that is alone", () => {
  afterEach(() => world.stop());

  it("goes on, and leaves its round at once to one that returns, who recomputes and ratifies", async () => {
    await alone();
    const [posted] = world.round(2).candidates;
    expect(posted!.signers).to.deep.equal([world.miners[0]!.address]);
    expect(world.round(3)).to.deep.include({ standsOn: [2n], baseRoot: posted!.candidate.modelRoot });
    await back();
    await play(4);
    expect(world.chain.statuses()).to.deep.equal(["agreed", "ratified", "failed", "agreed", "open"]);
    expect(world.votesOf(4).every(({ vote }) => vote.support)).to.equal(true);
    // What it decided alone paid nobody: two budgets for four rounds.
    expect(world.round(4).candidates[0]!.candidate.payoutsTotal).to.equal(2_000n);
  });

  it("does not hold up one that returns while it is gone itself", async () => {
    await alone();
    await world.kill(0);
    await back();
    expect(world.chain.statuses()).to.deep.equal(["agreed", "degraded", "failed", "open"]);
    expect(world.sent("failRound", 3).map(({ from }) => from)).to.deep.equal([world.miners[1]!.address]);
  });

  it("is not followed if what it did is wrong", async () => {
    // The first miner's engine is wrong in round 2 alone, so both agree on the candidate of round 4 itself.
    await alone((deps, index) => (index === 0 ? { ...deps, aggregator: wrongInRound2 } : deps));
    await back();
    await play(4);
    const [no] = world.votesOf(4).filter(({ miner }) => miner === world.miners[1]!.address);
    expect(no!.vote).to.deep.include({ support: false, reason: REASON.payouts, reasonIndex: 0n });
    expect(world.chain.statuses().slice(0, 4)).to.deep.equal(["agreed", "voided", "failed", "failed"]);
    await play(5);
    const model = (number: number): Candidate => world.round(number).candidates[0]!.candidate;
    expect(world.round(5).status).to.equal("agreed");
    expect(model(5).baseRoot).to.equal(model(1).modelRoot);
  });
});
