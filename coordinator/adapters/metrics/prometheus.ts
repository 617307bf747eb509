import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Metrics, MetricsSources } from "../../ports/metrics.ts";
import type { ReplicaMetrics } from "../../ports/replica-metrics.ts";
import { reasonName } from "../../protocol/round/messages.ts";
import { addReplicaMeters } from "./replica-meters.ts";
import { addSources } from "./sources.ts";

/** Rounds of the demo take seconds, those of a real federation hours. */
const PHASE_BUCKETS_SECONDS = [1, 2, 5, 10, 20, 60, 300, 1_800, 3_600, 14_400, 86_400];

/** Metrics in Prometheus' text format, version 0.0.4. */
export interface PrometheusMetrics extends Metrics {
  /** Of the replica in the same process. */
  readonly replica: ReplicaMetrics;
  readonly contentType: string;
  /** All metrics as they are now. A source that cannot be read keeps its last figures. */
  page(): Promise<string>;
}

export function createPrometheusMetrics(sources: MetricsSources): PrometheusMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const meters = createMeters(registry);
  const readSources = addSources(registry, sources);
  let shown: string | undefined;
  return {
    replica: addReplicaMeters(registry),
    contentType: registry.contentType,
    async page() {
      await readSources();
      return registry.metrics();
    },
    round: ({ status, reason }) => meters.rounds.inc({ outcome: status, reason }),
    phase(round, phase) {
      if (round !== null) meters.round.set(Number(round));
      if (shown) meters.phase.set({ phase: shown }, 0);
      meters.phase.set({ phase }, 1);
      shown = phase;
    },
    phaseEnded: (phase, seconds) => meters.phaseSeconds.observe({ phase }, seconds),
    vote: (support, reason) =>
      meters.votes.inc({ support: support ? "yes" : "no", reason: reasonName(reason) }),
    upload: (code) => meters.uploads.inc({ code }),
    failure(doing, code) {
      meters.failures.inc({ doing, code });
      if (code.startsWith("RPC_")) meters.rpcErrors.inc({ code });
    },
    chainReachable: (reachable) => meters.chain.set(reachable ? 1 : 0),
    watched: (result) => meters.watched.inc({ result }),
  };
}

function createMeters(registry: Registry) {
  const registers = [registry];
  const counter = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Counter({ name: `quorate_${name}`, help, labelNames, registers });
  const gauge = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Gauge({ name: `quorate_${name}`, help, labelNames, registers });
  return {
    rounds: counter("rounds_total", "Rounds that ended or were taken back", ["outcome", "reason"]),
    round: gauge("round", "The open round, or the last one", []),
    phase: gauge("round_phase", "1 for the phase the round is in", ["phase"]),
    phaseSeconds: new Histogram({
      name: "quorate_phase_seconds",
      help: "Host time spent in a phase of a round",
      labelNames: ["phase"],
      buckets: PHASE_BUCKETS_SECONDS,
      registers,
    }),
    votes: counter("votes_total", "Votes that became known, own ones too", ["support", "reason"]),
    uploads: counter("uploads_total", "Uploads by answer: ACCEPTED or an error code", ["code"]),
    failures: counter("failures_total", "Work that failed and is tried again", ["doing", "code"]),
    rpcErrors: counter("rpc_errors_total", "Failures of the chain's RPC node", ["code"]),
    chain: gauge("chain_reachable", "1 if the chain answered the last reading", []),
    watched: counter("watched_candidates_total", "Candidates recomputed, by result", ["result"]),
  };
}
