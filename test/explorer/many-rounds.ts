import secp256k1 from "secp256k1";
import { fromHex, type Hex, toHex } from "../../coordinator/protocol/bytes.ts";
import {
  type Candidate,
  candidateId,
  type MessageKind,
  type Messages,
  messageDigest,
  REASON,
} from "../../coordinator/protocol/round/messages.ts";
import { drawOrder, seedOfBlockHash } from "../../coordinator/protocol/views/draw.ts";
import type { Seat } from "../../coordinator/protocol/views/federation-view.ts";
import { TEST_PARAMETERS, type TestChain } from "../adapters/chain/federation.ts";
import { createFederation, type TestFederation, type TestMiner, TOKEN } from "../adapters/chain/members.ts";

const ZERO: Hex = `0x${"00".repeat(32)}`;
const GAS = "0x1e8480";
/** Account 8 of the development phrase: an account the node itself signs for. */
const SENDER = "0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f";

/** What the next round begins with. */
interface Opening {
  readonly openingHash: Hex;
  readonly baseRoot: Hex;
  /** Of the opening block: the seed of the draw. */
  readonly blockHash: Hex;
}

/**
 * A federation of two miners in which `count` rounds were agreed: real signatures, transactions and blocks, sent with as
 * little around them as there can be, since thousands of rounds are to be had in minutes.
 */
export async function playMany(
  chain: TestChain,
  count: number,
  onRound: (round: number) => void = () => {},
): Promise<TestFederation> {
  const federation = await createFederation(chain, { stakes: [1000n * TOKEN, 1000n * TOKEN] });
  const { RoundConsensus } = federation.reader.connection.contracts;
  let opening = openedBy(
    federation,
    await send(federation, RoundConsensus.interface.encodeFunctionData("openRound")),
  );
  for (let round = 1n; round <= BigInt(count); round++) {
    opening = await playRound(federation, candidateFor(round, opening), opening);
    onRound(Number(round));
  }
  return federation;
}

/** Both propose, both vote yes, and the settlement opens the next round. */
async function playRound(
  federation: TestFederation,
  candidate: Candidate,
  opening: Opening,
): Promise<Opening> {
  const { chain, reader, miners } = federation;
  const { interface: calls } = reader.connection.contracts.RoundConsensus;
  const { round, openingHash: _, baseRoot: __, ...content } = candidate;
  const [roster] = await Promise.all([
    rosterOf(federation),
    rpc(chain, "evm_increaseTime", [TEST_PARAMETERS.challengeWindow]),
  ]);
  const signatures = drawOrder(seedOfBlockHash(opening.blockHash), roster).map((owner, rank) => {
    const miner = miners.find(({ address }) => address === owner)!;
    return { rank, ...sign(federation, miner, "Candidate", candidate) };
  });
  await send(federation, calls.encodeFunctionData("propose", [round, content, signatures]));
  const votes = miners.map((miner, seat) => ({
    seat,
    candidateIndex: 0,
    ...yes(federation, miner, candidate),
  }));
  return openedBy(
    federation,
    await send(federation, calls.encodeFunctionData("settle", [round, votes, content])),
  );
}

async function rosterOf({ chain, reader }: TestFederation): Promise<Seat[]> {
  const { addresses, contracts } = reader.connection;
  const { interface: calls } = contracts.MinerRegistry;
  const call = { to: addresses.MinerRegistry, data: calls.encodeFunctionData("roster") };
  const answer = (await rpc(chain, "eth_call", [call, "latest"])) as Hex;
  const [seats] = calls.decodeFunctionResult("roster", answer);
  const list = seats as { owner: Hex; key: Hex; weight: bigint }[];
  return list.map(({ owner, key, weight }) => ({ miner: owner, key, weight }));
}

function candidateFor(round: bigint, { openingHash, baseRoot }: Opening): Candidate {
  const word = (kind: number): Hex =>
    `0x${kind.toString(16).padStart(2, "0")}${round.toString(16).padStart(62, "0")}`;
  return {
    round,
    openingHash,
    baseRoot,
    modelRoot: word(1),
    modelCid: word(2),
    updatesHash: word(3),
    manifestCid: word(4),
    payoutsRoot: ZERO,
    payoutsTotal: 0n,
    updateCount: 3,
    totalSamples: 18_000n,
    validationScore: 3_000 + Number(round % 3_000n),
  };
}

function yes(federation: TestFederation, miner: TestMiner, candidate: Candidate) {
  const opinion = { support: true, confidence: 10_000, reason: REASON.none, reasonIndex: 0n };
  const { round, openingHash } = candidate;
  const vote = { round, openingHash, candidate: candidateId(candidate), ...opinion };
  return { ...opinion, ...sign(federation, miner, "Vote", vote) };
}

/** Signs with the native library: four signatures a round are most of what a round costs otherwise. */
function sign<K extends MessageKind>(
  { domain }: TestFederation,
  { key }: TestMiner,
  kind: K,
  message: Messages[K],
): { r: Hex; vs: Hex } {
  const digest = fromHex(messageDigest(domain, kind, message));
  const { signature, recid } = secp256k1.ecdsaSign(digest, fromHex(key.privateKey as Hex));
  // EIP-2098: the parity of y is the highest bit of s.
  signature[32]! |= recid << 7;
  return { r: toHex(signature.slice(0, 32)), vs: toHex(signature.slice(32)) };
}

interface Receipt {
  readonly status: Hex;
  readonly blockHash: Hex;
  readonly logs: readonly { readonly topics: string[]; readonly data: string }[];
}

async function send({ chain, reader }: TestFederation, data: string): Promise<Receipt> {
  const to = reader.connection.addresses.RoundConsensus;
  const hash = await rpc(chain, "eth_sendTransaction", [{ from: SENDER, to, data, gas: GAS }]);
  // The node may answer before the block is mined.
  let receipt: unknown;
  while (!receipt) receipt = await rpc(chain, "eth_getTransactionReceipt", [hash]);
  if ((receipt as Receipt).status !== "0x1") throw new Error(`${hash} failed`);
  return receipt as Receipt;
}

function openedBy({ reader }: TestFederation, { logs, blockHash }: Receipt): Opening {
  const { interface: calls } = reader.connection.contracts.RoundConsensus;
  const topic = calls.getEvent("RoundOpened").topicHash;
  const opened = calls.parseLog(logs.find(({ topics }) => topics[0] === topic)!)!;
  const { openingHash, baseRoot } = opened.args as unknown as Opening;
  return { openingHash, baseRoot, blockHash };
}

/** Without what ethers puts around a request. */
async function rpc({ rpcUrl }: TestChain, method: string, params: readonly unknown[]): Promise<unknown> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const response = await fetch(rpcUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (error) throw new Error(`${method}: ${error.message}`);
  return result;
}
