import type { QuorateWriter } from "../../adapters/chain/writer.ts";
import { createPrometheusMetrics, type PrometheusMetrics } from "../../adapters/metrics/prometheus.ts";
import { serveMetrics } from "../../adapters/metrics/server.ts";
import type { MinerRecord } from "../../ports/chain.ts";
import type { GasLedger } from "../../ports/ledger.ts";
import type { Logger } from "../../ports/logger.ts";
import type { Metrics } from "../../ports/metrics.ts";
import { sameHex } from "../../protocol/bytes.ts";
import { createRoundOutcomes } from "../../watch/round-outcomes.ts";
import type { Cleanup } from "../cleanup.ts";
import type { Report } from "../report-lines.ts";
import type { MinerRunOptions } from "./run.ts";

export interface Metered {
  readonly metrics: PrometheusMetrics;
  /** Where the page is; undefined without --metrics-port. */
  readonly url?: string;
}

/** The metrics of a miner, and with --metrics-port their page. */
export async function openMetrics(
  options: MinerRunOptions,
  from: { readonly chain: QuorateWriter; readonly ledger: GasLedger; readonly record: MinerRecord },
  cleanup: Cleanup,
): Promise<Metered> {
  const { chain, ledger, record } = from;
  const metrics = createPrometheusMetrics({
    ledger: () => ledger.rows(),
    miner: async () => (await chain.miners()).find(({ miner }) => sameHex(miner, record.miner)),
    async slashed() {
      const { miners } = await chain.recentView();
      return new Map([...miners].map(([miner, { slashed }]) => [miner, slashed]));
    },
  });
  if (options.metricsPort === undefined) return { metrics };
  const where = { host: options.metricsHost, port: options.metricsPort };
  const server = await serveMetrics(metrics, { ...where, allowRemote: options.allowRemote === true });
  cleanup.add(() => server.stop());
  return { metrics, url: server.url };
}

/** Tells metrics, log and output how rounds ended, and why. Call what it returns whenever a round may have changed. */
export function followOutcomes(deps: {
  readonly chain: QuorateWriter;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly report: Report;
}): () => Promise<void> {
  const { chain, metrics, logger, report } = deps;
  const look = createRoundOutcomes((outcome) => {
    const { status, reason } = outcome;
    const fields = { round: String(outcome.round), status, reason };
    metrics.round(outcome);
    logger.info({ ...fields, phase: "ended" }, "outcome");
    report("outcome", fields, `round ${fields.round}: ${status}, ${reason}`);
  });
  return async () => {
    try {
      look(await chain.recentView());
    } catch (cause) {
      // The next change of a round brings the next look, which tells what this one would have.
      logger.debug({ cause: String(cause) }, "the outcomes of rounds could not be read");
    }
  };
}
