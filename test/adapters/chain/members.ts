import type { Wallet } from "ethers";
import { createAdminWriter } from "../../../coordinator/adapters/chain/admin-writer.ts";
import { createChainReader, type QuorateReader } from "../../../coordinator/adapters/chain/reader.ts";
import { createChainWriter, type QuorateWriter } from "../../../coordinator/adapters/chain/writer.ts";
import { signerOf } from "../../../coordinator/adapters/keys/keystore.ts";
import { createMemoryLedger } from "../../../coordinator/adapters/ledger/memory-ledger.ts";
import type { GasLedger } from "../../../coordinator/ports/ledger.ts";
import type { CandidateMessage, VoteMessage } from "../../../coordinator/ports/transport.ts";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import {
  type Candidate,
  candidateId,
  type Domain,
  REASON,
} from "../../../coordinator/protocol/round/messages.ts";
import { deployFederation, type TEST_PARAMETERS, type TestChain, type TestTask } from "./federation.ts";

export const TOKEN = 10n ** 18n;

/** A miner of the tests: the owner's wallet is its key, unless it has one of its own. */
export interface TestMiner {
  readonly address: Hex;
  readonly key: Wallet;
  readonly chain: QuorateWriter;
}

/** A deployed federation with staked miners, registered clients and a full pot; no round is open yet. */
export interface TestFederation {
  readonly chain: TestChain;
  readonly consensus: Hex;
  readonly domain: Domain;
  readonly reader: QuorateReader;
  readonly miners: readonly TestMiner[];
  readonly clients: readonly Wallet[];
  /** Everything every account sent. */
  readonly ledger: GasLedger;
  admin(wallet: Wallet): ReturnType<typeof createAdminWriter>;
  close(): void;
}

const TASK: TestTask = {
  taskHash: `0x${"7a".repeat(32)}`,
  genesisModelRoot: `0x${"6e".repeat(32)}`,
  dimension: 10,
  validationSize: 6000,
};

/** Sets a federation up. Miners are accounts 1, 2, …, clients 11, 12, …; miner 1 has a separate voting key. */
export async function createFederation(
  chain: TestChain,
  options: {
    readonly stakes: readonly bigint[];
    readonly clients?: number;
    readonly task?: TestTask;
    readonly parameters?: Partial<typeof TEST_PARAMETERS>;
  },
): Promise<TestFederation> {
  const { stakes, clients: clientCount = 3, task = TASK, parameters = {} } = options;
  const consensus = await deployFederation(chain, task, parameters);
  const where = { rpcUrl: chain.rpcUrl, roundConsensus: consensus };
  const reader = await createChainReader(where);
  const ledger = createMemoryLedger();
  const admin = (wallet: Wallet) => createAdminWriter({ reader, wallet, ledger });
  const bank = admin(chain.wallet(0));
  await bank.fundRewards(10_000n * TOKEN);
  const miners: TestMiner[] = [];
  for (const [index, stake] of stakes.entries()) {
    const owner = chain.wallet(1 + index);
    const key = index === 0 ? chain.wallet(19) : owner;
    await bank.transferToken(owner.address as Hex, stake * 2n);
    await admin(owner).registerMiner({ stake, endpoint: `http://127.0.0.1:${9000 + index}`, key });
    const writer = await createChainWriter({ ...where, wallet: owner, ledger });
    miners.push({ address: owner.address as Hex, key, chain: writer });
  }
  const clients = Array.from({ length: clientCount }, (_, index) => chain.wallet(11 + index));
  for (const client of clients) await admin(client).registerClient({});
  const { domain } = await reader.federation();
  return {
    chain,
    consensus,
    domain,
    reader,
    miners,
    clients,
    ledger,
    admin,
    close() {
      reader.close();
      for (const miner of miners) miner.chain.close();
    },
  };
}

/** A candidate of the open round, its fields made of `seed`. */
export async function candidateOf(
  { reader }: TestFederation,
  seed: number,
  fields: Partial<Candidate> = {},
): Promise<Candidate> {
  const round = (await reader.currentRound())!;
  const word = (kind: number): Hex =>
    `0x${kind.toString(16).padStart(2, "0")}${seed.toString(16).padStart(62, "0")}`;
  return {
    round: round.round,
    openingHash: round.openingHash,
    baseRoot: round.baseRoot,
    modelRoot: word(1),
    modelCid: word(2),
    updatesHash: word(3),
    manifestCid: word(4),
    payoutsRoot: word(5),
    payoutsTotal: round.payoutsTotal + 100n * TOKEN,
    updateCount: 3,
    totalSamples: 18_000n,
    validationScore: 5_000,
    ...fields,
  };
}

export async function signCandidate(
  { domain }: TestFederation,
  { address, key }: TestMiner,
  candidate: Candidate,
): Promise<CandidateMessage> {
  const signature = await signerOf(key).sign(domain, "Candidate", candidate);
  return { miner: address, candidate, signature };
}

/** Primary and secondary sign and post it together. Resolves with the miners by rank. */
export async function postTogether(federation: TestFederation, candidate: Candidate): Promise<TestMiner[]> {
  const ranked = await byRank(federation);
  const pair = ranked.slice(0, 2).map((miner) => signCandidate(federation, miner, candidate));
  await ranked[0]!.chain.propose(candidate, await Promise.all(pair));
  return ranked;
}

/** An account that is neither miner nor client; close it after use. */
export function outsider(federation: TestFederation, account: number): Promise<QuorateWriter> {
  const { chain, consensus, ledger } = federation;
  const wallet = chain.wallet(account);
  return createChainWriter({ rpcUrl: chain.rpcUrl, roundConsensus: consensus, wallet, ledger });
}

/** A full-confidence yes, or a no about the score. */
export async function signVote(
  { domain }: TestFederation,
  { address, key }: TestMiner,
  candidate: Candidate,
  support = true,
): Promise<VoteMessage> {
  const vote = {
    round: candidate.round,
    openingHash: candidate.openingHash,
    candidate: candidateId(candidate),
    support,
    confidence: 10_000,
    reason: support ? REASON.none : REASON.score,
    reasonIndex: 0n,
  };
  return { miner: address, vote, signature: await signerOf(key).sign(domain, "Vote", vote) };
}

/** The open round's miners by rank. */
export async function byRank(federation: TestFederation): Promise<TestMiner[]> {
  const { order } = (await federation.reader.currentRound())!;
  return order!.map((address) => federation.miners.find((miner) => miner.address === address)!);
}
