// Writes checkpoints.json: `node test/vectors/generate-checkpoints.ts`. Hashes and signatures come from ethers alone and the
// tree is written out once more, so that neither the contract nor the coordinator checks itself.
import { writeFileSync } from "node:fs";
import {
  AbiCoder,
  computeAddress,
  concat,
  id,
  keccak256,
  SigningKey,
  TypedDataEncoder,
  ZeroHash,
} from "ethers";

const TYPES = {
  Checkpoint: [
    { type: "uint64", name: "epoch" },
    { type: "uint64", name: "height" },
    { type: "bytes32", name: "blockHash" },
    { type: "bytes32", name: "stateRoot" },
    { type: "bytes32", name: "decisionsRoot" },
    { type: "bytes32", name: "nextConfigHash" },
  ],
};
const DOMAIN = {
  name: "Quorate",
  version: "1",
  chainId: 31_337,
  verifyingContract: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
};
const KEYS = ["5a", "01", "77", "c3"].map((byte) => new SigningKey(`0x${byte.repeat(32)}`));
const WEIGHTS = [1_000_000, 1, 4_294_967_295, 31_337];
const abi = AbiCoder.defaultAbiCoder();

const checkpoint = (epoch: number, height: number, nextConfigHash: string) => ({
  epoch,
  height,
  blockHash: id(`block ${height}`),
  stateRoot: id(`state ${height}`),
  decisionsRoot: id(`decisions ${height}`),
  nextConfigHash,
});

const checkpoints = [
  checkpoint(0, 1, ZeroHash),
  checkpoint(1_000_000, 2 ** 40, id("next")),
  checkpoint(7, 64, ZeroHash),
].map((message) => {
  const digest = TypedDataEncoder.hash(DOMAIN, TYPES, message);
  return { message, digest, signature: KEYS[0]!.sign(digest).compactSerialized };
});

const words = KEYS.map(
  (key, i) => `0x${((BigInt(computeAddress(key)) << 96n) | BigInt(WEIGHTS[i]!)).toString(16).padStart(64, "0")}`,
);
const committees = [
  { epoch: 0, details: ZeroHash, members: words },
  { epoch: 9, details: id("details"), members: words.slice(1, 3) },
].map((committee) => {
  const { epoch, details, members } = committee;
  return { ...committee, hash: keccak256(abi.encode(["uint64", "bytes32", "uint256[]"], [epoch, details, members])) };
});

const decisions = Array.from({ length: 11 }, (_, i) => {
  const kind = ["select", "rank", "allocate", "updates"][i % 4]!;
  const outcome = i % 5 === 4 ? undefined : `0x${"ab".repeat(i)}`;
  const fields = [i % 3, 10 * i, id(`task ${i}`), id(kind), outcome === undefined ? ZeroHash : keccak256(outcome)];
  const inner = keccak256(abi.encode(["uint64", "uint64", "bytes32", "bytes32", "bytes32"], fields));
  return { epoch: i % 3, height: 10 * i, task: id(`task ${i}`), kind, outcome: outcome ?? null, leaf: keccak256(inner) };
});

const pair = (a: string, b: string) => keccak256(BigInt(a) < BigInt(b) ? concat([a, b]) : concat([b, a]));

/** The first 2^k leaves to the left, the largest such number, the others to the right. */
function treeRoot(leaves: readonly string[]): string {
  if (leaves.length === 1) return leaves[0]!;
  const left = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  return pair(treeRoot(leaves.slice(0, left)), treeRoot(leaves.slice(left)));
}

function treePath(leaves: readonly string[], index: number): string[] {
  if (leaves.length === 1) return [];
  const left = 2 ** Math.ceil(Math.log2(leaves.length) - 1);
  const [near, far] = [leaves.slice(0, left), leaves.slice(left)];
  return index < left
    ? [...treePath(near, index), treeRoot(far)]
    : [...treePath(far, index - left), treeRoot(near)];
}

const leaves = decisions.map(({ leaf }) => leaf);
const json = {
  domain: DOMAIN,
  domainSeparator: TypedDataEncoder.hashDomain(DOMAIN),
  signer: computeAddress(KEYS[0]!),
  publicKeys: KEYS.map((key) => key.compressedPublicKey),
  addresses: KEYS.map((key) => computeAddress(key)),
  weights: WEIGHTS,
  checkpoints,
  committees,
  decisions: decisions.map((decision, i) => ({ ...decision, proof: treePath(leaves, i) })),
  /** By number of leaves, from 1. */
  roots: leaves.map((_, i) => treeRoot(leaves.slice(0, i + 1))),
};
writeFileSync(new URL("checkpoints.json", import.meta.url), `${JSON.stringify(json, null, 2)}\n`);
