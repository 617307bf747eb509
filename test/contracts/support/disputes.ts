import { hash } from "node:crypto";
import { AbiCoder, keccak256 } from "ethers";
import { fedAvg } from "../../../coordinator/protocol/aggregation/fedavg.ts";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { bitsOf } from "../../../coordinator/protocol/faults/find.ts";
import type { ProvableRule } from "../../../coordinator/protocol/faults/judge.ts";
import { leafRequest } from "../../../coordinator/protocol/faults/leaf.ts";
import { buildColumnProof } from "../../../coordinator/protocol/faults/proof.ts";
import type { ReferenceProof } from "../../../coordinator/protocol/faults/reference.ts";
import { createPrng } from "../../../coordinator/protocol/learning/prng.ts";
import type { Model } from "../../../coordinator/protocol/model/model.ts";
import { modelRoot } from "../../../coordinator/protocol/model/model-root.ts";
import { updatesHash } from "../../../coordinator/protocol/round/references.ts";
import type { IFaultProofs } from "../../../types/contracts/FaultProofs.ts";
import { type Federation, LEAF_BOND, task } from "./federation.ts";
import { type Content, candidateId, candidateMessage, content, order, sign } from "./round.ts";

/** FedAvg as the demo's federation proves it. */
export const FEDAVG = { kind: "fedavg", trim: 0, maxExponent: 136 } satisfies ProvableRule;
export const FEDAVG_ON_CHAIN = { kind: 1, trim: 0, maxExponent: 136 };

/** As challengers choose it: 16 bytes and zeros. */
const SALT = `0x${"5a".repeat(16)}${"00".repeat(16)}`;
const COORDINATE = 4_321;
/** The one that coordinate is in. */
export const LEAF = 67;
const sha256 = (bytes: Uint8Array) => hash("sha256", bytes, "buffer");

/** Updates of real size and what a candidate claims their average to be. */
export interface Aggregation {
  readonly claimed: Model;
  readonly models: readonly Model[];
  readonly references: ReturnType<typeof referencesOf>;
  readonly content: Content;
}

/**
 * The right average of `count` updates.
 * @param change applied to each update's values first
 */
export function aggregate(count: number, change: (weights: Float32Array) => void = () => {}): Aggregation {
  const prng = createPrng("weights");
  const weights = Float32Array.from({ length: Number(task().dimension) }, () => prng.next() / 2 ** 32 - 0.5);
  const models = Array.from({ length: count }, (_, k) => modelOf(rotated(weights, 997 * k)));
  for (const { floats } of models) change(floats);
  const references = referencesOf(models);
  const average = fedAvg(
    models.map(({ floats }, k) => ({ floats, sampleCount: Number(references[k]!.sampleCount) })),
  );
  return { models, references, ...claimOf(average, references) };
}

/** The same with these bits of coordinate 4,321 flipped. */
export function flipped(right: Aggregation, bits: number): Aggregation {
  const floats = right.claimed.floats.slice();
  bitsOf(floats)[COORDINATE]! ^= bits;
  return { ...right, ...claimOf(floats, right.references) };
}

function claimOf(floats: Float32Array, references: Aggregation["references"]) {
  const claimed = modelOf(floats);
  const over = { modelRoot: modelRoot(claimed, sha256), updatesHash: updatesHash(references) };
  return { claimed, content: content("average", over) };
}

function rotated(values: Float32Array, by: number): Float32Array {
  const result = new Float32Array(values.length);
  result.set(values.subarray(by));
  result.set(values.subarray(0, by), values.length - by);
  return result;
}

function modelOf(floats: Float32Array): Model {
  return {
    tensors: [{ name: "w", dtype: "F32", shape: [floats.length] }],
    metadata: {},
    floats,
    others: new Uint8Array(),
  };
}

function referencesOf(models: readonly Model[]) {
  return models.map((model, k) => ({
    client: `0x${(0xc11e47n * BigInt(k + 1)).toString(16).padStart(40, "a")}` as Hex,
    modelRoot: modelRoot(model, sha256),
    sampleCount: BigInt(18_001 + k),
    signatureHash: `0x${Buffer.from(sha256(Buffer.from(`signature ${k}`))).toString("hex")}` as Hex,
  }));
}

/**
 * The committed proof that a coordinate of the posted `content` is wrong, ready to be shown: arguments of
 * `proveAggregate`. Accuses the proposer of rank 0. Call it while the candidate's round is open.
 */
export async function committedProof(f: Federation, { content, ...files }: Aggregation) {
  const proof: IFaultProofs.AggregateProofStruct = {
    claim: await claimOn(f, content),
    ...buildColumnProof(COORDINATE, { ...files, rule: FEDAVG }, sha256),
    references: [...files.references],
  };
  await commit(f, "proveAggregate", proof);
  return [proof, SALT, await accusedOf(f, content)] as const;
}

/** Like `committedProof`, for an entry of the manifest: arguments of `proveReference`. */
export async function committedReferenceProof(f: Federation, content: Content, built: ReferenceProof) {
  const proof: IFaultProofs.ReferenceProofStruct = {
    claim: await claimOn(f, content),
    ...built,
    references: [...built.references],
  };
  await commit(f, "proveReference", proof);
  return [proof, SALT, await accusedOf(f, content)] as const;
}

/**
 * The committed proof that the proposer of rank 0 left out a client that it had acknowledged: arguments of
 * `proveBrokenReceipt`.
 */
export async function committedReceiptProof(
  f: Federation,
  { content, references }: Aggregation,
  { client, modelRoot }: { readonly client: string; readonly modelRoot: string },
) {
  const [signer] = await order(f);
  const { round, openingHash } = await candidateMessage(f, content);
  const receipt = await sign(f, signer!, "Receipt", { round, openingHash, client, modelRoot });
  const [signature] = await accusedOf(f, content);
  const proof: IFaultProofs.ReceiptProofStruct = {
    claim: await claimOn(f, content),
    references: [...references],
    client,
    modelRoot,
    receiptR: receipt.r,
    receiptVs: receipt.vs,
    signerR: signature!.r,
    signerVs: signature!.vs,
  };
  await commit(f, "proveBrokenReceipt", proof);
  return [proof, SALT] as const;
}

/** Asks for a leaf of update `index`, or of the candidate's model if that is null, with the stranger's bond. */
export async function askForLeaf(f: Federation, { content, references }: Aggregation, index: number | null) {
  const claim = await claimOn(f, content);
  const asked = leafRequest(claim.candidate as Hex, {
    round: BigInt(claim.round),
    index,
    leaf: LEAF,
    modelRoot: index === null ? (content.modelRoot as Hex) : references[index]!.modelRoot,
  });
  await f.token.transfer(f.stranger.address, LEAF_BOND);
  await f.token.connect(f.stranger).approve(f.faultProofs!, LEAF_BOND);
  const list = index === null ? [] : [...references];
  const sent = await f.faultProofs!.connect(f.stranger).requestLeaf(claim, list, asked.index, asked.leaf);
  return { asked, claim, sent };
}

export async function claimOn(f: Federation, content: Content): Promise<IFaultProofs.ClaimStruct> {
  const { round, baseRoot } = await candidateMessage(f, content);
  const [opening] = await f.consensus.queryFilter(f.consensus.filters.RoundOpened(round));
  const { parentHash: previousBlockHash } = await opening!.getBlock();
  return {
    round,
    candidate: await candidateId(f, content),
    content,
    opening: { baseRoot, parametersHash: await f.consensus.parametersHash(), previousBlockHash },
  };
}

export async function accusedOf(f: Federation, content: Content) {
  const [signer] = await order(f);
  const signature = await sign(f, signer!, "Candidate", await candidateMessage(f, content));
  return [{ voter: false, confidence: 0, ...signature }];
}

type CommittedMethod = "proveAggregate" | "proveReference" | "proveBrokenReceipt";

async function commit(f: Federation, method: CommittedMethod, proof: object) {
  const coder = AbiCoder.defaultAbiCoder();
  const [type] = f.faultProofs!.interface.getFunction(method)!.inputs;
  const parts = [keccak256(coder.encode([type!], [proof])), f.stranger.address, SALT];
  const commitment = keccak256(coder.encode(["bytes32", "address", "bytes32"], parts));
  await f.faultProofs!.connect(f.stranger).commit(commitment);
}
