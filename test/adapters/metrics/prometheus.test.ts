import { readFileSync } from "node:fs";
import { expect } from "chai";
import { createPrometheusMetrics } from "../../../coordinator/adapters/metrics/prometheus.ts";
import { type MetricsServer, serveMetrics } from "../../../coordinator/adapters/metrics/server.ts";
import type { MinerRecord } from "../../../coordinator/ports/chain.ts";
import type { LedgerRow } from "../../../coordinator/protocol/ledger/row.ts";
import { REASON } from "../../../coordinator/protocol/round/messages.ts";
import { expectRejection } from "../../ports/expect-rejection.ts";
import { MINER } from "../http/fixtures.ts";
import { readMetrics } from "./read-metrics.ts";

const ONE = 10n ** 18n;
const DASHBOARD = new URL("../../../docs/grafana-dashboard.json", import.meta.url);

const sent = (method: string, gasUsed: bigint, status: LedgerRow["status"] = "success") =>
  ({ method, gasUsed, status }) as LedgerRow;

describe("the metrics of a miner", () => {
  let rows: LedgerRow[];
  let chain: "up" | "down" | "hung";
  let server: MetricsServer;
  let metrics: ReturnType<typeof createPrometheusMetrics>;

  const read = async <T>(value: T): Promise<T> => {
    if (chain === "down") throw new Error("the chain is away");
    return chain === "hung" ? new Promise<T>(() => undefined) : value;
  };
  const record = { stake: 1_000n * ONE, reputation: ONE / 2n, weight: 500n * ONE } as MinerRecord;

  beforeEach(async () => {
    rows = [];
    chain = "up";
    metrics = createPrometheusMetrics({
      ledger: () => rows,
      miner: () => read(record),
      slashed: () => read(new Map([[MINER, 500n * ONE]])),
    });
    server = await serveMetrics(metrics, { host: "127.0.0.1", port: 0, allowRemote: false });
  });
  afterEach(() => server.stop());

  it("counts what happens, by reason and code", async () => {
    metrics.round({ round: 1n, status: "failed", reason: "NO_CANDIDATE" });
    metrics.round({ round: 2n, status: "agreed", reason: "AGREED" });
    metrics.vote(false, REASON.coordinate);
    metrics.upload("ACCEPTED");
    metrics.upload("UPDATE_OVER_CAP");
    metrics.failure("reading the chain", "RPC_UNREACHABLE");
    metrics.failure("vote", "VOTE_WITHHELD");
    metrics.watched("proven");
    metrics.chainReachable(false);
    const page = await readMetrics(server.url);
    expect(page.get('quorate_rounds_total{outcome="failed",reason="NO_CANDIDATE"}')).to.equal(1);
    expect(page.get('quorate_rounds_total{outcome="agreed",reason="AGREED"}')).to.equal(1);
    expect(page.get('quorate_votes_total{support="no",reason="coordinate"}')).to.equal(1);
    expect(page.get('quorate_uploads_total{code="ACCEPTED"}')).to.equal(1);
    expect(page.get('quorate_uploads_total{code="UPDATE_OVER_CAP"}')).to.equal(1);
    expect(page.get('quorate_failures_total{doing="vote",code="VOTE_WITHHELD"}')).to.equal(1);
    expect(page.get('quorate_rpc_errors_total{code="RPC_UNREACHABLE"}')).to.equal(1);
    expect(page.get('quorate_rpc_errors_total{code="VOTE_WITHHELD"}')).to.equal(undefined);
    expect(page.get('quorate_watched_candidates_total{result="proven"}')).to.equal(1);
    expect(page.get("quorate_chain_reachable")).to.equal(0);
  });

  it("shows how far its replica is, and what that refused", async () => {
    metrics.replica.committed(64, 3, 500);
    metrics.replica.committed(65, 4, 10);
    metrics.replica.refused("PEER_FLOODS");
    metrics.replica.refused("PEER_FLOODS");
    metrics.replica.contradicted("vote");
    const page = await readMetrics(server.url);
    expect(page.get("quorate_replica_height")).to.equal(65);
    expect(page.get("quorate_replica_view")).to.equal(4);
    expect(page.get("quorate_replica_operations_total")).to.equal(510);
    expect(page.get('quorate_replica_refused_total{code="PEER_FLOODS"}')).to.equal(2);
    expect(page.get('quorate_replica_contradictions_total{kind="vote"}')).to.equal(1);
  });

  it("shows the phase it is in, and how long the others took", async () => {
    metrics.phase("7", "collect");
    metrics.phaseEnded("collect", 4);
    metrics.phase("7", "vote");
    const page = await readMetrics(server.url);
    expect(page.get("quorate_round")).to.equal(7);
    expect(page.get('quorate_round_phase{phase="collect"}')).to.equal(0);
    expect(page.get('quorate_round_phase{phase="vote"}')).to.equal(1);
    expect(page.get('quorate_phase_seconds_sum{phase="collect"}')).to.equal(4);
    expect(page.get('quorate_phase_seconds_bucket{le="5",phase="collect"}')).to.equal(1);
    expect(page.get('quorate_phase_seconds_bucket{le="2",phase="collect"}')).to.equal(0);
  });

  it("reads ledger and chain when it is asked, the same whether once or often", async () => {
    rows.push(sent("settle", 100n), sent("settle", 20n, "reverted"), sent("proveAggregate", 7n));
    await readMetrics(server.url);
    const page = await readMetrics(server.url);
    expect(page.get('quorate_gas_used_total{method="settle"}')).to.equal(120);
    expect(page.get('quorate_transactions_total{method="settle",status="reverted"}')).to.equal(1);
    expect(page.get('quorate_proofs_filed_total{method="proveAggregate",status="success"}')).to.equal(1);
    expect(page.get('quorate_proofs_filed_total{method="settle",status="success"}')).to.equal(undefined);
    expect(page.get("quorate_miner_stake_tokens")).to.equal(1_000);
    expect(page.get("quorate_miner_reputation")).to.equal(0.5);
    expect(page.get("quorate_miner_weight_tokens")).to.equal(500);
    expect(page.get(`quorate_slashed_tokens{miner="${MINER}"}`)).to.equal(500);
  });

  it("answers while the chain is away, with what it knew", async () => {
    await readMetrics(server.url);
    for (const state of ["down", "hung"] as const) {
      chain = state;
      expect((await readMetrics(server.url)).get("quorate_miner_stake_tokens")).to.equal(1_000);
    }
  });

  it("serves nothing else, and loopback only unless told otherwise", async () => {
    const { origin } = new URL(server.url);
    expect((await fetch(origin)).status).to.equal(404);
    expect((await fetch(server.url, { method: "POST" })).status).to.equal(404);
    const { port } = new URL(server.url);
    const taken = { host: "127.0.0.1", port: Number(port), allowRemote: false };
    await expectRejection("PORT_IN_USE", serveMetrics(metrics, taken));
    const remote = { host: "0.0.0.0", port: 0, allowRemote: false };
    await expectRejection("HOST_NOT_LOOPBACK", serveMetrics(metrics, remote));
  });

  it("has every metric that the example dashboard names", async () => {
    const text = readFileSync(DASHBOARD, "utf8");
    const { panels } = JSON.parse(text) as { panels: { targets: { expr: string }[] }[] };
    const named = new Set(
      panels.flatMap(({ targets }) =>
        targets.flatMap(({ expr }) => expr.match(/\b(quorate|process|nodejs)_\w+/g) ?? []),
      ),
    );
    expect(named.size).to.be.greaterThan(20);
    const page = await (await fetch(server.url)).text();
    const exist = [...page.matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name, type]) =>
      type === "histogram" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name!],
    );
    for (const name of named) expect(exist).to.include(name);
    // The other way round: what is measured of the protocol is shown.
    for (const name of exist.filter((metric) => metric.startsWith("quorate_"))) expect(text).to.contain(name);
  });
});
