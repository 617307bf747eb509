// Writes messages.json: `node test/vectors/generate-messages.ts`. Hashes and signatures come from ethers alone, types
// are written out once more, so that neither the contract's nor the coordinator's encoder checks itself.
import { writeFileSync } from "node:fs";
import { AbiCoder, keccak256, SigningKey, TypedDataEncoder, toUtf8Bytes } from "ethers";

/** Message types as everyone signs them: field order counts. */
const TYPES: Record<string, string> = {
  Update:
    "uint64 round,bytes32 openingHash,bytes32 baseRoot,bytes32 modelRoot,bytes32 modelCid,uint64 sampleCount",
  Manifest: "uint64 round,bytes32 openingHash,bytes32 updatesHash",
  Candidate:
    "uint64 round,bytes32 openingHash,bytes32 baseRoot,bytes32 modelRoot,bytes32 modelCid,bytes32 updatesHash," +
    "bytes32 manifestCid,bytes32 payoutsRoot,uint256 payoutsTotal,uint32 updateCount,uint64 totalSamples," +
    "uint32 validationScore",
  Vote:
    "uint64 round,bytes32 openingHash,bytes32 candidate,bool support,uint16 confidence,uint8 reason," +
    "uint64 reasonIndex",
  Receipt: "uint64 round,bytes32 openingHash,address client,bytes32 modelRoot",
};

const DOMAIN = {
  name: "Quorate",
  version: "1",
  chainId: 31_337,
  verifyingContract: "0x5FbDB2315678afecb367f032d93F642f64180aa3",
};

/** Key of the signatures; a constant of this file. */
const KEY = new SigningKey(`0x${"5a".repeat(32)}`);

const fields = (kind: string) =>
  (TYPES[kind] as string).split(",").map((field) => {
    const [type, name] = field.split(" ") as [string, string];
    return { type, name };
  });

/** A value of `type`: the smallest, the largest, or one derived from the field's name. */
function value(type: string, name: string, size: "small" | "large" | "named"): string | boolean {
  if (type === "bool") return size !== "small";
  const hash = keccak256(toUtf8Bytes(name));
  if (type === "bytes32") return { small: `0x${"00".repeat(32)}`, large: `0x${"ff".repeat(32)}`, named: hash }[size];
  if (type === "address") return { small: `0x${"00".repeat(20)}`, large: `0x${"ff".repeat(20)}`, named: hash.slice(0, 42) }[size];
  const max = 2n ** BigInt(type.slice(4)) - 1n;
  return { small: 0n, large: max, named: BigInt(hash) % max }[size].toString();
}

function vector(kind: string, size: "small" | "large" | "named") {
  const types = { [kind]: fields(kind) };
  const message = Object.fromEntries(fields(kind).map(({ type, name }) => [name, value(type, name, size)]));
  const digest = TypedDataEncoder.hash(DOMAIN, types, message);
  return {
    kind,
    message,
    structHash: TypedDataEncoder.from(types).hash(message),
    digest,
    signature: KEY.sign(digest).compactSerialized,
  };
}

const REFERENCES = [1, 2, 3].map((k) => ({
  client: `0x${k.toString(16).padStart(2, "0").repeat(20)}`,
  modelRoot: keccak256(toUtf8Bytes(`model ${k}`)),
  sampleCount: String(k * 1_000),
  signatureHash: keccak256(toUtf8Bytes(`signature ${k}`)),
}));

function updatesHash(references: typeof REFERENCES): string {
  const type = "tuple(address client,bytes32 modelRoot,uint64 sampleCount,bytes32 signatureHash)[]";
  return keccak256(AbiCoder.defaultAbiCoder().encode([type], [references]));
}

export const messageVectors = {
  domain: { chainId: DOMAIN.chainId, verifyingContract: DOMAIN.verifyingContract },
  domainSeparator: TypedDataEncoder.hashDomain(DOMAIN),
  signer: `0x${keccak256(`0x${KEY.publicKey.slice(4)}`).slice(26)}`,
  messages: Object.keys(TYPES).flatMap((kind) =>
    (["named", "small", "large"] as const).map((size) => vector(kind, size)),
  ),
  updates: [0, 1, 3].map((count) => {
    const references = REFERENCES.slice(0, count);
    return { references, updatesHash: updatesHash(references) };
  }),
};

if (import.meta.main) {
  writeFileSync(new URL("messages.json", import.meta.url), `${JSON.stringify(messageVectors, null, 1)}\n`);
}
