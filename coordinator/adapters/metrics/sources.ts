import { Counter, Gauge, type Registry } from "prom-client";
import type { MetricsSources } from "../../ports/metrics.ts";

/** How long a reading of the chain may hold up a page, milliseconds. */
const READ_TIMEOUT_MS = 2_000;
/** Tokens and WAD have 18 decimals; a float is exact enough for a chart. */
const UNIT = 1e18;
/** Proofs of a fault, by the method that files them. */
const PROOF = /^(prove|refute)|^accuse$/;

/** Adds what is read when a page is asked for; returns how to read it. */
export function addSources(registry: Registry, sources: MetricsSources): () => Promise<void> {
  const registers = [registry];
  const reads = [
    addLedger(registers, sources),
    addStanding(registers, sources),
    addSlashes(registers, sources),
  ];
  return async () => {
    await Promise.all(reads.map((read) => inTime(read)));
  };
}

/** The ledger knows every transaction, those before a restart too: the sums are taken anew. */
function addLedger(registers: Registry[], { ledger }: MetricsSources): () => Promise<void> {
  const counter = <T extends string>(name: string, help: string, labelNames: T[]) =>
    new Counter({ name: `quorate_${name}`, help, labelNames, registers });
  const transactions = counter("transactions_total", "This miner's transactions", ["method", "status"]);
  const gas = counter("gas_used_total", "Gas of this miner's transactions, failed ones too", ["method"]);
  const proofs = counter("proofs_filed_total", "Proofs of faults this miner sent", ["method", "status"]);
  return async () => {
    for (const meter of [transactions, gas, proofs]) meter.reset();
    for (const { method, status, gasUsed } of ledger()) {
      transactions.inc({ method, status });
      gas.inc({ method }, Number(gasUsed));
      if (PROOF.test(method)) proofs.inc({ method, status });
    }
  };
}

function addStanding(registers: Registry[], { miner }: MetricsSources): () => Promise<void> {
  const gauge = (name: string, help: string) => new Gauge({ name: `quorate_miner_${name}`, help, registers });
  const stake = gauge("stake_tokens", "Bonded stake of this miner");
  const reputation = gauge("reputation", "Reputation of this miner, 0.1 to 2");
  const weight = gauge("weight_tokens", "Stake times reputation as it counts in the round, 0 without a seat");
  return async () => {
    const record = await miner();
    if (!record) return;
    stake.set(Number(record.stake) / UNIT);
    reputation.set(Number(record.reputation) / UNIT);
    weight.set(Number(record.weight) / UNIT);
  };
}

function addSlashes(registers: Registry[], { slashed }: MetricsSources): () => Promise<void> {
  const help = "Taken from a miner for proven faults, ever";
  const meter = new Gauge({ name: "quorate_slashed_tokens", help, labelNames: ["miner"], registers });
  return async () => {
    for (const [miner, amount] of await slashed()) meter.set({ miner }, Number(amount) / UNIT);
  };
}

/** Reads, but fails and takes long without holding up the page: it must come while the chain is away. */
async function inTime(read: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, READ_TIMEOUT_MS);
  });
  await Promise.race([read().catch(() => undefined), late]);
  clearTimeout(timer);
}
