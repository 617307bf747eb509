import { execFileSync } from "node:child_process";
import type { Flow } from "./flow.ts";
import { checkSignatures, followersOf, logOf, minerThatReports } from "./miners.ts";
import { agreedRounds, must, type Scenario, until } from "./scenario.ts";

/** Bytes: below a model's, above what journal and log have. */
const FULL_BYTES = 600_000;

const unreachablePeer: Scenario = {
  name: "ipfs-peer-unreachable",
  what: "one of three miners takes updates and votes, but nobody can fetch a file from it, by HTTP or IPFS",
  settings: {
    rounds: 4,
    miners: 3,
    // Without its addresses nobody finds its IPFS node either. The first is the one that has the task's files.
    tap: (index) => (index === 1 ? { refuses: (path) => /^\/v1\/(content|info)/.test(path) } : {}),
  },
  async run(flow) {
    const view = await until(flow, (now) => agreedRounds(now).length >= 3, "three agreed rounds");
    for (const { countedVotes, round } of agreedRounds(view))
      must(countedVotes.length === 3, `all three vote in round ${round}`);
    await checkSignatures(flow);
    return "the others fetch from each other; every round is agreed with all three votes";
  },
};

/** Sets how large a file of a running miner may grow: as if the disk had no more room. */
function limitFiles({ supervisor }: Flow, index: number, bytes: number | "unlimited"): void {
  const { pid } = supervisor.running().find(({ name }) => name === `miner-${index + 1}`)!;
  execFileSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:unlimited`]);
}

const fullDisk: Scenario = {
  name: "disk-full",
  what: "the system refuses one of two miners to write, in the middle of a round, until a round has failed for it",
  settings: { rounds: 6, miners: 2 },
  async run(flow) {
    await minerThatReports(followersOf(flow), "settled", 1);
    limitFiles(flow, 1, FULL_BYTES);
    const failed = await until(
      flow,
      (now) => [...now.rounds.values()].some(({ status }) => status === "failed"),
      "a round fails for want of its vote",
    );
    const named = /STORE_UNWRITABLE|JOURNAL_UNWRITABLE|cannot be stored \(EFBIG\)/.exec(logOf(flow, 1));
    must(named !== null, "the trouble is named in its log");
    const before = agreedRounds(failed).length;
    limitFiles(flow, 1, "unlimited");
    await until(flow, (now) => agreedRounds(now).length > before, "agreed again once there is room");
    await checkSignatures(flow);
    return `named in its log (${named![0]}); nothing signed that was not written, agreed again with room`;
  },
};

export const OUTAGES = [unreachablePeer, fullDisk];
