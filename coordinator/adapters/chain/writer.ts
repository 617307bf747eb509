import type { Wallet } from "ethers";
import type { ChainWriter } from "../../ports/chain.ts";
import type { Challenger } from "../../ports/challenges.ts";
import type { CheckpointChain } from "../../ports/checkpoints.ts";
import type { GasLedger } from "../../ports/ledger.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { payoutRootOf } from "../../protocol/incentives/payout-root.ts";
import type { RoundRecord, SettlementView } from "../../protocol/views/federation-view.ts";
import { createChallenger } from "./challenge-writer.ts";
import { createCheckpointChain } from "./checkpoint-writer.ts";
import { candidateContent, encodeProposers, encodeSettlement, encodeVote } from "./encode.ts";
import { createChainReader, type QuorateReader, type ReaderOptions } from "./reader.ts";
import { callOf, createTransactor, type Transactor } from "./transactions.ts";

/** One object for everything a miner or client does on chain. */
export interface QuorateWriter extends QuorateReader, ChainWriter {
  /** Files fault proofs with the same key, one transaction after the other. */
  readonly challenger: Challenger;
  /** Anchors checkpoints of replicas with the same key. */
  readonly checkpoints: CheckpointChain;
}

export interface WriterOptions extends ReaderOptions {
  /** Signs and pays; needs no provider. */
  readonly wallet: Wallet;
  /** Gets every transaction that is sent. */
  readonly ledger: GasLedger;
}

/** A process that runs for years holds the rounds it may still have to do with. */
const DEFAULT_KEEP_ROUNDS = 256;

/**
 * A reader that also sends transactions, one after the other, each in the gas ledger exactly once. What an earlier
 * process sent and did not see mined is looked up first.
 * @throws QuorateError as createChainReader
 */
export async function createChainWriter(options: WriterOptions): Promise<QuorateWriter> {
  const { wallet, ledger } = options;
  const reader = await createChainReader({ keepRounds: DEFAULT_KEEP_ROUNDS, ...options });
  const transactor = transactorOf(reader, wallet, ledger);
  await transactor.reconcile();
  const challenger = createChallenger(reader, transactor);
  const checkpoints = createCheckpointChain(reader, transactor);
  return { ...reader, ...createRoundWrites(reader, transactor), challenger, checkpoints };
}

/** Sends with `wallet` on a reader's connection. */
export function transactorOf(reader: QuorateReader, wallet: Wallet, ledger: GasLedger): Transactor {
  const { provider, interfaces } = reader.connection;
  return createTransactor({ provider, wallet, ledger, interfaces: Object.values(interfaces) });
}

function createRoundWrites(reader: QuorateReader, transactor: Transactor): ChainWriter {
  const consensus = (method: string, args: readonly unknown[], round: bigint | null) =>
    transactor.send({ ...callOf(reader, "RoundConsensus", method, args), round });
  const registry = (method: string, args: readonly unknown[]) =>
    transactor.send({ ...callOf(reader, "MinerRegistry", method, args), round: null });
  return {
    account: transactor.account,
    async openRound() {
      // The contract numbers rounds one by one; the number is only for the ledger.
      const { latestRound } = await reader.recentView();
      return consensus("openRound", [], latestRound + 1n);
    },
    resume: () => consensus("resume", [], null),
    freezeSeed: (round) => consensus("freezeSeed", [round], round),
    async propose(candidate, signatures) {
      const { round } = candidate;
      const { order } = await reader.round(round);
      if (!order)
        throw new QuorateError("SEED_NOT_READY", `round ${round} has no order of proposers yet`, { round });
      const encoded = encodeProposers(signatures, order);
      return consensus("propose", [round, candidateContent(candidate), encoded], round);
    },
    async castVote(message) {
      const { round } = message.vote;
      const encoded = encodeVote(await recordOf(reader, round), message);
      if (!encoded)
        throw new QuorateError(
          "VOTE_UNKNOWN",
          `${message.miner} has no seat in round ${round}, or nobody posted candidate ${message.vote.candidate}`,
          { miner: message.miner, round, candidate: message.vote.candidate },
        );
      return consensus("castVote", [round, encoded], round);
    },
    async settle(round, messages) {
      const [record, { order }] = await Promise.all([recordOf(reader, round), reader.round(round)]);
      const { votes, content } = encodeSettlement(record, order, messages);
      return consensus("settle", [round, votes, content], round);
    },
    failRound: (round) => consensus("failRound", [round], round),
    deactivate: (miner, asOfRound) => registry("deactivate", [miner, asOfRound]),
    async reactivate() {
      const { miners } = await reader.recentView();
      // With too few miners left no round opens that would take the seat away, and only then can it be asked for.
      const queued = miners.get(transactor.account.toLowerCase())?.status === "suspending";
      if (queued) await registry("applyQueued", []);
      return registry("reactivate", []);
    },
    answerLeaf: (request, opening) =>
      transactor.send({
        ...callOf(reader, "FaultProofs", "answerLeaf", [request, opening]),
        round: request.round,
      }),
    async claim(client, cumulative, proof) {
      const { settlement, round } = await settlementOf(reader, payoutRootOf({ client, cumulative }, proof));
      const call = callOf(reader, "RewardDistributor", "claim", [settlement, client, cumulative, proof]);
      return transactor.send({ ...call, round });
    },
  };
}

async function recordOf(reader: QuorateReader, round: bigint): Promise<RoundRecord> {
  const { rounds, latestRound } = await reader.recentView();
  const record = rounds.get(round);
  if (record) return record;
  throw new QuorateError(
    "ROUND_UNKNOWN",
    `round ${round} is not among the recent ones; the newest is ${latestRound}`,
    {
      round,
      latest: latestRound,
    },
  );
}

/** The newest settlement with this root; a proof fits one table only. */
async function settlementOf(reader: QuorateReader, root: Hex): Promise<SettlementView> {
  const { settlements } = await reader.recentView();
  const found = [...settlements.values()].findLast((settlement) => settlement.root === root);
  if (found) return found;
  throw new QuorateError(
    "PAYOUT_ROOT_UNKNOWN",
    `the proof leads to ${root}, which is the payout root of no recent settlement; build it from the newest final one`,
    { root },
  );
}
