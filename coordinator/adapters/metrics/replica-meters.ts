import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { ReplicaMetrics } from "../../ports/replica-metrics.ts";

/** A replica's metrics in Prometheus' text format, for one that runs alone. */
export interface ReplicaPage extends ReplicaMetrics {
  readonly contentType: string;
  page(): Promise<string>;
}

export function createReplicaPage(): ReplicaPage {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const meters = addReplicaMeters(registry);
  return { ...meters, contentType: registry.contentType, page: () => registry.metrics() };
}

/** Adds what a replica counts. Codes and kinds are a fixed few: others can't make labels. */
export function addReplicaMeters(registry: Registry): ReplicaMetrics {
  const registers = [registry];
  const counter = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Counter({ name: `quorate_replica_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string) =>
    new Gauge({ name: `quorate_replica_${name}`, help, registers });
  const refused = counter("refused_total", "What others sent and was not taken, by code", ["code"]);
  const contradictions = counter("contradictions_total", "Members that contradicted themselves", ["kind"]);
  const operations = counter("operations_total", "Operations executed since the start", []);
  const heights = gauge("height", "Newest height committed here");
  const views = gauge("view", "View of the newest height");
  return {
    committed(height, view, executed) {
      heights.set(height);
      views.set(view);
      operations.inc(executed);
    },
    refused: (code) => refused.inc({ code }),
    contradicted: (kind) => contradictions.inc({ kind }),
  };
}
