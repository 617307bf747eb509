import type { LoadedFederation } from "../ports/federation.ts";
import { type Hex, sameHex, ZERO_HASH } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import type { PayoutRow } from "../protocol/incentives/payouts.ts";
import type { Model } from "../protocol/model/model.ts";
import { checkUpdateAuthor, checkUpdateRound } from "../protocol/round/check-update.ts";
import {
  decodeManifestFile,
  MANIFEST_MAX_BYTES,
  type ManifestFile,
} from "../protocol/round/manifest-file.ts";
import type { Candidate } from "../protocol/round/messages.ts";
import { referenceOf, type SignedUpdate, updatesHash } from "../protocol/round/references.ts";
import { readModel, readPayouts } from "../protocol/round/stored-files.ts";
import { clientTerms, winnerOf } from "../protocol/views/queries.ts";
import { baseRecord } from "./check-opening.ts";
import type { Audit } from "./verify-round.ts";

/** The files behind a candidate, each checked; undefined where one is missing or wrong. */
export interface RoundFiles {
  readonly federation: LoadedFederation | undefined;
  readonly base: Model | undefined;
  readonly manifest: { readonly file: ManifestFile; readonly bytes: Uint8Array } | undefined;
  /** In the manifest's order. */
  readonly updates: readonly { readonly signed: SignedUpdate; readonly model: Model }[] | undefined;
  readonly previousPayouts: readonly PayoutRow[] | undefined;
  /** The agreed model's file. */
  readonly modelBytes: Uint8Array | undefined;
}

/** Fetches everything the round was made of and checks each file and signature on its own. */
export async function checkFiles(audit: Audit, candidate: Candidate): Promise<RoundFiles> {
  const { checks, options } = audit;
  const name = "task file, genesis model and validation set";
  const federation = await checks.attempt(name, options.loadFederation);
  const manifest = await checkManifest(audit, candidate);
  const base = federation && (await checkBase(audit, federation));
  const updates =
    manifest && federation ? await checkUpdates(audit, manifest.file.updates, federation) : undefined;
  const previousPayouts = await checkPreviousPayouts(audit);
  const modelBytes =
    federation &&
    (await checks.attempt("model file", () => fetchFile(audit, candidate.modelCid, federation.modelBytes)));
  return { federation, base, manifest, updates, previousPayouts, modelBytes };
}

async function checkManifest(audit: Audit, candidate: Candidate): Promise<RoundFiles["manifest"]> {
  const { checks, record } = audit;
  const bytes = await checks.attempt("manifest file", () =>
    fetchFile(audit, candidate.manifestCid, MANIFEST_MAX_BYTES),
  );
  const file = bytes && (await checks.attempt("manifest: canonical order", () => decodeManifestFile(bytes)));
  if (!bytes || !file) return undefined;
  checks.equal("manifest: round", record.round, file.round);
  checks.equal("manifest: opening hash", record.openingHash, file.openingHash);
  checks.equal("manifest: base model", record.baseRoot, file.baseRoot);
  const samples = file.updates.reduce((sum, { update }) => sum + update.sampleCount, 0n);
  checks.equal("updates hash", updatesHash(file.updates.map(referenceOf)), candidate.updatesHash);
  checks.equal("update count", file.updates.length, candidate.updateCount);
  checks.equal("total samples", samples, candidate.totalSamples);
  return { file, bytes };
}

async function checkBase(audit: Audit, federation: LoadedFederation): Promise<Model | undefined> {
  const { checks, record, options } = audit;
  if (sameHex(record.baseCid, ZERO_HASH) && record.baseSettlement === 0n && record.standsOn.length === 0) {
    checks.equal("base model file", federation.federation.genesisRoot, record.baseRoot, "the genesis model");
    return federation.genesis;
  }
  return checks.attempt("base model file", async () => {
    const bytes = await fetchFile(audit, record.baseCid, federation.modelBytes);
    return readModel(bytes, record.baseRoot, federation.genesis, options.sha256);
  });
}

async function checkUpdates(
  audit: Audit,
  updates: readonly SignedUpdate[],
  federation: LoadedFederation,
): Promise<RoundFiles["updates"]> {
  const { checks, options } = audit;
  const checked: { signed: SignedUpdate; model: Model }[] = [];
  for (const [k, signed] of updates.entries()) {
    await checks.attempt(`update ${k} of ${signed.client}: signature, registration, cap`, () =>
      checkAuthor(audit, signed, federation),
    );
    const model = await checks.attempt(`update ${k} of ${signed.client}: model file`, async () => {
      const bytes = await fetchFile(audit, signed.update.modelCid, federation.modelBytes);
      return readModel(bytes, signed.update.modelRoot, federation.genesis, options.sha256);
    });
    if (model) checked.push({ signed, model });
  }
  return checked.length === updates.length ? checked : undefined;
}

function checkAuthor(
  { view, record, options }: Audit,
  signed: SignedUpdate,
  { federation }: LoadedFederation,
): void {
  checkUpdateRound(signed, record);
  const terms = clientTerms(view, signed.client, record.round);
  const signer = options.recoverer.recover(federation.domain, "Update", signed.update, signed.signature);
  checkUpdateAuthor(signed, terms, signer);
}

/** The cumulative payouts the round adds to: those of the round it builds on, checked against that round's root. */
async function checkPreviousPayouts(audit: Audit): Promise<readonly PayoutRow[] | undefined> {
  const { checks, record, view } = audit;
  if (sameHex(record.payoutsRoot, ZERO_HASH)) return [];
  const settled = baseRecord(view, record);
  const manifestCid = settled && winnerOf(settled)?.candidate.manifestCid;
  if (!manifestCid)
    return checks.blocked("previous payouts", `settlement ${record.baseSettlement} is not in the logs`);
  return checks.attempt("previous payouts", async () =>
    readPayouts(await fetchFile(audit, manifestCid, MANIFEST_MAX_BYTES), record.payoutsRoot),
  );
}

/** A file, its digest computed again: an auditor trusts nobody's store. */
async function fetchFile({ options }: Audit, digest: Hex, maxBytes: number): Promise<Uint8Array> {
  const bytes = await options.content.get(digest, { maxBytes });
  const got = await options.digest(bytes);
  if (sameHex(got, digest)) return bytes;
  throw new QuorateError("CONTENT_MISMATCH", `the file for ${digest} has digest ${got}`, { digest, got });
}
