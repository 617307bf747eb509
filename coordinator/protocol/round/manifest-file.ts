import { utf8ToBytes } from "@noble/hashes/utils.js";
import { compareHex, type Hex, sameHex } from "../bytes.ts";
import { QuorateError } from "../errors.ts";
import type { PayoutRow } from "../incentives/payouts.ts";
import { canonicalUpdates, type SignedUpdate } from "./references.ts";

/** Largest manifest file a node reads, in bytes. */
export const MANIFEST_MAX_BYTES = 16 * 1024 * 1024;

/**
 * The canonical record of a proposal, pinned to IPFS: which updates it used and everything that follows from them
 * except the model. It names no author and no time, so two honest proposers write the same bytes.
 */
export interface ManifestFile {
  readonly round: bigint;
  readonly openingHash: Hex;
  readonly baseRoot: Hex;
  /** Ascending by client. */
  readonly updates: readonly SignedUpdate[];
  /**
   * Validation scores by coalition bitmask (bit k = update k of those with weight), index 0 = the base model; null if
   * sampled or absent.
   */
  readonly coalitionScores: readonly number[] | null;
  /** Integer Shapley values of the updates, over `denominator`; null without an evaluator. */
  readonly shapley: { readonly numerators: readonly bigint[]; readonly denominator: bigint } | null;
  /** Cumulative payouts after this round, ascending by address, in the token's smallest unit. */
  readonly payouts: readonly PayoutRow[];
  /** What a rule other than plain FedAvg made of the updates; with FedAvg it is not there. */
  readonly selection?: Selection;
}

/** Part of a version 2 manifest file. */
export interface Selection {
  /** As on a command line: `nnm:2+multi-krum:2:blanchard`. */
  readonly rule: string;
  /** Per update its part in the model in basis points, 0 only if it has none; null where coordinates decide. */
  readonly weights: readonly (number | null)[];
  /** The updates without any part, ascending by client, and why. */
  readonly unweighted: readonly { readonly client: Hex; readonly reason: string }[];
}

/**
 * Canonical bytes: JSON in UTF-8, fixed field order, no white space, integers beyond 2^53 as decimal strings. Version 2
 * is version 1 plus `selection`.
 */
export function encodeManifestFile(manifest: ManifestFile): Uint8Array {
  const { shapley, selection } = manifest;
  return utf8ToBytes(
    JSON.stringify({
      format: "quorate-manifest",
      version: selection ? 2 : 1,
      round: String(manifest.round),
      openingHash: manifest.openingHash.toLowerCase(),
      baseRoot: manifest.baseRoot.toLowerCase(),
      updates: manifest.updates.map((signed) => ({
        client: signed.client.toLowerCase(),
        modelRoot: signed.update.modelRoot.toLowerCase(),
        modelCid: signed.update.modelCid.toLowerCase(),
        sampleCount: String(signed.update.sampleCount),
        signature: signed.signature.toLowerCase(),
      })),
      coalitionScores: manifest.coalitionScores,
      shapley: shapley && {
        denominator: String(shapley.denominator),
        numerators: shapley.numerators.map(String),
      },
      payouts: manifest.payouts.map((row) => [row.client.toLowerCase(), String(row.cumulative)]),
      ...(selection && {
        selection: {
          rule: selection.rule,
          weights: selection.weights,
          unweighted: selection.unweighted.map((row) => [row.client.toLowerCase(), row.reason]),
        },
      }),
    }),
  );
}

/**
 * Reads a manifest file as evidence: its updates may be in any order, twice, or what no miner may use.
 * @throws QuorateError MANIFEST_MALFORMED, MANIFEST_TOO_LARGE
 */
export function readManifestEvidence(bytes: Uint8Array): ManifestFile {
  if (bytes.length > MANIFEST_MAX_BYTES)
    throw new QuorateError(
      "MANIFEST_TOO_LARGE",
      `manifest of ${bytes.length} bytes exceeds ${MANIFEST_MAX_BYTES}`,
      {
        size: bytes.length,
      },
    );
  return readFields(bytes);
}

/**
 * Reads a manifest file and refuses anything but its canonical bytes.
 * @throws QuorateError MANIFEST_MALFORMED, MANIFEST_NOT_CANONICAL, MANIFEST_TOO_LARGE
 */
export function decodeManifestFile(bytes: Uint8Array): ManifestFile {
  const manifest = readManifestEvidence(bytes);
  const again = encodeManifestFile(manifest);
  if (again.length !== bytes.length || again.some((byte, i) => byte !== bytes[i]))
    throw new QuorateError(
      "MANIFEST_NOT_CANONICAL",
      "manifest bytes are not the canonical encoding of its content",
    );
  const canonical = canonicalUpdates(manifest.updates);
  const ordered =
    canonical.length === manifest.updates.length &&
    canonical.every((signed, i) => sameHex(signed.client, manifest.updates[i]!.client));
  if (!ordered)
    throw new QuorateError(
      "MANIFEST_NOT_CANONICAL",
      "manifest updates are not unique and ascending by client",
    );
  assertAscending(manifest.payouts);
  return manifest;
}

function readFields(bytes: Uint8Array): ManifestFile {
  try {
    const json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (json.format !== "quorate-manifest" || json.version !== (json.selection ? 2 : 1))
      throw new Error("unknown format or version");
    const round = BigInt(json.round);
    const updates = (json.updates as Record<string, string>[]).map((row) => ({
      client: hex(row.client, 20),
      signature: hex(row.signature, 64),
      update: {
        round,
        openingHash: hex(json.openingHash, 32),
        baseRoot: hex(json.baseRoot, 32),
        modelRoot: hex(row.modelRoot, 32),
        modelCid: hex(row.modelCid, 32),
        sampleCount: BigInt(row.sampleCount!),
      },
    }));
    const scores = json.coalitionScores as number[] | null;
    if (scores?.some((score) => !Number.isSafeInteger(score) || score < 0)) throw new Error("bad score");
    return {
      round,
      openingHash: hex(json.openingHash, 32),
      baseRoot: hex(json.baseRoot, 32),
      updates,
      coalitionScores: scores,
      shapley: json.shapley && {
        denominator: BigInt(json.shapley.denominator),
        numerators: (json.shapley.numerators as string[]).map(BigInt),
      },
      payouts: (json.payouts as [string, string][]).map(([client, cumulative]) => ({
        client: hex(client, 20),
        cumulative: BigInt(cumulative),
      })),
      ...(json.selection && { selection: readSelection(json.selection, updates.length) }),
    };
  } catch (error) {
    throw new QuorateError(
      "MANIFEST_MALFORMED",
      `not a manifest file: ${(error as Error).message}`,
      {},
      { cause: error },
    );
  }
}

function readSelection({ rule, weights, unweighted }: Record<string, unknown>, updates: number): Selection {
  const parts = weights as (number | null)[];
  const fits = parts.length === updates && parts.every((part) => part === null || isBasisPoints(part));
  if (!fits || typeof rule !== "string" || rule.length > 200) throw new Error("bad selection");
  const rows = (unweighted as [string, string][]).map(([client, reason]) => {
    if (typeof reason !== "string" || reason.length > 200) throw new Error("bad reason");
    return { client: hex(client, 20), reason };
  });
  return { rule, weights: parts, unweighted: rows };
}

function isBasisPoints(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 10_000;
}

function hex(value: unknown, length: number): Hex {
  if (typeof value !== "string" || !/^0x[0-9a-f]*$/.test(value) || value.length !== 2 + 2 * length)
    throw new Error(`expected ${length} bytes in hexadecimal, got ${String(value).slice(0, 80)}`);
  return value as Hex;
}

function assertAscending(payouts: readonly PayoutRow[]): void {
  const wrong = payouts.findIndex((row, i) => i > 0 && compareHex(payouts[i - 1]!.client, row.client) >= 0);
  if (wrong >= 0)
    throw new QuorateError("MANIFEST_NOT_CANONICAL", `payout row ${wrong} is not above the row before it`, {
      row: wrong,
    });
}
