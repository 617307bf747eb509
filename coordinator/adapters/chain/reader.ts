import type { ChainParameters, ChainReader, Federation, OpenLeafRequest } from "../../ports/chain.ts";
import type { ChainHistory } from "../../ports/chain-history.ts";
import { type Hex, ZERO_HASH } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { leafRequest } from "../../protocol/faults/leaf.ts";
import { absentees } from "../../protocol/views/attendance.ts";
import { drawOrder, seedBlock, seedOfBlockHash } from "../../protocol/views/draw.ts";
import type { FederationView, RoundRecord } from "../../protocol/views/federation-view.ts";
import {
  clientAddresses,
  latestFinalSettlement,
  orderOf,
  timeIn,
  winnerOf,
} from "../../protocol/views/queries.ts";
import { type ChainConnection, type ChainOptions, connectChain } from "./connection.ts";
import { createHistory } from "./history.ts";
import { clientRecord, minerRecords } from "./member-records.ts";
import { roundView } from "./round-view.ts";
import { createViews, hashOfBlock, latestBlock, type Views } from "./views.ts";

export interface ReaderOptions extends ChainOptions {
  /** Rounds held in memory; older ones are read again when they are asked for. Default: all. */
  readonly keepRounds?: number;
}

/** The chain as a node, a client or an auditor reads it. */
export interface QuorateReader extends ChainReader, ChainHistory {
  readonly connection: ChainConnection;
  close(): void;
}

/**
 * A reader of one federation. While no block is added, each of its round, miner and client reads costs one request.
 * @throws QuorateError RPC_UNREACHABLE, CHAIN_MISMATCH, CONTRACT_MISSING, ARTIFACTS_MISSING
 */
export async function createChainReader(options: ReaderOptions): Promise<QuorateReader> {
  const connection = await connectChain(options);
  const views = createViews(connection, options.keepRounds);
  return {
    connection,
    ...views,
    ...(await createFederationReads(connection, views)),
    ...createRoundReads(connection, views),
    ...createMemberReads(connection, views),
    ...createHistory(connection, views.view),
    blockHash: (block) => hashOfBlock(connection, block),
    latestBlock: () => latestBlock(connection),
    pendingTime: () => pendingTime(connection),
    close: () => connection.close(),
  };
}

async function createFederationReads(
  connection: ChainConnection,
  { recentView }: Views,
): Promise<Pick<ChainReader, "federation" | "parameters" | "head">> {
  const { guard, contracts, addresses, chainId, deployBlock } = connection;
  // What never changes is asked once.
  const task = await guard("RoundConsensus.task", () => contracts.RoundConsensus.task());
  const provable = await guard("FaultProofs.rule", () => contracts.FaultProofs.rule());
  const federation: Federation = {
    domain: { chainId, verifyingContract: addresses.RoundConsensus },
    contracts: addresses,
    deployBlock,
    taskHash: task.taskHash as Hex,
    genesisRoot: task.genesisModelRoot as Hex,
    genesisCid: task.genesisModelCid as Hex,
    dimension: Number(task.dimension),
    validationSize: Number(task.validationSize),
    provable: {
      kind: Number(provable.kind),
      trim: Number(provable.trim),
      maxExponent: Number(provable.maxExponent),
    },
  };
  return {
    federation: async () => federation,
    parameters: async () => chainParameters(await recentView()),
    async head() {
      const head = await guard("RoundConsensus.head", () => contracts.RoundConsensus.head());
      const { settlements, rounds } = await recentView();
      const degraded = head.provisional ? winnerOf(rounds.get(head.round)!) : undefined;
      const agreed = settlements.get(head.settlement)?.modelCid;
      const modelCid = degraded?.candidate.modelCid ?? agreed ?? federation.genesisCid ?? ZERO_HASH;
      return { round: head.round, modelRoot: head.modelRoot as Hex, modelCid };
    },
  };
}

function createRoundReads(
  connection: ChainConnection,
  { recentView, view }: Views,
): Pick<ChainReader, "currentRound" | "round" | "finalPayouts" | "leafRequests" | "pause"> {
  const viewOf = async (known: FederationView, record: RoundRecord) => {
    const order = orderOf(record) ?? (await expectedOrder(connection, record));
    const now = record.ended ? timeIn(known, await pendingTime(connection)) : record.opened.time;
    return roundView(known, record, { order, now });
  };
  return {
    async currentRound() {
      const known = await recentView();
      const record = known.rounds.get(known.latestRound);
      return record && viewOf(known, record);
    },
    async round(round) {
      const recent = await recentView();
      const known = recent.rounds.has(round) || round > recent.latestRound ? recent : await view();
      const record = known.rounds.get(round);
      if (!record) throw roundUnknown(round, known.latestRound);
      return viewOf(known, record);
    },
    pause: async () => (await recentView()).pause,
    async leafRequests() {
      const { rounds } = await recentView();
      return [...rounds.values()].flatMap(openRequests);
    },
    async finalPayouts() {
      const known = await recentView();
      const settlement = latestFinalSettlement(known, timeIn(known, await pendingTime(connection)));
      if (!settlement) return undefined;
      const { round, root } = settlement;
      const record = known.rounds.get(round) ?? (await view()).rounds.get(round);
      const manifestCid = record && winnerOf(record)?.candidate.manifestCid;
      return manifestCid && { round, root, manifestCid };
    },
  };
}

function createMemberReads(
  connection: ChainConnection,
  { recentView }: Views,
): Pick<ChainReader, "miners" | "absentees" | "client" | "clients" | "claimed"> {
  const { guard, contracts } = connection;
  return {
    absentees: async () => absentees(await recentView(), await pendingTime(connection)),
    miners: async () => minerRecords(await recentView()),
    client: async (client, round) => clientRecord(await recentView(), client, round),
    async clients() {
      const known = await recentView();
      return clientAddresses(known).flatMap((client) => clientRecord(known, client) ?? []);
    },
    claimed: (client) =>
      guard("RewardDistributor.claimed", () => contracts.RewardDistributor.claimed(client)),
  };
}

function openRequests({ round, requests, candidates }: RoundRecord): OpenLeafRequest[] {
  return requests
    .filter(({ state }) => state === "open")
    .flatMap((asked) => {
      const posted = candidates.find(({ id }) => id === asked.candidate);
      const id = leafRequest(asked.candidate, { round, ...asked });
      return posted ? [{ key: asked.id, id, candidate: posted.candidate, dueAt: asked.dueAt }] : [];
    });
}

function roundUnknown(round: bigint, latest: bigint): QuorateError {
  return new QuorateError("ROUND_UNKNOWN", `round ${round} was never opened; the newest is ${latest}`, {
    round,
    latest,
  });
}

/** Time of the block being built; where a node builds none, the later of the newest block's and the host's. */
async function pendingTime(connection: ChainConnection): Promise<number> {
  const { provider, guard } = connection;
  const block = await guard("eth_getBlockByNumber", () =>
    provider.send("eth_getBlockByNumber", ["pending", false]),
  );
  if (block?.timestamp !== undefined) return Number(block.timestamp);
  const { timestamp } = await latestBlock(connection);
  return Math.max(timestamp, Math.floor(Date.now() / 1000));
}

/** The order that freezing the seed in the next block would give. */
async function expectedOrder(connection: ChainConnection, record: RoundRecord): Promise<Hex[] | null> {
  if (record.status !== "open") return null;
  const { opened, roster } = record;
  const head = await latestBlock(connection);
  const block = seedBlock(opened.block, head.number + 1);
  if (block === null) return null;
  if (block === opened.block) return drawOrder(seedOfBlockHash(opened.blockHash), roster);
  const { provider, guard } = connection;
  const later = await guard("eth_getBlockByNumber", () => provider.getBlock(block));
  return later?.hash ? drawOrder(seedOfBlockHash(later.hash as Hex), roster) : null;
}

function chainParameters({ parameters }: FederationView): ChainParameters {
  if (!parameters)
    throw new QuorateError(
      "PARAMETERS_UNKNOWN",
      "the logs do not hold the federation's parameters; start reading at its deployment block",
      {},
    );
  return {
    collectMin: Number(parameters.collectMin),
    collectMax: Number(parameters.collectMax),
    proposeSlot: Number(parameters.proposeSlot),
    voteWindow: Number(parameters.voteWindow),
    voteGrace: Number(parameters.voteGrace),
    challengeWindow: Number(parameters.challengeWindow),
    answerTime: Number(parameters.answerTime),
    minRoundInterval: Number(parameters.minRoundInterval),
    roundBudget: parameters.roundBudget,
  };
}
