// Kills miners with SIGKILL at random moments while a federation of real processes runs, then looks at every signature
// that was seen on the wire, in the journals and on chain, and at every round.
//
//   node test/long/kills.ts                      200 kills
//   node test/long/kills.ts --sample             the few that CI makes
//   node test/long/kills.ts --kills 50 --seed 7  another run of moments and victims
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createPrng, type Prng } from "../../coordinator/protocol/learning/prng.ts";
import type { FederationView } from "../../coordinator/protocol/views/federation-view.ts";
import type { LogFollower } from "../../scripts/demo/log-follower.ts";
import { type Flow, startFlow } from "../../scripts/demo/scenarios/flow.ts";
import {
  checkSignatures,
  followersOf,
  journalOf,
  killMiner,
  logOf,
  restartMiner,
} from "../../scripts/demo/scenarios/miners.ts";
import { agreedRounds, must, playScenario, until } from "../../scripts/demo/scenarios/scenario.ts";
import type { Exchange } from "../../scripts/demo/scenarios/wire-tap.ts";

const { values } = parseArgs({
  options: {
    sample: { type: "boolean", default: false },
    kills: { type: "string" },
    seed: { type: "string", default: "1" },
  },
});
const KILLS = Number(values.kills ?? (values.sample ? 8 : 200));
const MINERS = 2;
const CLIENTS = 3;
/** Milliseconds a miner that is ready again lives at most: longer than a round takes. */
const LONGEST_LIFE_MS = 6_000;
/** One kill in so many comes while the miner may still be starting. */
const EARLY_IN = 4;
/** Milliseconds that a start may take on a busy machine. */
const START_MS = 120_000;
/** Milliseconds a killed miner stays away at most. */
const LONGEST_ABSENCE_MS = 1_000;
/** Times the usual deadlines: they are not what is tried here. Rounds that go well end early. */
const SLACK = 4;
/** One kill in so many takes both miners. */
const BOTH_IN = 8;
const TELL_EVERY = 10;

/** Kills one miner or both, and starts them again. */
async function killOnce(flow: Flow, prng: Prng, followers: readonly LogFollower[]): Promise<string> {
  const life = prng.below(LONGEST_LIFE_MS);
  if (prng.below(EARLY_IN) > 0) await untilReady(followers);
  await sleep(life);
  const both = prng.below(BOTH_IN) === 0;
  const victims = both ? [0, 1] : [prng.below(MINERS)];
  await Promise.all(victims.map((index) => killMiner(flow, index)));
  await sleep(prng.below(LONGEST_ABSENCE_MS));
  for (const index of victims) {
    ready.delete(index);
    followers[index]!.read();
    restartMiner(flow, index);
  }
  return victims.map((index) => index + 1).join(" and ");
}

/** Miners that have reported to be listening since their last start. */
const ready = new Set<number>();

/** Rounds must get on between the kills, however slow the machine is. */
async function untilReady(followers: readonly LogFollower[]): Promise<void> {
  const end = Date.now() + START_MS;
  while (ready.size < followers.length) {
    for (const [index, follower] of followers.entries())
      if (follower.read().some(({ event }) => event === "listening")) ready.add(index);
    must(Date.now() < end, `all miners listen within ${START_MS / 1_000} s`);
    await sleep(50);
  }
}

async function killLoop(flow: Flow): Promise<void> {
  const prng = createPrng(`kills/${values.seed}`);
  const followers = followersOf(flow);
  const started = Date.now();
  for (let kill = 1; kill <= KILLS; kill++) {
    const victims = await killOnce(flow, prng, followers);
    flow.supervisor.check();
    if (kill % TELL_EVERY !== 0 && kill !== KILLS) continue;
    const view = await flow.chain.view();
    const seconds = ((Date.now() - started) / 1_000).toFixed(0);
    console.log(`kill ${kill} (miner ${victims}) after ${seconds} s: ${roundsOf(view)}`);
  }
}

function roundsOf(view: FederationView): string {
  const counts = Map.groupBy(view.rounds.values(), ({ status }) => status);
  return [...counts].map(([status, { length }]) => `${length} ${status}`).join(", ");
}

/** Every round that ended is agreed, with an update of every client that any of its signers acknowledged. */
function checkRounds(flow: Flow, view: FederationView): string {
  const ended = [...view.rounds.values()].filter(({ status }) => status !== "open");
  let updates = 0;
  for (const { round, status, winner, candidates, openingHash } of ended) {
    must(status === "agreed", `round ${round} is agreed (it is ${status})`);
    const won = candidates.find(({ id }) => id === winner)!;
    updates += won.candidate.updateCount;
    for (const { miner } of won.signers) {
      const index = flow.federation.miners.findIndex(({ wallet }) => sameText(wallet.address, miner));
      const acknowledged = new Set(
        journalOf(flow, index)
          .filter(({ kind, message }) => kind === "Receipt" && message.openingHash === openingHash)
          .map(({ message }) => message.client),
      );
      must(
        won.candidate.updateCount >= acknowledged.size,
        `round ${round} has the ${acknowledged.size} updates that miner ${index + 1} acknowledged`,
      );
    }
  }
  return `${ended.length} rounds, all agreed, with ${updates} of ${CLIENTS * ended.length} possible updates`;
}

function sameText(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

async function checkAllSignatures(flow: Flow, exchanges: readonly Exchange[]): Promise<string> {
  const { wire = 0, journal = 0, chain = 0 } = await checkSignatures(flow, exchanges);
  must(wire > 0 && chain > 0 && journal >= chain, "signatures were seen everywhere");
  return `no double signature among ${journal} in journals, ${wire} on the wire, ${chain} on chain`;
}

async function run(flow: Flow, exchanges: readonly Exchange[]): Promise<string> {
  await killLoop(flow);
  const before = agreedRounds(await flow.chain.view()).length;
  // Nothing that the kills left behind may stop the rounds that follow.
  const view = await until(
    flow,
    (now) => agreedRounds(now).length >= before + 2,
    "two more rounds are agreed",
  );
  return [checkRounds(flow, view), await checkAllSignatures(flow, exchanges)].join("; ");
}

const exchanges: Exchange[] = [];
let flow: Flow | undefined;
let ok = false;
console.log(`${KILLS} kills, seed ${values.seed}`);
const stop = () => process.exit(130);
process.once("SIGINT", stop).once("SIGTERM", stop);
try {
  // As many rounds as could ever be: the pot must not run dry.
  const rounds = 100 + 4 * KILLS;
  const tap = () => ({ seen: (exchange: Exchange) => void exchanges.push(exchange) });
  // Clean labels: a model that got worse is voted down, which is no fault.
  const settings = { rounds, miners: MINERS, clients: CLIENTS, labelNoise: [0, 0, 0], slack: SLACK, tap };
  flow = await startFlow(settings);
  const scenario = { name: "kills", what: "", settings, run: (running: Flow) => run(running, exchanges) };
  console.log(`ok: ${KILLS} kills; ${await playScenario(scenario, flow)}`);
  ok = true;
} catch (error) {
  console.log(`FAIL: ${(error as Error).message}`);
  if (flow) for (const index of [0, 1]) console.log(logOf(flow, index).split("\n").slice(-15).join("\n"));
} finally {
  await flow?.stop();
}
process.exit(ok ? 0 : 1);
