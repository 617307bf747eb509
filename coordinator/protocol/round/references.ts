import { concatBytes } from "@noble/hashes/utils.js";
import { abiWords, compareHex, fromHex, type Hex, keccak } from "../bytes.ts";
import type { Update } from "./messages.ts";

/** A client's update with its signature and the client's identity address. */
export interface SignedUpdate {
  readonly client: Hex;
  readonly update: Update;
  /** 64-byte compact signature (EIP-2098) of the update by the client's registered key. */
  readonly signature: Hex;
}

/** One line of a manifest as the contract hashes it. */
export interface UpdateReference {
  readonly client: Hex;
  readonly modelRoot: Hex;
  readonly sampleCount: bigint;
  readonly signatureHash: Hex;
}

/** The hash that binds a reference to one signature. */
export function signatureHash(signature: Hex): Hex {
  return keccak(fromHex(signature, 64));
}

/** The reference of a signed update. */
export function referenceOf(signed: SignedUpdate): UpdateReference {
  return {
    client: signed.client,
    modelRoot: signed.update.modelRoot,
    sampleCount: signed.update.sampleCount,
    signatureHash: signatureHash(signed.signature),
  };
}

/** keccak256(abi.encode(UpdateReference[])): what Manifest and Candidate sign as `updatesHash`. */
export function updatesHash(references: readonly UpdateReference[]): Hex {
  const head = abiWords([32n, BigInt(references.length)]);
  const rows = references.map((r) => abiWords([r.client, r.modelRoot, r.sampleCount, r.signatureHash]));
  return keccak(concatBytes(head, ...rows));
}

/** Orders references of one client: by modelRoot, then sample count, then signature hash. The lowest counts. */
export function compareReferences(a: UpdateReference, b: UpdateReference): number {
  const byRoot = compareHex(a.modelRoot, b.modelRoot);
  if (byRoot !== 0) return byRoot;
  if (a.sampleCount !== b.sampleCount) return a.sampleCount < b.sampleCount ? -1 : 1;
  return compareHex(a.signatureHash, b.signatureHash);
}

/**
 * The canonical list out of any set of signed updates of one round: of several by one client the lowest reference
 * counts; of equal model roots by several clients the lowest address counts; ascending by client.
 */
export function canonicalUpdates(updates: readonly SignedUpdate[]): SignedUpdate[] {
  const byClient = new Map<string, SignedUpdate>();
  for (const signed of updates) {
    const key = signed.client.toLowerCase();
    const held = byClient.get(key);
    if (!held || compareReferences(referenceOf(signed), referenceOf(held)) < 0) byClient.set(key, signed);
  }
  const ascending = [...byClient.values()].sort((a, b) => compareHex(a.client, b.client));
  const roots = new Set<string>();
  return ascending.filter((signed) => {
    const root = signed.update.modelRoot.toLowerCase();
    if (roots.has(root)) return false;
    roots.add(root);
    return true;
  });
}
