import type { Clock } from "../ports/clock.ts";
import type { Logger } from "../ports/logger.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { MinerPhase } from "./types.ts";

/** Where a miner is: the round, and the phase it is in. */
export interface Place {
  readonly round: string | null;
  readonly phase: MinerPhase;
}

/** Follows the phases of rounds, for log and metrics. Call it after every reading of the chain. */
export function createProgress(deps: {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics | undefined;
}): (place: Place) => void {
  let current: (Place & { readonly since: number }) | undefined;
  return ({ round, phase }) => {
    if (current?.round === round && current.phase === phase) return;
    const now = deps.clock.now();
    const seconds = current && (now - current.since) / 1_000;
    if (current) deps.metrics?.phaseEnded(current.phase, seconds!);
    deps.metrics?.phase(round, phase);
    const before = current && { before: current.phase, seconds };
    deps.logger.info({ round, phase, ...before }, "phase");
    current = { round, phase, since: now };
  };
}

/** A logger whose every line tells round and phase, unless the line says itself what round it is about. */
export function placedLogger(logger: Logger, place: () => Place): Logger {
  const write =
    (level: keyof Logger): Logger["info"] =>
    (fields, message) =>
      logger[level]({ ...place(), ...fields }, message);
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}
