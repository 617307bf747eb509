import type { FederationView } from "../../../coordinator/protocol/views/federation-view.ts";
import { WRONG_COORDINATE } from "../faults.ts";
import type { Flow } from "./flow.ts";
import { logOf } from "./miners.ts";
import { agreedRounds, must, type Scenario, until } from "./scenario.ts";

const ONE = 10n ** 18n;
/** More than are waited for: the first may fail. */
export const ROUNDS = 8;
export const STAKE = 1_000n * ONE;
/** Index of the faulty miner. */
export const LIAR = 0;

export function faultyOf({ options, federation }: Flow): string {
  return federation.miners[options.faulty!.index]!.wallet.address.toLowerCase();
}

/** Waits for the proof; resolves with the rate of the slash. */
export async function slashed(flow: Flow): Promise<{ readonly view: FederationView; readonly bps: number }> {
  const liar = faultyOf(flow);
  const proven = (now: FederationView) => [...now.rounds.values()].find(({ faults }) => faults.length > 0);
  const view = await until(flow, (now) => proven(now) !== undefined, "the liar's candidate is proven wrong");
  const { faults, winner } = proven(view)!;
  const fault = faults[0]!;
  must(winner !== fault.candidate, "nobody agreed it before it was proven wrong");
  const { stake, slashed: lost } = view.miners.get(liar)!;
  must(stake === STAKE - lost, "the stake is what is left of it");
  // Its noes to the honest ones' weights are refuted besides, at a tenth of the stake each: before or after this.
  must(2n * lost >= (STAKE * BigInt(fault.slashBps)) / 10_000n, `${fault.slashBps} bps were taken`);
  must(view.miners.has(fault.finder.toLowerCase()), "the finder is one of the miners");
  return { view, bps: fault.slashBps };
}

/** No agreed round was won by a candidate that the faulty miner signed before it was slashed. */
export function neverWon(view: FederationView, liar: string): void {
  for (const { candidates, winner, faults, round } of agreedRounds(view)) {
    const lies = faults.map(({ candidate }) => candidate);
    must(winner === null || !lies.includes(winner), `round ${round} was not won by a lie of ${liar}`);
    must(
      candidates.some(({ id }) => id === winner),
      `round ${round} has its winner among its candidates`,
    );
  }
}

const wrongOfThree: Scenario = {
  name: "wrong-aggregate-of-three",
  what: "one of three miners turns over one bit of one weight; the other two go on without it",
  settings: { rounds: ROUNDS, miners: 3, faulty: { index: LIAR, fault: "wrong-aggregate-alone" } },
  async run(flow) {
    const { bps } = await slashed(flow);
    must(bps === 5_000, "bit 12 is beyond tolerance: half the stake");
    const view = await until(flow, (now) => agreedRounds(now).length >= 2, "two agreed rounds");
    neverWon(view, faultyOf(flow));
    must(view.miners.get(faultyOf(flow))!.status === "inactive", "the liar has lost its seat");
    must(view.seats.length === 2, "the honest ones keep theirs");
    return `weight ${WRONG_COORDINATE} proven wrong, 50 % slashed, jailed, two agreed rounds without it`;
  },
};

const wrongLowestBit: Scenario = {
  name: "wrong-lowest-bit",
  what: "one of three miners turns over the lowest bit of one weight",
  settings: { rounds: ROUNDS, miners: 3, faulty: { index: LIAR, fault: "wrong-lowest-bit" } },
  async run(flow) {
    const { bps } = await slashed(flow);
    must(bps === 5_000 || bps === 100, "the rate is that of one of the two tests");
    const view = await until(flow, (now) => agreedRounds(now).length >= 1, "an agreed round");
    neverWon(view, faultyOf(flow));
    return `weight ${WRONG_COORDINATE} proven wrong, ${bps / 100} % slashed, then agreed without it`;
  },
};

const alwaysNo: Scenario = {
  name: "miner-always-no",
  what: "one of four miners votes no on whatever the others propose",
  settings: { rounds: ROUNDS, miners: 4, faulty: { index: LIAR, fault: "always-no" } },
  async run(flow) {
    const denier = faultyOf(flow);
    const view = await until(flow, (now) => agreedRounds(now).length >= 2, "two agreed rounds");
    const { reputation } = view.miners.get(denier)!;
    must(reputation < ONE, "it loses reputation");
    const votes = agreedRounds(view).flatMap(({ countedVotes, winner }) =>
      countedVotes.filter(({ miner, candidate }) => miner.toLowerCase() === denier && candidate === winner),
    );
    must(votes.length > 0 && votes.every(({ support }) => !support), "it said no to every winner");
    return `the other three agree, its reputation falls to ${Number(reputation) / 1e18}`;
  },
};

const dissentOfTwo: Scenario = {
  name: "two-miners-disagree",
  what: "one of two miners votes no on whatever the other proposes",
  settings: { rounds: ROUNDS, miners: 2, faulty: { index: LIAR, fault: "always-no" } },
  async run(flow) {
    const view = await until(
      flow,
      (now) => [...now.rounds.values()].filter(({ status }) => status === "failed").length >= 2,
      "two failed rounds",
    );
    must(agreedRounds(view).length === 0, "neither model is accepted");
    must(view.latestSettlement === 0n, "nobody is paid, and the head stays the genesis model");
    return "rounds fail, no model is accepted, the head stays";
  },
};

const omitsVotes: Scenario = {
  name: "settler-omits-votes",
  what: "one of two miners settles with its own votes alone",
  settings: { rounds: 3, miners: 2, faulty: { index: LIAR, fault: "omits-votes" } },
  async run(flow) {
    const view = await until(flow, (now) => agreedRounds(now).length >= 2, "two agreed rounds");
    for (const { countedVotes, round } of agreedRounds(view))
      must(countedVotes.length === 2, `both votes count in round ${round}`);
    must(/\bUNDECIDED\b/.test(logOf(flow, LIAR)), "it tried with its own alone, and was refused");
    return "its settlements decide nothing, the other's do, with both votes";
  },
};

export const LIES = [wrongOfThree, wrongLowestBit, alwaysNo, dissentOfTwo, omitsVotes];
