import { hash } from "node:crypto";
import { signerOf } from "../../coordinator/adapters/keys/keystore.ts";
import { createRecoverer } from "../../coordinator/adapters/keys/recover.ts";
import type { Contested } from "../../coordinator/ports/challenges.ts";
import { fedAvg } from "../../coordinator/protocol/aggregation/fedavg.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { bitsOf } from "../../coordinator/protocol/faults/find.ts";
import type { ProvableRule } from "../../coordinator/protocol/faults/judge.ts";
import { leafOpening, leafRequest } from "../../coordinator/protocol/faults/leaf.ts";
import { buildColumnProof } from "../../coordinator/protocol/faults/proof.ts";
import type { Model } from "../../coordinator/protocol/model/model.ts";
import { modelRoot } from "../../coordinator/protocol/model/model-root.ts";
import { type Candidate, candidateId } from "../../coordinator/protocol/round/messages.ts";
import { updatesHash } from "../../coordinator/protocol/round/references.ts";
import { accusedOf, openingOf } from "../../coordinator/watch/challenge.ts";
import { rosterCommittee, signCheckpoint } from "../adapters/chain/anchors.ts";
import { TEST_PARAMETERS, type TestChain } from "../adapters/chain/federation.ts";
import {
  byRank,
  candidateOf,
  createFederation,
  outsider,
  signCandidate,
  type TestFederation,
  type TestMiner,
  TOKEN,
} from "../adapters/chain/members.ts";

const RULE = { kind: "fedavg", trim: 0, maxExponent: 136 } satisfies ProvableRule;
const DIMENSION = 10;
const WRONG = 7;
const STAKES = [4000n, 4000n, 4000n, 4000n];

/** What happened in the round, for tests to compare with. */
export interface Disputed {
  readonly federation: TestFederation;
  readonly liar: Hex;
  readonly honest: Hex;
  readonly stranger: Hex;
  /** Ids of the candidates. */
  readonly wrong: Hex;
  readonly right: Hex;
  /** A client with the liar's receipt and no place in its manifest. */
  readonly leftOut: Hex;
}

/**
 * An open round in which a stranger proves the primary's candidate wrong and its receipt broken, demands leaves of the
 * secondary's (one is shown, one is not, one waits), and whose committee anchors two checkpoints.
 */
export async function playDisputes(chain: TestChain): Promise<Disputed> {
  const federation = await createFederation(chain, {
    stakes: STAKES.map((each) => each * TOKEN),
    // A request must be answered and concluded within the challenge window.
    parameters: { voteGrace: 100 },
  });
  const { reader, miners } = federation;
  await miners[0]!.chain.openRound();
  await anchorTwice(federation);
  await chain.wait(TEST_PARAMETERS.collectMin);
  const [liar, honest] = await byRank(federation);
  const stranger = await outsider(federation, 9);
  await federation.admin(chain.wallet(0)).transferToken(stranger.account, 100n * TOKEN);
  const updates = aggregated();
  const contested = async (miner: TestMiner, claimed: Model): Promise<Contested> => {
    const fields = { modelRoot: modelRoot(claimed, sha256), updatesHash: updatesHash(updates.references) };
    const candidate = await candidateOf(federation, 1, fields);
    await miner.chain.propose(candidate, [await signCandidate(federation, miner, candidate)]);
    const record = (await reader.view()).rounds.get(1n)!;
    return { id: candidateId(candidate), candidate, ...(await openingOf(reader, record)) };
  };
  const accused = async ({ id }: Contested) => {
    const record = (await reader.view()).rounds.get(1n)!;
    const posted = record.candidates.find((each) => each.id === id)!;
    const witnesses = { chain: reader, federation: { federation: await reader.federation() } };
    const recoverer = createRecoverer();
    return accusedOf({ ...witnesses, recoverer }, { record, posted }, stranger.account);
  };

  const { models, references, average } = updates;
  const claimed = withBitFlipped(average);
  const wrong = await contested(liar!, claimed);
  const leftOut = federation.clients[2]!.address as Hex;
  await stranger.challenger.proveReceipt({
    ...wrong,
    proof: await brokenReceipt(federation, liar!, { candidate: wrong.candidate, leftOut, references }),
  });
  await stranger.challenger.prove({
    ...wrong,
    proof: buildColumnProof(WRONG, { claimed, models, references, rule: RULE }, sha256),
    accused: await accused(wrong),
  });

  const right = await contested(honest!, average);
  const ask = async (index: number | null) => {
    const listed = index === null ? [] : references;
    await stranger.challenger.ask({ ...right, index, leaf: 0, references: listed });
    const root = index === null ? right.candidate.modelRoot : references[index]!.modelRoot;
    return leafRequest(right.id, { round: 1n, index, leaf: 0, modelRoot: root });
  };
  await honest!.chain.answerLeaf(await ask(0), leafOpening(models[0]!, 0, sha256));
  const hidden = await ask(null);
  await chain.wait(TEST_PARAMETERS.answerTime + 1);
  const { baseRoot } = right.candidate;
  const { parametersHash, previousBlockHash } = right;
  const opening = { baseRoot, parametersHash, previousBlockHash };
  await ask(1);
  await stranger.challenger.conclude({ request: hidden, opening, accused: await accused(right) });
  stranger.close();
  return {
    federation,
    liar: liar!.address,
    honest: honest!.address,
    stranger: stranger.account,
    wrong: wrong.id,
    right: right.id,
    leftOut,
  };
}

const sha256 = (bytes: Uint8Array) => hash("sha256", bytes, "buffer");

async function anchorTwice(f: TestFederation): Promise<void> {
  const config = await rosterCommittee(f);
  const { checkpoints } = f.miners[1]!.chain;
  await checkpoints.found();
  await checkpoints.anchor(config, signCheckpoint(f, config, [0, 1, 2], { height: 64 }));
  await checkpoints.anchor(config, signCheckpoint(f, config, [0, 1, 2, 3], { height: 12_128 }));
}

function aggregated() {
  const models = [1, 2].map((k) => modelOf(Float32Array.from({ length: DIMENSION }, (_, j) => j / (k + 8))));
  const references = models.map((model, k) => ({
    client: `0x${`${k + 1}`.repeat(40)}` as Hex,
    modelRoot: modelRoot(model, sha256),
    sampleCount: BigInt(9_000 * (k + 1)),
    signatureHash: `0x${`${k + 3}`.repeat(64)}` as Hex,
  }));
  const weighted = models.map(({ floats }, k) => ({
    floats,
    sampleCount: Number(references[k]!.sampleCount),
  }));
  return { models, references, average: modelOf(fedAvg(weighted)) };
}

function modelOf(floats: Float32Array): Model {
  const tensors = [{ name: "w", dtype: "F32", shape: [floats.length] }] as const;
  return { tensors, metadata: {}, floats, others: new Uint8Array() };
}

function withBitFlipped({ floats }: Model): Model {
  const changed = floats.slice();
  bitsOf(changed)[WRONG]! ^= 1 << 12;
  return modelOf(changed);
}

async function brokenReceipt(
  f: TestFederation,
  miner: TestMiner,
  about: {
    readonly candidate: Candidate;
    readonly leftOut: Hex;
    readonly references: ReturnType<typeof aggregated>["references"];
  },
) {
  const { candidate, leftOut: client, references } = about;
  const { round, openingHash } = candidate;
  const receipt = { round, openingHash, client, modelRoot: `0x${"5a".repeat(32)}` as Hex };
  const receiptSignature = await signerOf(miner.key).sign(f.domain, "Receipt", receipt);
  const { signature: signerSignature } = await signCandidate(f, miner, candidate);
  return { client, modelRoot: receipt.modelRoot, references, receiptSignature, signerSignature };
}
