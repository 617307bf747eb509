import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { abiWords, fromHex, type Hex, keccak } from "../bytes.ts";

/** Version of every signed message; part of the EIP-712 domain. */
export const PROTOCOL_NAME = "Quorate";
export const PROTOCOL_VERSION = "1";

/** Where a signature counts: one RoundConsensus on one chain. */
export interface Domain {
  readonly chainId: bigint;
  /** Address of RoundConsensus. */
  readonly verifyingContract: Hex;
}

/** A client's claim: I trained this model from `baseRoot` on `sampleCount` samples. */
export interface Update {
  readonly round: bigint;
  readonly openingHash: Hex;
  readonly baseRoot: Hex;
  readonly modelRoot: Hex;
  /** sha2-256 digest of the dag-pb root of the model file. */
  readonly modelCid: Hex;
  readonly sampleCount: bigint;
}

/** A proposer's promise to aggregate exactly this list of updates in this round. */
export interface Manifest {
  readonly round: bigint;
  readonly openingHash: Hex;
  readonly updatesHash: Hex;
}

/** The content of a proposal without its author; its struct hash is the candidate id. */
export interface Candidate {
  readonly round: bigint;
  readonly openingHash: Hex;
  readonly baseRoot: Hex;
  readonly modelRoot: Hex;
  readonly modelCid: Hex;
  readonly updatesHash: Hex;
  /** sha2-256 digest of the dag-pb root of the round record (manifest, scores, Shapley values, payouts). */
  readonly manifestCid: Hex;
  readonly payoutsRoot: Hex;
  /** Sum of all cumulative payouts, in the token's smallest unit. */
  readonly payoutsTotal: bigint;
  readonly updateCount: number;
  readonly totalSamples: bigint;
  /** Correct answers on the validation set. */
  readonly validationScore: number;
}

/**
 * Why a miner says no. Coordinate and reference can be refuted by arithmetic; score and payouts rest on the vote, and so
 * does a wrong model under a rule that no contract judges, which counts as payouts.
 */
export const REASON = { none: 0, coordinate: 1, reference: 2, withheld: 3, score: 4, payouts: 5 } as const;
export type Reason = (typeof REASON)[keyof typeof REASON];

/** What a log calls a reason: "none", "coordinate", … */
export function reasonName(reason: Reason): string {
  return Object.keys(REASON)[reason]!;
}

/** A miner's signed judgement on one candidate. */
export interface Vote {
  readonly round: bigint;
  readonly openingHash: Hex;
  /** Candidate id. */
  readonly candidate: Hex;
  readonly support: boolean;
  /** Basis points, 8,000–10,000 for a yes, 10,000 for a no. */
  readonly confidence: number;
  readonly reason: Reason;
  /** Coordinate j, reference k, or k << 32 | leaf i for a withheld leaf. */
  readonly reasonIndex: bigint;
}

/** The updates a secondary holds at the cut-off, sent to the primary; never seen by the chain. */
export interface Inventory {
  readonly round: bigint;
  readonly openingHash: Hex;
  readonly updatesHash: Hex;
}

/** A miner's acknowledgement that it holds a client's update. */
export interface Receipt {
  readonly round: bigint;
  readonly openingHash: Hex;
  readonly client: Hex;
  readonly modelRoot: Hex;
}

/** EIP-712 types, in the order of their fields; adapters hand them to a signer as they are. */
export const MESSAGE_TYPES = {
  Update: fields(
    "uint64 round,bytes32 openingHash,bytes32 baseRoot,bytes32 modelRoot,bytes32 modelCid,uint64 sampleCount",
  ),
  Manifest: fields("uint64 round,bytes32 openingHash,bytes32 updatesHash"),
  Inventory: fields("uint64 round,bytes32 openingHash,bytes32 updatesHash"),
  Candidate: fields(
    "uint64 round,bytes32 openingHash,bytes32 baseRoot,bytes32 modelRoot,bytes32 modelCid,bytes32 updatesHash," +
      "bytes32 manifestCid,bytes32 payoutsRoot,uint256 payoutsTotal,uint32 updateCount,uint64 totalSamples," +
      "uint32 validationScore",
  ),
  Vote: fields(
    "uint64 round,bytes32 openingHash,bytes32 candidate,bool support,uint16 confidence,uint8 reason," +
      "uint64 reasonIndex",
  ),
  Receipt: fields("uint64 round,bytes32 openingHash,address client,bytes32 modelRoot"),
} as const;

/** The content of each kind of signed message. */
export interface Messages {
  readonly Update: Update;
  readonly Manifest: Manifest;
  readonly Inventory: Inventory;
  readonly Candidate: Candidate;
  readonly Vote: Vote;
  readonly Receipt: Receipt;
}
export type MessageKind = keyof Messages;

const DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";

/** EIP-712 hashStruct of a message. All fields are static, so the encoding is one word each. */
export function structHash<K extends MessageKind>(kind: K, message: Messages[K]): Hex {
  const types = MESSAGE_TYPES[kind];
  const typeHash = hashText(`${kind}(${types.map((field) => `${field.type} ${field.name}`).join(",")})`);
  const values = types.map((field) => (message as unknown as Record<string, Hex | bigint>)[field.name]!);
  return keccak(abiWords([typeHash, ...values]));
}

/** EIP-712 domain separator (EIP-712, section "Definition of domainSeparator"). */
export function domainSeparator(domain: Domain): Hex {
  return keccak(
    abiWords([
      hashText(DOMAIN_TYPE),
      hashText(PROTOCOL_NAME),
      hashText(PROTOCOL_VERSION),
      domain.chainId,
      domain.verifyingContract,
    ]),
  );
}

/** The 32 bytes that are signed: keccak256(0x1901 ‖ domainSeparator ‖ hashStruct(message)). */
export function messageDigest<K extends MessageKind>(domain: Domain, kind: K, message: Messages[K]): Hex {
  return keccak(
    concatBytes(
      Uint8Array.of(0x19, 0x01),
      fromHex(domainSeparator(domain)),
      fromHex(structHash(kind, message)),
    ),
  );
}

/** The candidate's id: its EIP-712 struct hash. Equal proposals of two miners are one candidate. */
export function candidateId(candidate: Candidate): Hex {
  return structHash("Candidate", candidate);
}

/** Index of a no for a withheld leaf: update k, leaf i. */
export function withheldIndex(update: number, leaf: number): bigint {
  return (BigInt(update) << 32n) | BigInt(leaf);
}

/** openingHash of a round, as RoundConsensus computes it. */
export function openingHash(opening: {
  chainId: bigint;
  contract: Hex;
  round: bigint;
  baseRoot: Hex;
  parametersHash: Hex;
  parentBlockHash: Hex;
}): Hex {
  const { chainId, contract, round, baseRoot, parametersHash, parentBlockHash } = opening;
  return keccak(abiWords([chainId, contract, round, baseRoot, parametersHash, parentBlockHash]));
}

function hashText(text: string): Hex {
  return keccak(utf8ToBytes(text));
}

function fields(signature: string): { type: string; name: string }[] {
  return signature.split(",").map((field) => {
    const [type, name] = field.split(" ");
    return { type: type!, name: name! };
  });
}
