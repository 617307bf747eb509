import { getAddress } from "ethers";
import { cidOfDigest } from "../../coordinator/adapters/ipfs/cid.ts";
import { FEDAVG, formatRule } from "../../coordinator/protocol/aggregation/rule.ts";
import { sameHex } from "../../coordinator/protocol/bytes.ts";
import { gasOfRound } from "../../coordinator/protocol/ledger/report.ts";
import type { LedgerRow } from "../../coordinator/protocol/ledger/row.ts";
import type { ManifestFile, Selection } from "../../coordinator/protocol/round/manifest-file.ts";
import type { FederationView, RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import { isFinal, tallyOf, weightOf, winnerOf } from "../../coordinator/protocol/views/queries.ts";
import { REPORT_SCHEMA_VERSION, type Report, type ReportRound } from "./report-schema.ts";

/** Everything a report is made of. */
export interface ReportInputs {
  readonly chainId: number;
  readonly contracts: Readonly<Record<string, string>>;
  readonly view: FederationView;
  /** Block time, seconds: what is final is judged by it. */
  readonly now: number;
  /** Every transaction that is known, each once. */
  readonly rows: readonly LedgerRow[];
  /** Of agreed rounds, by round number. */
  readonly manifests: ReadonlyMap<bigint, ManifestFile>;
  /** Correct share of the test images, by round number. */
  readonly testAccuracy: ReadonlyMap<bigint, number>;
  /** Why clients' updates were refused, by address in checksummed form, by round number. */
  readonly refused: ReadonlyMap<bigint, Readonly<Record<string, string>>>;
  readonly wallSeconds: number;
}

/** One unit of reputation is 10^18, its steps are given in 1/10,000. */
const WAD_PER_STEP = 10n ** 14n;

/** The report of all rounds that have ended. */
export function buildReport(inputs: ReportInputs): Report {
  const ended = [...inputs.view.rounds.values()].filter((record) => record.ended !== null);
  const reputations = reputationsAfterRounds(ended);
  const rounds = ended.map((record, i) => reportRound(inputs, record, reputations[i]!));
  return {
    schemaVersion: REPORT_SCHEMA_VERSION,
    chainId: inputs.chainId,
    contracts: { ...inputs.contracts },
    rounds,
    totals: {
      gas: rounds.reduce((sum, { gas }) => sum + gas.total, 0),
      transactions: rounds.reduce((sum, { transactions }) => sum + transactions.length, 0),
      wallSeconds: inputs.wallSeconds,
    },
  };
}

function reportRound(
  inputs: ReportInputs,
  record: RoundRecord,
  reputation: Readonly<Record<string, string>>,
): ReportRound {
  const won = winnerOf(record);
  const manifest = inputs.manifests.get(record.round);
  const rows = inputs.rows.filter(({ round }) => round === record.round);
  return {
    round: Number(record.round),
    status: record.status === "open" ? "failed" : record.status,
    final: isFinal(record, inputs.now),
    candidate: won?.id ?? null,
    modelRoot: won?.candidate.modelRoot ?? null,
    modelCid: won ? cidOfDigest(won.candidate.modelCid) : null,
    ratioBps: record.ratioBps ?? Math.max(0, ...record.candidates.map((c) => tallyOf(record, c).ratioBps)),
    participationBps: record.participationBps ?? 0,
    validationScore: won?.candidate.validationScore ?? null,
    testAccuracy: won ? (inputs.testAccuracy.get(record.round) ?? 0) : null,
    proposals: record.candidates.flatMap(({ id, candidate, signers }) =>
      signers.map(({ miner }) => ({
        miner: getAddress(miner),
        candidate: id,
        modelRoot: candidate.modelRoot,
      })),
    ),
    votes: record.countedVotes.map((vote) => ({
      miner: getAddress(vote.miner),
      candidate: vote.candidate,
      support: vote.support,
      confidenceBps: vote.confidence,
      weight: String(weightOf(record, vote.miner)),
    })),
    reputation,
    ...contributionsOf(inputs, record, manifest),
    refused: { ...inputs.refused.get(record.round) },
    gas: gasFields(inputs.rows, record.round),
    transactions: rows.map(({ hash }) => hash.toLowerCase()),
  };
}

function contributionsOf(
  { manifests, view }: ReportInputs,
  record: RoundRecord,
  manifest: ManifestFile | undefined,
): Pick<ReportRound, "shapley" | "shapleyDenominator" | "payouts" | "selection"> {
  if (!manifest) return { shapley: {}, shapleyDenominator: "1", payouts: {}, selection: null };
  const base = view.settlements.get(record.baseSettlement);
  const before = (base && manifests.get(base.round)?.payouts) ?? [];
  // A degraded round pays nobody, ratified or not.
  const payouts = record.settlement === null ? [] : manifest.payouts;
  const paid = payouts.map(({ client, cumulative }) => {
    const earlier = before.find((row) => sameHex(row.client, client))?.cumulative ?? 0n;
    return [getAddress(client), String(cumulative - earlier)] as const;
  });
  const numerators = manifest.shapley?.numerators ?? [];
  const shapley = manifest.updates.map(
    ({ client }, k) => [getAddress(client), String(numerators[k] ?? 0n)] as const,
  );
  return {
    shapley: Object.fromEntries(shapley),
    shapleyDenominator: String(manifest.shapley?.denominator ?? 1n),
    payouts: Object.fromEntries(paid),
    selection: selectionOf(manifest),
  };
}

function selectionOf({ updates, selection }: ManifestFile): ReportRound["selection"] {
  const { rule, weights, unweighted } = selection ?? fedAvgSelection(updates);
  return {
    rule,
    weights: Object.fromEntries(updates.map(({ client }, k) => [getAddress(client), weights[k]!])),
    unweighted: Object.fromEntries(unweighted.map(({ client, reason }) => [getAddress(client), reason])),
  };
}

/** FedAvg's manifest says nothing of weights: they follow from the samples. */
function fedAvgSelection(updates: ManifestFile["updates"]): Selection {
  const total = updates.reduce((sum, { update }) => sum + Number(update.sampleCount), 0);
  const weights = updates.map(({ update }) => (10_000 * Number(update.sampleCount)) / total);
  return {
    rule: formatRule(FEDAVG),
    weights: weights.map((weight) => Math.max(1, Math.round(weight))),
    unweighted: [],
  };
}

/** Votes cast on chain belong to settling; the draw's seed to opening. */
function gasFields(rows: readonly LedgerRow[], round: bigint): ReportRound["gas"] {
  const gas = gasOfRound(rows, round);
  return {
    open: Number(gas.open),
    propose: Number(gas.propose),
    settle: Number(gas.vote + gas.settle + gas.setup),
    claim: Number(gas.claim),
    total: Number(gas.total),
  };
}

/**
 * Reputation of every miner after each round. The chain writes an absent miner's loss down only when it touches the
 * miner next, so it is taken off here.
 */
function reputationsAfterRounds(records: readonly RoundRecord[]): Record<string, string>[] {
  const known = new Map<string, bigint>();
  return records.map((record) => {
    const { reputationStart, reputationMin, reputationLoss } = record.parameters;
    for (const { miner } of record.roster) {
      const before = known.get(miner) ?? BigInt(reputationStart) * WAD_PER_STEP;
      const score = record.scores.find((entry) => sameHex(entry.miner, miner));
      const reduced = before - BigInt(reputationLoss) * WAD_PER_STEP;
      const floor = BigInt(reputationMin) * WAD_PER_STEP;
      const absent = record.ballot !== null && !score;
      known.set(miner, score?.reputation ?? (absent ? (reduced > floor ? reduced : floor) : before));
    }
    return Object.fromEntries([...known].map(([miner, value]) => [getAddress(miner), String(value)]));
  });
}
