import type { PostedCandidate, RoundView } from "../ports/chain.ts";
import { type Hex, sameHex, ZERO_HASH } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import { decodeManifestFile, MANIFEST_MAX_BYTES } from "../protocol/round/manifest-file.ts";
import { roundName } from "./round-watch.ts";
import type { SigningRoom } from "./signing.ts";
import type { MinerDeps } from "./types.ts";

/** Keeps the files of ended rounds, and says which. */
export interface Retention {
  /** After a restart: finds out which rounds' files are held. */
  restore(last: RoundView | undefined, signal: AbortSignal): Promise<void>;
  /** Fetches what is missing of an ended round, pins it, and forgets rounds that need not be kept any more. */
  ended(view: RoundView, signal: AbortSignal): Promise<void>;
  range(): { readonly first: bigint; readonly last: bigint } | undefined;
}

export function createRetention(
  deps: Pick<MinerDeps, "chain" | "store" | "content" | "federation" | "config" | "logger"> & {
    readonly signing: SigningRoom;
  },
): Retention {
  const { chain, store, content, federation, config } = deps;
  const keep = config.retainRounds ?? Number.POSITIVE_INFINITY;
  /** Never forgotten, whatever a candidate names. */
  const lasting = [ZERO_HASH, federation.federation.taskHash, federation.task.validation?.cid];
  let first: bigint | undefined;
  let last: bigint | undefined;

  /** Digests of a candidate's files, the manifest first; throws if the manifest can't be had. */
  const filesOf = async (manifestCid: Hex, modelCid: Hex, read: (digest: Hex) => Promise<Uint8Array>) => [
    manifestCid,
    modelCid,
    ...listedModels(await read(manifestCid)),
  ];

  const holds = async (view: RoundView): Promise<boolean> => {
    // Files that other candidates name may never have existed.
    const won = decidedOn(view);
    for (const { candidate } of won ? [won] : []) {
      if (!(await store.has(candidate.manifestCid))) return false;
      const files = await filesOf(candidate.manifestCid, candidate.modelCid, (digest) => store.read(digest));
      for (const digest of files) if (!(await store.has(digest))) return false;
    }
    return true;
  };

  /** Bitswap leaves blocks without a pin, so what was fetched is stored once more. */
  const pin = async (digest: Hex, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> => {
    const bytes = await content.get(digest, { maxBytes, signal });
    await store.add(bytes);
    return bytes;
  };

  const pinFiles = async ({ candidate }: PostedCandidate, signal: AbortSignal): Promise<void> => {
    const { manifestCid, modelCid } = candidate;
    const [, ...rest] = await filesOf(manifestCid, modelCid, (digest) =>
      pin(digest, MANIFEST_MAX_BYTES, signal),
    );
    for (const digest of rest) await pin(digest, federation.modelBytes, signal);
  };

  const pinRound = async (view: RoundView, signal: AbortSignal): Promise<void> => {
    const won = decidedOn(view);
    if (won) await pinFiles(won, signal);
    for (const posted of view.candidates.filter((other) => other !== won))
      await pinFiles(posted, signal).catch((error: unknown) => {
        // The files of a candidate that lost may never have existed; the winner's are worth trying again.
        if (!(error instanceof QuorateError)) throw error;
      });
  };

  /** Files that are still needed, however old: those of the last agreed round and all after it, and those of claims against the final root. */
  const neededRound = async (): Promise<bigint> => {
    const [current, paid] = await Promise.all([chain.currentRound(), chain.finalPayouts()]);
    // What is degraded is recomputed from the last agreed round on by whoever ratifies it.
    const agreed = current?.payoutsRound ?? (await chain.head()).round;
    const final = paid?.round ?? 0n;
    return agreed < final ? agreed : final;
  };

  /** Files of the rounds after `view` that began with the same model: clients train the same updates for them again. */
  const usedAgain = async (view: RoundView): Promise<ReadonlySet<Hex>> => {
    const digests = new Set<Hex>();
    for (let round = view.round + 1n; round <= last!; round++) {
      const later = await chain.round(round);
      if (!sameHex(later.baseRoot, view.baseRoot)) break;
      for (const { candidate } of later.candidates) {
        const { manifestCid, modelCid } = candidate;
        if (!(await store.has(manifestCid))) continue;
        const files = await filesOf(manifestCid, modelCid, (digest) => store.read(digest));
        for (const digest of files) digests.add(digest);
      }
    }
    return digests;
  };

  const forget = async (view: RoundView): Promise<void> => {
    const kept = await usedAgain(view);
    const own = deps.signing.receipts(view).map(({ update }) => update.update.modelCid);
    const digests = new Set<Hex>(own);
    for (const { candidate } of view.candidates) {
      if (!(await store.has(candidate.manifestCid))) continue;
      const files = await filesOf(candidate.manifestCid, candidate.modelCid, (digest) => store.read(digest));
      for (const digest of files) digests.add(digest);
    }
    for (const digest of digests)
      if (!lasting.includes(digest) && !kept.has(digest)) await store.remove(digest);
    deps.logger.info({ round: roundName(view), files: digests.size }, "forgot the files of an old round");
  };

  const forgetOld = async (): Promise<void> => {
    if (keep === Number.POSITIVE_INFINITY || first === undefined || last === undefined) return;
    const needed = await neededRound();
    while (first < needed && last - first >= BigInt(keep)) {
      await forget(await chain.round(first));
      first++;
    }
  };

  return {
    async restore(view, signal) {
      if (!view) return;
      const ended = view.status === "open" ? view.round - 1n : view.round;
      for (let round = ended; round > 0n; round--) {
        signal.throwIfAborted();
        if (!(await holds(await chain.round(round)))) break;
        first = round;
        last ??= round;
      }
    },
    async ended(view, signal) {
      await pinRound(view, signal);
      first ??= view.round;
      last = last === undefined || view.round > last ? view.round : last;
      await forgetOld();
    },
    range: () => (first === undefined || last === undefined ? undefined : { first, last }),
  };
}

/** The candidate a round decided on; none if it failed or was taken back. */
function decidedOn({ status, candidates, winner }: RoundView): PostedCandidate | undefined {
  const decided = ["agreed", "degraded", "ratified"].includes(status);
  return decided ? candidates.find(({ id }) => id === winner) : undefined;
}

/** Models a manifest file names; none if it is no manifest: a proposer may name any file. */
function listedModels(manifest: Uint8Array): Hex[] {
  try {
    return decodeManifestFile(manifest).updates.map(({ update }) => update.modelCid);
  } catch (error) {
    if (error instanceof QuorateError) return [];
    throw error;
  }
}
