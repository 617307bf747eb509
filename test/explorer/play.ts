import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { payoutTree } from "../../coordinator/protocol/incentives/payouts.ts";
import { TEST_PARAMETERS, type TestChain, WHOLE_ROUND } from "../adapters/chain/federation.ts";
import {
  candidateOf,
  createFederation,
  postTogether,
  signVote,
  type TestFederation,
  TOKEN,
} from "../adapters/chain/members.ts";

/** What a played federation holds. */
export interface Played {
  readonly federation: TestFederation;
  /** A transaction that reverted. */
  readonly reverted: Hex;
}

/**
 * Plays four rounds: one agreed by all, one agreed against a no, one failed without a candidate, one open with a
 * candidate and a vote on chain. Claims round 1's pay and sends one transaction that reverts.
 */
export async function play(chain: TestChain): Promise<Played> {
  const federation = await createFederation(chain, { stakes: [3000n * TOKEN, 3000n * TOKEN, 1000n * TOKEN] });
  const { miners } = federation;
  await miners[0]!.chain.openRound();
  await agreeWith(federation, 1, [true, true, true]);
  await chain.wait(TEST_PARAMETERS.challengeWindow + 1);
  const { tree, rows } = payoutsOf(federation, 1);
  for (const { client, cumulative } of rows)
    await miners[0]!.chain.claim(client as Hex, cumulative, tree.proof(client));
  await agreeWith(federation, 2, [true, true, false]);
  await chain.wait(WHOLE_ROUND);
  await miners[0]!.chain.failRound(3n);
  const reverted = await sendReverting(federation);
  await miners[0]!.chain.openRound();
  const candidate = await proposeBoth(federation, 4);
  await miners[1]!.chain.castVote(await signVote(federation, miners[1]!, candidate));
  return { federation, reverted };
}

/** Cumulative payouts after settlement `n`. */
function payoutsOf({ clients }: TestFederation, n: number) {
  const rows = clients.map(({ address }, k) => ({
    client: address.toLowerCase(),
    cumulative: BigInt(n) * BigInt(30 + k) * TOKEN,
  }));
  return { rows, tree: payoutTree(rows) };
}

async function proposeBoth(federation: TestFederation, n: number) {
  const { tree } = payoutsOf(federation, Math.min(n, 3));
  const candidate = await candidateOf(federation, n, {
    payoutsRoot: tree.root,
    payoutsTotal: tree.total,
    validationScore: 5_000 + 100 * n,
  });
  await federation.chain.wait(TEST_PARAMETERS.collectMin);
  await postTogether(federation, candidate);
  return candidate;
}

async function agreeWith(federation: TestFederation, n: number, supports: readonly boolean[]): Promise<void> {
  const candidate = await proposeBoth(federation, n);
  const votes = await Promise.all(
    federation.miners.map((miner, i) => signVote(federation, miner, candidate, supports[i]!)),
  );
  await federation.miners[0]!.chain.settle(candidate.round, votes);
}

/** Fails a round that is over already; sent with a gas limit of its own, so that nobody estimates it first. */
async function sendReverting({ chain, reader }: TestFederation): Promise<Hex> {
  const { RoundConsensus } = reader.connection.contracts;
  const data = RoundConsensus.interface.encodeFunctionData("failRound", [3n]);
  const to = reader.connection.addresses.RoundConsensus;
  const sender = chain.wallet(9).connect(chain.provider);
  const sent = await sender.sendTransaction({ to, data, gasLimit: 300_000n });
  await sent.wait().catch(() => undefined);
  return sent.hash as Hex;
}
