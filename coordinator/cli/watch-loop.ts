import { setTimeout as sleep } from "node:timers/promises";
import type { QuorateReader } from "../adapters/chain/reader.ts";
import type { Logger } from "../ports/logger.ts";
import type { Metrics } from "../ports/metrics.ts";
import { isQuorateError } from "../protocol/errors.ts";
import { createWatch, type WatchDeps, type WatchEvent } from "../watch/watch.ts";
import type { Report } from "./report-lines.ts";
import { describePlace, shorten } from "./text.ts";

const POLL_MS = 1_000;

export interface WatchLoop extends Omit<WatchDeps, "emit"> {
  readonly chain: QuorateReader;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** Absent: only reports. */
  readonly metrics?: Metrics;
  readonly logger?: Logger;
}

/** Looks at contestable candidates until stopped; a node that is away is waited for. */
export async function watchLoop({ report, signal, metrics, logger, ...deps }: WatchLoop): Promise<void> {
  const emit = (event: WatchEvent) => {
    const { kind, ...fields } = event;
    report(`watch-${kind}`, fields, describeWatchEvent(event));
    logger?.info({ ...fields, phase: "challenge" }, `watch-${kind}`);
    metrics?.watched(kind);
  };
  const watch = createWatch({ ...deps, emit });
  let lastBlock = -1;
  while (!signal.aborted) {
    try {
      const { number, timestamp } = await deps.chain.latestBlock();
      if (number !== lastBlock) await watch.inspect(timestamp);
      lastBlock = number;
    } catch (error) {
      if (signal.aborted) return;
      // A fault here must not take a miner's node down with it.
      const code = isQuorateError(error) ? error.code : "UNEXPECTED";
      const { message } = error as Error;
      report("watch-error", { code, message }, `watch: ${message}`);
      logger?.warn({ phase: "challenge", code, error: message }, "watch-error");
      metrics?.failure("watch", code);
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

export function describeWatchEvent(event: WatchEvent): string {
  const what = `round ${event.round}: candidate ${shorten(event.candidate)}`;
  switch (event.kind) {
    case "right":
      return `${what} is what its updates give`;
    case "wrong":
      return `${what} is wrong at ${describePlace(event)}`;
    case "proven":
      return `${what} proven wrong in ${shorten(event.transaction)} (${event.gas} gas)`;
    case "unproven":
      return `${what} not proven: ${event.message}`;
  }
}
