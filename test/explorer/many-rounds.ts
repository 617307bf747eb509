import type { TransactionReceipt } from "ethers";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import type { Candidate } from "../../coordinator/protocol/round/messages.ts";
import { TEST_PARAMETERS, type TestChain } from "../adapters/chain/federation.ts";
import {
  createFederation,
  signCandidate,
  signVote,
  type TestFederation,
  type TestMiner,
  TOKEN,
} from "../adapters/chain/members.ts";

const ZERO: Hex = `0x${"00".repeat(32)}`;

/** A federation of two miners in which `count` rounds were agreed, sent without waiting for anything. */
export async function playMany(
  chain: TestChain,
  count: number,
  onRound: (round: number) => void = () => {},
): Promise<TestFederation> {
  const federation = await createFederation(chain, { stakes: [1000n * TOKEN, 1000n * TOKEN] });
  await federation.miners[0]!.chain.openRound();
  const first = (await federation.reader.currentRound())!;
  let { openingHash, baseRoot } = first;
  for (let round = 1n; round <= BigInt(count); round++) {
    const candidate = candidateFor(round, openingHash, baseRoot);
    await chain.provider.send("evm_increaseTime", [TEST_PARAMETERS.challengeWindow]);
    await chain.provider.send("evm_mine", []);
    const { interface: calls } = federation.reader.connection.contracts.RoundConsensus;
    const { content, signatures } = await proposal(federation, round, candidate);
    await send(federation, calls.encodeFunctionData("propose", [round, content, signatures]));
    const votes = await votesFor(federation, candidate);
    const receipt = await send(federation, calls.encodeFunctionData("settle", [round, votes, content]));
    const opened = receipt.logs
      .map((log) => calls.parseLog(log))
      .find((event) => event?.name === "RoundOpened");
    ({ openingHash, baseRoot } = opened!.args as unknown as { openingHash: Hex; baseRoot: Hex });
    onRound(Number(round));
  }
  return federation;
}

function candidateFor(round: bigint, openingHash: Hex, baseRoot: Hex): Candidate {
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

async function proposal(federation: TestFederation, round: bigint, candidate: Candidate) {
  const order = await federation.reader.connection.contracts.RoundLens.proposers(round);
  const signatures = await Promise.all(
    order.map(async (miner, rank) => {
      const { signature } = await signCandidate(federation, minerAt(federation, miner), candidate);
      return { rank, ...split(signature) };
    }),
  );
  const { round: _, openingHash: __, baseRoot: ___, ...content } = candidate;
  return { content, signatures };
}

async function votesFor(federation: TestFederation, candidate: Candidate) {
  return Promise.all(
    federation.miners.map(async (miner, seat) => {
      const { vote, signature } = await signVote(federation, miner, candidate);
      const { support, confidence, reason, reasonIndex } = vote;
      return { seat, candidateIndex: 0, support, confidence, reason, reasonIndex, ...split(signature) };
    }),
  );
}

function minerAt({ miners }: TestFederation, address: string): TestMiner {
  return miners.find((miner) => miner.address === address)!;
}

function split(signature: Hex): { r: Hex; vs: Hex } {
  return { r: signature.slice(0, 66) as Hex, vs: `0x${signature.slice(66)}` };
}

/** By an account the node itself signs for. */
async function send({ chain, reader }: TestFederation, data: string): Promise<TransactionReceipt> {
  const to = reader.connection.addresses.RoundConsensus;
  const from = chain.wallet(8).address;
  const hash = await chain.provider.send("eth_sendTransaction", [{ from, to, data, gas: "0x1e8480" }]);
  // The node answers before the block is mined.
  let receipt = await chain.provider.getTransactionReceipt(hash);
  while (!receipt) receipt = await chain.provider.getTransactionReceipt(hash);
  if (receipt.status !== 1) throw new Error(`${hash} failed`);
  return receipt;
}
