import { sameHex } from "../protocol/bytes.ts";
import type { Jobs } from "./jobs.ts";
import { minerOf, type Snapshot } from "./round-watch.ts";
import type { MinerDeps } from "./types.ts";

/** How often absences are counted, milliseconds. */
const COUNT_EVERY_MS = 5_000;

/** Brings this miner back after an absence, and has others deactivated that are away: they would stop the rounds. */
export interface Attendance {
  /** `wait`: true once it has been this miner's turn for that long, so that not all send the same. */
  step(snapshot: Snapshot, jobs: Jobs, wait: (key: string) => boolean): void;
}

export function createAttendance(deps: Pick<MinerDeps, "chain" | "clock" | "logger" | "config">): Attendance {
  const { chain, clock, config, logger } = deps;
  let countedAt = Number.NEGATIVE_INFINITY;
  let warned = false;
  let absent: Awaited<ReturnType<typeof chain.absentees>> = [];

  const count = async (): Promise<void> => {
    absent = await chain.absentees();
  };

  const comeBack = (jobs: Jobs): void => {
    if (sameHex(chain.account, config.miner)) {
      jobs.ensure("reactivate", async () => void (await chain.reactivate()));
      return;
    }
    if (!warned)
      logger.warn(
        { miner: config.miner },
        "deactivated for absence: its owner must call quorate miner reactivate",
      );
    warned = true;
  };

  return {
    step(snapshot, jobs, wait) {
      const self = minerOf(snapshot, config.miner);
      if (self?.mayReturn) comeBack(jobs);
      if (!self?.active) return;
      if (clock.now() - countedAt >= COUNT_EVERY_MS) {
        countedAt = clock.now();
        count().catch((cause) => logger.debug({ cause: String(cause) }, "counting absences failed"));
      }
      for (const { miner, asOfRound } of absent) {
        const key = `deactivate:${miner}:${asOfRound}`;
        const record = minerOf(snapshot, miner);
        const keeps = record?.activeNext ?? record?.active;
        if (sameHex(miner, config.miner) || !keeps || !wait(key)) continue;
        jobs.ensure(key, async () => void (await chain.deactivate(miner, asOfRound)));
      }
    },
  };
}
