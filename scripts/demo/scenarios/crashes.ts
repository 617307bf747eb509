import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { sameHex } from "../../../coordinator/protocol/bytes.ts";
import type { RoundRecord } from "../../../coordinator/protocol/views/federation-view.ts";
import type { LogFollower } from "../log-follower.ts";
import type { Flow } from "./flow.ts";
import {
  checkSignatures,
  followersOf,
  journalOf,
  killMiner,
  minerThatReports,
  restartMiner,
} from "./miners.ts";
import { must, type Scenario, until } from "./scenario.ts";

/** The moments at which the primary is killed, one a round: the event it has just reported, in the course of a round. */
const MOMENTS = [
  { phase: "collect", event: "update" },
  { phase: "propose, after the manifest was signed", event: "manifest" },
  { phase: "propose, after its own candidate was signed", event: "candidate" },
  { phase: "vote", event: "vote" },
  { phase: "settle", event: "settled" },
] as const;

/** Longer than a node waits between two readings of the chain, shorter than a request may take. */
const CHAIN_PAUSE_MS = 6_000;

/** What a restart must leave of a round: agreed, by both, with every update that was acknowledged. */
function checkRecovered(record: RoundRecord): void {
  const { round } = record;
  must(record.status === "agreed", `round ${round} is agreed (it is ${record.status})`);
  const winner = record.candidates.find(({ id }) => id === record.winner)!;
  must(winner.candidate.updateCount === 3, `round ${round} lost no acknowledged update`);
  must(record.countedVotes.length >= 2, `round ${round} counted both votes`);
}

/** Index of the primary, once it has reported an event; of whoever reports a settlement, which anyone may send. */
async function primaryThatReports(
  flow: Flow,
  followers: readonly LogFollower[],
  { event, round }: { readonly event: string; readonly round: number },
): Promise<number> {
  if (event === "settled") return minerThatReports(followers, event, round);
  await until(flow, ({ latestRound }) => latestRound >= BigInt(round), `round ${round} is open`);
  const [address] = (await flow.chain.round(BigInt(round))).order!;
  const primary = flow.federation.miners.findIndex(({ wallet }) => sameHex(wallet.address, address!));
  await minerThatReports([followers[primary]!], event, round);
  return primary;
}

const killedInEachPhase: Scenario = {
  name: "killed-in-each-phase",
  what: "in each of five rounds the primary is killed in another phase and started again",
  settings: { rounds: MOMENTS.length + 1 },
  async run(flow) {
    const followers = followersOf(flow);
    for (const [index, { phase, event }] of MOMENTS.entries()) {
      const round = index + 1;
      const victim = await primaryThatReports(flow, followers, { event, round });
      await killMiner(flow, victim);
      restartMiner(flow, victim);
      const record = await flow.ended(round);
      checkRecovered(record);
      // Whoever is not back in time for the manifest may post a rival; it must not win with fewer updates.
      if (event !== "update") must(record.candidates.length === 1, `one candidate after a kill in ${phase}`);
    }
    checkRecovered(await flow.ended(MOMENTS.length + 1));
    await checkSignatures(flow);
    return `the primary killed after ${MOMENTS.map(({ event }) => event).join(", ")}; every round agreed, all updates in`;
  },
};

const primaryKilled: Scenario = {
  name: "primary-killed",
  what: "the primary is killed once its manifest is signed, and stays away until the round has ended",
  settings: { rounds: 3, miners: 2 },
  async run(flow) {
    const followers = followersOf(flow);
    const first = await minerThatReports(followers, "manifest", 1);
    const order = (await flow.chain.round(1n)).order!;
    const isPrimary = (index: number) =>
      flow.federation.miners[index]!.wallet.address.toLowerCase() === order[0]!.toLowerCase();
    const victim = isPrimary(first) ? first : 1 - first;
    await killMiner(flow, victim);
    const record = await flow.ended(1);
    // The secondary alone can't agree anything among two: half of the weight is away.
    must(["agreed", "failed"].includes(record.status), "the round ended by its deadlines");
    must(record.status === "failed" || record.countedVotes.length === 2, "nothing agreed by one miner alone");
    restartMiner(flow, victim);
    for (let round = 2; ; round++) {
      const next = await flow.ended(round);
      if (next.status === "agreed") break;
      must(round < 6, "a round is agreed after the restart");
    }
    await checkSignatures(flow);
    return `round 1 ${record.status} without it, agreed again once it was back`;
  },
};

const bothKilled: Scenario = {
  name: "both-miners-killed",
  what: "both miners are killed at the same time, with a round half done, and started again",
  settings: { rounds: 3, miners: 2 },
  async run(flow) {
    await minerThatReports(followersOf(flow), "candidate", 1);
    await Promise.all([0, 1].map((index) => killMiner(flow, index)));
    for (const index of [0, 1]) restartMiner(flow, index);
    const record = await flow.ended(1);
    checkRecovered(record);
    checkRecovered(await flow.ended(2));
    await checkSignatures(flow);
    return "the round goes on from journals, blocks and chain, and is agreed with all updates";
  },
};

const emptyDisk: Scenario = {
  name: "empty-disk",
  what: "a miner loses its disk, all but its key, and starts again",
  settings: { rounds: 6, miners: 2 },
  async run(flow) {
    await minerThatReports(followersOf(flow), "settled", 1);
    await killMiner(flow, 1);
    const folder = join(flow.options.out, "miners", "2");
    const lost = readdirSync(folder).filter((name) => !["key.json", "password"].includes(name));
    must(lost.includes("blocks"), "there was something to lose");
    for (const name of lost) rmSync(join(folder, name), { recursive: true });
    const before = (await flow.chain.currentRound())!;
    restartMiner(flow, 1);
    // A slow start may miss a round as proposer.
    for (const round of [2, 3, 4, 5]) {
      const record = await flow.ended(round);
      const winner = record.candidates.find(({ id }) => id === record.winner);
      if (winner?.signers.length === 2) {
        await checkSignatures(flow);
        const fresh = journalOf(flow, 1).filter(({ message }) => message.openingHash === before.openingHash);
        must(
          fresh.every(({ kind }) => kind === "Receipt" || kind === "Silence"),
          `it signed nothing of round ${before.round}, which was open`,
        );
        return `lost ${lost.join(", ")}; silent in round ${before.round}, then signed round ${round} with the other`;
      }
    }
    must(false, "it signs one of the next four rounds");
    return "";
  },
};

const chainPaused: Scenario = {
  name: "chain-away",
  what: `the chain's node stops answering for ${CHAIN_PAUSE_MS / 1_000} s in the middle of a round`,
  settings: { rounds: 3, miners: 2 },
  async run(flow) {
    await minerThatReports(followersOf(flow), "manifest", 1);
    flow.supervisor.kill("chain", "SIGSTOP");
    await sleep(CHAIN_PAUSE_MS);
    flow.supervisor.kill("chain", "SIGCONT");
    checkRecovered(await flow.ended(1));
    checkRecovered(await flow.ended(2));
    await checkSignatures(flow);
    return "the miners wait, the round is agreed with all updates, the next too";
  },
};

export const CRASHES = [killedInEachPhase, primaryKilled, bothKilled, emptyDisk, chainPaused];
