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
import { freePorts } from "../../scripts/demo/folder.ts";
import { type Flow, startFlow } from "../../scripts/demo/scenarios/flow.ts";
import {
  checkSignatures,
  journalOf,
  killMiner,
  logOf,
  restartMiner,
} from "../../scripts/demo/scenarios/miners.ts";
import { agreedRounds, must, playScenario, until } from "../../scripts/demo/scenarios/scenario.ts";
import { createSignatureBook, type SignatureBook } from "../../scripts/demo/scenarios/signature-book.ts";
import { type Exchange, openWireTap, type WireTap } from "../../scripts/demo/scenarios/wire-tap.ts";

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
/** Milliseconds between a restart and the next kill: from less than a start takes to more than a round. */
const LONGEST_LIFE_MS = 8_000;
/** Milliseconds a killed miner stays away at most. */
const LONGEST_ABSENCE_MS = 1_000;
/** One kill in so many takes both miners. */
const BOTH_IN = 8;
const TELL_EVERY = 10;

/** Kills one miner or both, and starts them again. */
async function killOnce(flow: Flow, prng: Prng): Promise<string> {
  await sleep(prng.below(LONGEST_LIFE_MS));
  const both = prng.below(BOTH_IN) === 0;
  const victims = both ? [0, 1] : [prng.below(MINERS)];
  await Promise.all(victims.map((index) => killMiner(flow, index)));
  await sleep(prng.below(LONGEST_ABSENCE_MS));
  for (const index of victims) restartMiner(flow, index);
  return victims.map((index) => index + 1).join(" and ");
}

async function killLoop(flow: Flow): Promise<void> {
  const prng = createPrng(`kills/${values.seed}`);
  const started = Date.now();
  for (let kill = 1; kill <= KILLS; kill++) {
    const victims = await killOnce(flow, prng);
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

async function checkBook(flow: Flow, book: SignatureBook, view: FederationView): Promise<string> {
  for (const index of flow.federation.miners.keys()) book.journal(journalOf(flow, index));
  await book.chain(flow.chain, view);
  const doubles = book.doubles();
  must(doubles.length === 0, `no key signed two things for one slot (${doubles.join("; ")})`);
  checkSignatures(flow);
  const { wire = 0, journal = 0, chain = 0 } = book.counts();
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
  const { domain } = await flow.chain.federation();
  const keys = new Set(flow.federation.miners.map(({ wallet }) => wallet.address.toLowerCase()));
  const book = createSignatureBook(domain, keys);
  exchanges.forEach(book.wire);
  return [checkRounds(flow, view), await checkBook(flow, book, view)].join("; ");
}

const exchanges: Exchange[] = [];
const taps: WireTap[] = [];
let flow: Flow | undefined;
let ok = false;
console.log(`${KILLS} kills, seed ${values.seed}`);
const stop = () => process.exit(130);
process.once("SIGINT", stop).once("SIGTERM", stop);
try {
  const listenAt = await freePorts(MINERS);
  // As many rounds as could ever be: the pot must not run dry.
  const rounds = 100 + 4 * KILLS;
  // Clean labels: a model that got worse is voted down, which is no fault.
  const settings = { rounds, miners: MINERS, clients: CLIENTS, labelNoise: [0, 0, 0], listenAt };
  flow = await startFlow(settings, async ({ endpoints }) => {
    for (const [index, endpoint] of endpoints.entries()) {
      const port = Number(new URL(endpoint).port);
      taps.push(await openWireTap(port, listenAt[index]!, (exchange) => exchanges.push(exchange)));
    }
  });
  const scenario = { name: "kills", what: "", settings, run: (running: Flow) => run(running, exchanges) };
  console.log(`ok: ${KILLS} kills; ${await playScenario(scenario, flow)}`);
  ok = true;
} catch (error) {
  console.log(`FAIL: ${(error as Error).message}`);
  if (flow) for (const index of [0, 1]) console.log(logOf(flow, index).split("\n").slice(-15).join("\n"));
} finally {
  await flow?.stop();
  for (const tap of taps) await tap.close();
}
process.exit(ok ? 0 : 1);
