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
 * The canonical list out of any set of signed updates of one round, ascending by client: of several by one client the
 * lowest reference counts whose model root is not that of a lower address's entry. So a client is left out only if each
 * of its models is in the list under another name, and no copy makes a miner break its receipt for an original.
 */
export function canonicalUpdates(updates: readonly SignedUpdate[]): SignedUpdate[] {
  const lowestFirst = updates
    .map((signed) => ({ signed, reference: referenceOf(signed) }))
    .sort(
      (a, b) => compareHex(a.signed.client, b.signed.client) || compareReferences(a.reference, b.reference),
    );
  const clients = new Set<string>();
  const roots = new Set<string>();
  return lowestFirst.flatMap(({ signed }) => {
    const client = signed.client.toLowerCase();
    const root = signed.update.modelRoot.toLowerCase();
    if (clients.has(client) || roots.has(root)) return [];
    clients.add(client);
    roots.add(root);
    return [signed];
  });
}
