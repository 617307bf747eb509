import { join } from "node:path";
import { formatEther } from "ethers";
import type { FederationView, RoundRecord } from "../../../coordinator/protocol/views/federation-view.ts";
import { winnerOf } from "../../../coordinator/protocol/views/queries.ts";
import { fundTokens } from "../../federation/accounts.ts";
import { stakeMiners } from "../../federation/members.ts";
import { startMiner } from "../federation.ts";
import type { DemoOptions } from "../options.ts";
import { quorate } from "../quorate.ts";
import { type Flow, startFlow } from "./flow.ts";
import { faultyOf, LIAR, neverWon, ROUNDS, STAKE, slashed } from "./lies.ts";
import { must, type Scenario, until } from "./scenario.ts";

const ONE = 10n ** 18n;
/** Rounds that the lone miner decides before the other is back. */
const ALONE = 3;

const wrongAggregate: Scenario = {
  name: "wrong-aggregate",
  what: "one of two miners turns over one bit of one weight; the other goes on alone, and the liar comes back honest",
  settings: { rounds: ROUNDS, miners: 2, faulty: { index: LIAR, fault: "wrong-aggregate" } },
  async run(flow) {
    const { bps, view: proven } = await slashed(flow);
    const { ended, faults, status } = [...proven.rounds.values()].find((record) => record.faults.length > 0)!;
    const wasOpen = ended === null || faults[0]!.proven.block <= ended.block;
    must(wasOpen || status === "failed", `it is proven while its round is open or failed (it is ${status})`);
    must(bps === 5_000, "bit 12 is beyond tolerance: half the stake");
    const alone = await until(flow, (now) => withStatus(now, "degraded").length > 0, "a degraded round");
    const [first] = withStatus(alone, "degraded");
    must(alone.latestSettlement === 0n, "nobody is paid for what one miner decides");
    await flow.supervisor.stop([`miner-${LIAR + 1}`]);
    await comeBack(flow);
    startMiner(honest(flow), flow.supervisor, flow.federation, LIAR);
    const view = await until(
      flow,
      (now) => now.rounds.get(first!.round)?.status === "ratified",
      "it is ratified",
    );
    neverWon(view, faultyOf(flow));
    const ratifier = [...view.rounds.values()].find(
      ({ status, standsOn }) => status === "agreed" && standsOn.includes(first!.round),
    )!;
    must(ratifier.countedVotes.length === 2, "by a round that both miners agreed");
    await isVerified(flow, [first!, ratifier]);
    await equalsHonestRun(flow, [view.rounds.get(first!.round)!, ratifier]);
    return (
      `proven wrong, at least 50 % slashed; round ${first!.round} degraded, after a top-up ratified by round ` +
      `${ratifier.round}; both models bit-equal to an honest run's`
    );
  },
};

const aloneForThree: Scenario = {
  name: "alone-then-ratified",
  what: "one of two miners leaves; the other goes on alone for three rounds, then it stakes again",
  settings: { rounds: ROUNDS + ALONE, miners: 2 },
  async run(flow) {
    // Its node must stand still while its key is used by hand, and takes part again until its seat is gone.
    await flow.supervisor.stop(["miner-2"]);
    await minerCommand(flow, 1, ["exit"]);
    startMiner(flow.options, flow.supervisor, flow.federation, 1);
    const alone = await until(
      flow,
      (now) => withStatus(now, "degraded").length >= ALONE,
      "three degraded rounds",
    );
    const before = alone.latestSettlement;
    await comeBackAfterExit(flow);
    const view = await until(flow, (now) => now.latestSettlement > before, "a round of two agreed");
    must(withStatus(view, "degraded").length === 0, "nothing stays degraded");
    const ratified = withStatus(view, "ratified");
    must(ratified.length >= ALONE, "all of them are ratified");
    const ratifier = view.rounds.get(view.settlements.get(view.latestSettlement)!.round)!;
    const { payoutsTotal } = winnerOf(ratifier)!.candidate;
    must(payoutsTotal - ratifier.payoutsTotal === ratifier.parameters.roundBudget, "one round is paid, once");
    await isVerified(flow, [ratifier]);
    return `${ratified.length} rounds degraded, all ratified by round ${ratifier.round}, which pays for itself alone`;
  },
};

function withStatus({ rounds }: FederationView, status: RoundRecord["status"]): RoundRecord[] {
  return [...rounds.values()].filter((record) => record.status === status);
}

async function isVerified(flow: Flow, records: readonly RoundRecord[]): Promise<void> {
  for (const { round } of records) {
    const { code, out, err } = await quorate(["verify", "--round", String(round), ...flow.at]);
    const failed = out.split("\n").filter((line) => !line.startsWith("ok"));
    must(code === 0, `an auditor finds round ${round} right (${failed.join("; ")} ${err})`);
  }
}

/** The same people with the same data in a federation where nobody lies make the same models, bit for bit. */
async function equalsHonestRun(flow: Flow, records: readonly RoundRecord[]): Promise<void> {
  const rounds = Math.max(...records.map(({ generation }) => Number(generation)));
  const { faulty: _, ...settings } = flow.options;
  const { out: __, ...rest } = settings;
  const other = await startFlow({ ...rest, rounds, peopleOf: flow.options.out });
  try {
    for (const record of records) {
      const expected = winnerOf(await other.ended(Number(record.generation)))?.candidate.modelRoot;
      const { modelRoot } = winnerOf(record)!.candidate;
      must(
        modelRoot === expected,
        `model ${record.generation} equals the honest run's (${expected}, ${modelRoot})`,
      );
    }
  } finally {
    await other.stop();
  }
}

function honest({ options }: Flow): DemoOptions {
  const { faulty: _, ...rest } = options;
  return rest;
}

/** The miner that left stakes again and starts. */
async function comeBackAfterExit({ options, supervisor, federation }: Flow): Promise<void> {
  const { funder, endpoints } = federation;
  await supervisor.stop(["miner-2"]);
  const folder = join(options.out, "miners");
  await stakeMiners(funder, { folder, endpoints, stake: STAKE, ether: 10n * ONE, fast: true });
  startMiner(options, supervisor, federation, 1);
}

/** The liar tops its stake up to the minimum and asks for its seat. */
async function comeBack(flow: Flow): Promise<void> {
  const { wallet } = flow.federation.miners[LIAR]!;
  // It may have lied once more before it was jailed, and pays for that, too.
  const view = await until(flow, (now) => lies(now, faultyOf(flow)).every(Boolean), "every lie is proven");
  const missing = STAKE - view.miners.get(faultyOf(flow))!.stake;
  // More than is missing: its noes may still be refuted.
  await fundTokens(flow.federation.funder, wallet.address, missing + STAKE);
  await minerCommand(flow, LIAR, ["stake", "--amount", formatEther(missing + STAKE)]);
  await minerCommand(flow, LIAR, ["reactivate"]);
}

/** Of each candidate that the liar alone signed, whether it was proven wrong. */
function lies({ rounds }: FederationView, liar: string): boolean[] {
  return [...rounds.values()].flatMap(({ candidates, faults }) =>
    candidates
      .filter(({ signers }) => signers.every(({ miner }) => miner.toLowerCase() === liar))
      .map(({ id }) => faults.some(({ candidate }) => candidate === id)),
  );
}

async function minerCommand(
  { federation, at }: Flow,
  index: number,
  words: readonly string[],
): Promise<void> {
  const { keystore, passwordFile } = federation.miners[index]!;
  const key = ["--keystore", keystore, "--password-file", passwordFile];
  const { code, err } = await quorate(["miner", ...words, ...key, ...at]);
  must(code === 0, `quorate miner ${words[0]} works (${err})`);
}

export const LONE_MINERS = [wrongAggregate, aloneForThree];
