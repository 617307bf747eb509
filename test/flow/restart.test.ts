import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { startMiner } from "../../scripts/demo/federation.ts";
import { LogFollower, type ProcessEvent } from "../../scripts/demo/log-follower.ts";
import { quorate } from "../cli/quorate.ts";
import { type Flow, startFlow } from "./harness.ts";

/** The moments at which a miner is killed, one a round: the event it has just reported, in the course of a round. */
const MOMENTS = [
  { phase: "collect", event: "update" },
  { phase: "propose, after the manifest was signed", event: "manifest" },
  { phase: "propose, after its own candidate was signed", event: "candidate" },
  { phase: "vote", event: "vote" },
  { phase: "settle", event: "settled" },
] as const;

const EVENT_TIMEOUT_MS = 45_000;
const POLL_MS = 10;

describe("a miner killed in each phase and started again", function () {
  this.timeout(240_000);
  let flow: Flow;
  let followers: LogFollower[];

  before(async () => {
    flow = await startFlow({ rounds: MOMENTS.length + 1 });
    followers = [1, 2].map((index) => new LogFollower(join(flow.options.out, "logs", `miner-${index}.log`)));
  });
  after(() => flow?.stop());

  /** Index of the first miner that reports `event` for `round`. */
  async function minerThatReports(event: string, round: number): Promise<number> {
    const until = Date.now() + EVENT_TIMEOUT_MS;
    const matches = (entry: ProcessEvent) => entry.event === event && Number(entry.round) === round;
    for (;;) {
      const found = followers.findIndex((follower) => follower.read().some(matches));
      if (found >= 0) return found;
      if (Date.now() > until) throw new Error(`no miner reported ${event} in round ${round}`);
      await sleep(POLL_MS);
    }
  }

  for (const [index, { phase, event }] of MOMENTS.entries())
    it(`goes on after a kill in ${phase}`, async () => {
      const round = index + 1;
      const victim = await minerThatReports(event, round);
      const name = `miner-${victim + 1}`;
      flow.supervisor.kill(name, "SIGKILL");
      await flow.supervisor.waitForExit(name);
      startMiner(flow.options, flow.supervisor, flow.federation, victim);
      const record = await flow.ended(round);
      expect(record.status).to.equal("agreed");
      expect(record.candidates).to.have.length(1);
      expect(record.candidates[0]!.candidate.updateCount, "no acknowledged update is lost").to.equal(3);
      expect(record.countedVotes).to.have.length(2);
    });

  it("never signed two things for one slot, and left nothing an auditor would refuse", async () => {
    const last = await flow.ended(MOMENTS.length + 1);
    expect(last.status).to.equal("agreed");
    for (const index of [1, 2]) {
      const log = readFileSync(join(flow.options.out, "logs", `miner-${index}.log`), "utf8");
      expect(log).not.to.contain("DOUBLE_SIGNATURE");
      expect(log).not.to.contain("JOURNAL_CORRUPT");
    }
    for (const round of [3, 5]) {
      const { code, out } = await quorate(["verify", "--round", String(round), ...flow.at]);
      expect(code, out).to.equal(0);
    }
  });
});
