import type { Hex } from "../../coordinator/protocol/bytes.ts";
import type { LedgerRow } from "../../coordinator/protocol/ledger/row.ts";
import type { ManifestFile } from "../../coordinator/protocol/round/manifest-file.ts";
import {
  type CandidateRecord,
  EMPTY_VIEW,
  type FederationView,
  type RoundRecord,
} from "../../coordinator/protocol/views/federation-view.ts";
import type { ReportInputs } from "../../scripts/demo/report.ts";

export const TOKEN = 10n ** 18n;
export const WAD = 10n ** 18n;
export const address = (digit: number) => `0x${String(digit).repeat(40)}` as Hex;
export const hash = (digit: number) => `0x${String(digit).repeat(64)}` as Hex;
export const [MINER_1, MINER_2, CLIENT_1, CLIENT_2] = [address(1), address(2), address(3), address(4)];

const moment = (digit: number) => ({
  transaction: hash(digit),
  block: digit,
  blockHash: hash(digit),
  time: 100 + digit,
});

const parameters = {
  reputationStart: 10_000n,
  reputationMin: 1_000n,
  reputationLoss: 500n,
} as unknown as RoundRecord["parameters"];

function candidateOf(round: bigint, validationScore: number): CandidateRecord {
  const content = { round, modelRoot: hash(5), modelCid: hash(6), manifestCid: hash(7), validationScore };
  return {
    id: hash(8),
    index: 0,
    candidate: content as unknown as CandidateRecord["candidate"],
    signers: [MINER_1, MINER_2].map((miner) => ({ miner, signature: "0x" as Hex })),
    posted: moment(2),
  };
}

export function recordOf(round: bigint, changes: Partial<RoundRecord>): RoundRecord {
  const seat = (miner: Hex) => ({ miner, key: miner, weight: 1_000n * TOKEN });
  const vote = (miner: Hex) => ({ miner, candidate: hash(8), support: true, confidence: 10_000, reason: 0 });
  return {
    round,
    status: "agreed",
    parameters,
    roster: [seat(MINER_1), seat(MINER_2)],
    jailed: [],
    faults: [],
    activeWeight: 2_000n * TOKEN,
    baseSettlement: round - 1n,
    candidates: [candidateOf(round, 5_000 + 100 * Number(round))],
    countedVotes: [vote(MINER_1), vote(MINER_2)],
    ended: moment(3),
    winner: hash(8),
    ratioBps: 10_000,
    participationBps: 10_000,
    finalAt: 200,
    ballot: 1,
    scores: [MINER_1, MINER_2].map((miner) => ({ miner, reputation: WAD, weight: 0n })),
    ...changes,
  } as RoundRecord;
}

function manifestOf(numerators: bigint[], cumulative: bigint[]): ManifestFile {
  const clients = [CLIENT_1, CLIENT_2];
  return {
    updates: clients.map((client, k) => ({ client, update: { sampleCount: 1_000n * BigInt(k + 1) } })),
    shapley: { numerators, denominator: 2n },
    payouts: clients.map((client, k) => ({ client, cumulative: cumulative[k]! })),
  } as unknown as ManifestFile;
}

function rowOf(digit: number, round: bigint | null, phase: LedgerRow["phase"], gasUsed: bigint): LedgerRow {
  const rest = {
    gasLimit: 1n,
    effectiveGasPrice: 1n,
    fee: 1n,
    block: digit,
    time: 0,
    status: "success",
  } as const;
  return { hash: hash(digit), round, phase, actor: MINER_1, method: phase, gasUsed, ...rest };
}

/** An agreed round, one that failed with a candidate that miner 2 never judged, and one without any candidate. */
export function inputs(changes: Partial<ReportInputs> = {}): ReportInputs {
  const rounds = [
    recordOf(1n, {}),
    recordOf(2n, {
      status: "failed",
      winner: null,
      ratioBps: null,
      participationBps: 5_000,
      countedVotes: recordOf(2n, {}).countedVotes.slice(0, 1),
      scores: [{ miner: MINER_1, reputation: WAD }] as unknown as RoundRecord["scores"],
    }),
    recordOf(3n, {
      status: "failed",
      candidates: [],
      winner: null,
      ratioBps: null,
      countedVotes: [],
      scores: [],
      ballot: null,
    }),
    recordOf(4n, { baseSettlement: 1n, finalAt: 900 }),
    recordOf(5n, { status: "open", ended: null }),
  ];
  const view: FederationView = {
    ...EMPTY_VIEW,
    rounds: new Map(rounds.map((record) => [record.round, record])),
    settlements: new Map([
      [
        1n,
        {
          settlement: 1n,
          round: 1n,
          generation: 1n,
          modelCid: hash(8),
          root: hash(9),
          total: 100n,
          finalAt: 200,
        },
      ],
    ]),
  };
  return {
    chainId: 31_337,
    contracts: { RoundConsensus: address(9) },
    view,
    now: 500,
    rows: [
      rowOf(1, null, "setup", 1_000_000n),
      rowOf(2, 1n, "open", 10n),
      rowOf(3, 1n, "propose", 20n),
      rowOf(4, 1n, "vote", 5n),
      rowOf(5, 1n, "settle", 30n),
      rowOf(6, 1n, "claim", 40n),
      rowOf(7, 4n, "settle", 7n),
    ],
    manifests: new Map([
      [1n, manifestOf([300n, 100n], [75n * TOKEN, 25n * TOKEN])],
      [4n, manifestOf([700n, -100n], [175n * TOKEN, 25n * TOKEN])],
    ]),
    testAccuracy: new Map([
      [1n, 0.9],
      [4n, 0.95],
    ]),
    refused: new Map(),
    wallSeconds: 3,
    ...changes,
  };
}
