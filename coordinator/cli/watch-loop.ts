import { setTimeout as sleep } from "node:timers/promises";
import type { QuorateReader } from "../adapters/chain/reader.ts";
import type { Logger } from "../ports/logger.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Hex } from "../protocol/bytes.ts";
import { countedCode, isQuorateError } from "../protocol/errors.ts";
import { createWatch, type WatchDeps, type WatchEvent } from "../watch/watch.ts";
import type { MinerWatchEvent } from "../watch/watch-miners.ts";
import type { Report } from "./report-lines.ts";
import { describePlace, formatTokens, shorten } from "./text.ts";

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
      const { number } = await deps.chain.latestBlock();
      // The time the next block would carry: an answer's time runs out though no block comes.
      if (number !== lastBlock || watch.waiting()) await watch.inspect(await deps.chain.pendingTime());
      lastBlock = number;
    } catch (error) {
      if (signal.aborted) return;
      // A fault here must not take a miner's node down with it.
      const code = isQuorateError(error) ? error.code : "UNEXPECTED";
      const { message } = error as Error;
      report("watch-error", { code, message }, `watch: ${message}`);
      logger?.warn({ phase: "challenge", code, error: message }, "watch-error");
      metrics?.failure("watch", countedCode(error));
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

export function describeWatchEvent(event: WatchEvent): string {
  if ("miner" in event) return describeMiner(event);
  const what = `round ${event.round}: candidate ${shorten(event.candidate)}`;
  switch (event.kind) {
    case "right":
      return `${what} is what its updates give`;
    case "wrong":
      return `${what} is wrong at ${describePlace(event)}`;
    case "proven":
      return `${what} proven wrong in ${describeProof(event)}`;
    case "unproven":
      return `${what} not proven: ${event.message}`;
    case "accused":
      return `${what}: somebody its proof left out accused in ${shorten(event.transaction)} (${event.gas} gas)`;
    case "asked":
      return `${what}: leaf ${event.leaf} of ${describeModel(event.index)} asked for in ${shorten(event.transaction)}, ${event.gas} gas and a bond`;
    case "withheld":
      return `${what}: not shown in time, concluded in ${shorten(event.transaction)} (${event.gas} gas)`;
    case "bond-released":
      return `${what}: bond taken back in ${shorten(event.transaction)}`;
    case "undecided":
      return `${what}: request not made or not decided: ${event.message}`;
  }
}

/** The model a leaf is asked of. */
export function describeModel(index: number | null): string {
  return index === null ? "its model" : `update ${index}`;
}

function describeMiner(event: MinerWatchEvent): string {
  const who = `round ${event.round}: miner ${shorten(event.miner)}`;
  switch (event.kind) {
    case "double-signature":
      return `${who} signed two messages where one is allowed (${event.message})`;
    case "false-no":
      return `${who} says no to ${event.reason} ${event.index} of candidate ${shorten(event.candidate)}, which is right`;
    case "punished":
      return `${who} slashed in ${describeProof(event)}`;
    case "unpunished":
      return `${who} not slashed: ${event.message}`;
  }
}

function describeProof({
  transaction,
  gas,
  bounty,
}: {
  transaction: Hex;
  gas: bigint;
  bounty: bigint;
}): string {
  return `${shorten(transaction)} (${gas} gas with the commitment, bounty ${formatTokens(bounty)} tokens)`;
}
