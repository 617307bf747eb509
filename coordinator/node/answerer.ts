import type { OpenLeafRequest } from "../ports/chain.ts";
import { sameHex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import { leafOpening } from "../protocol/faults/leaf.ts";
import { MANIFEST_MAX_BYTES, readManifestEvidence } from "../protocol/round/manifest-file.ts";
import { candidateId } from "../protocol/round/messages.ts";
import { readEvidence } from "../protocol/round/stored-files.ts";
import { MODEL_INDEX } from "../protocol/views/dispute-records.ts";
import type { Jobs } from "./jobs.ts";
import type { Snapshot } from "./round-watch.ts";
import type { SigningRoom } from "./signing.ts";
import { timingsOf } from "./timings.ts";
import type { Emit, MinerDeps } from "./types.ts";

/** Shows leaves that are asked for, as far as this miner answers for them with its stake. */
export interface Answerer {
  /** Starts an answer to every open request about a candidate this miner signed or said yes to. */
  step(snapshot: Snapshot): Promise<void>;
}

type AnswererDeps = Pick<
  MinerDeps,
  "chain" | "content" | "federation" | "sha256" | "clock" | "config" | "logger"
> & {
  readonly signing: SigningRoom;
  readonly jobs: Jobs;
  readonly emit: Emit;
};

export function createAnswerer(deps: AnswererDeps): Answerer {
  const { chain, content, federation, clock, config, signing, sha256 } = deps;
  let seen = -1;
  let open: readonly OpenLeafRequest[] = [];

  const isOurs = ({ candidate, id }: OpenLeafRequest): boolean => {
    const own = signing.signedCandidate(candidate);
    if (own && sameHex(candidateId(own.message), id.candidate)) return true;
    return signing.signedVote(candidate, id.candidate)?.message.support === true;
  };

  const modelOf = async ({ id, candidate }: OpenLeafRequest, signal: AbortSignal) => {
    const { modelBytes: maxBytes, genesis } = federation;
    if (id.index === MODEL_INDEX) {
      const bytes = await content.get(candidate.modelCid, { maxBytes, signal });
      return readEvidence(bytes, id.modelRoot, genesis, sha256);
    }
    const limits = { maxBytes: MANIFEST_MAX_BYTES, signal };
    const { updates } = readManifestEvidence(await content.get(candidate.manifestCid, limits));
    const update = updates[Number(id.index)]?.update;
    if (!update)
      throw new QuorateError("FAULT_LIST", `the manifest has no update ${id.index}`, { index: id.index });
    const bytes = await content.get(update.modelCid, { maxBytes, signal });
    return readEvidence(bytes, id.modelRoot, genesis, sha256);
  };

  const answer = async (request: OpenLeafRequest, wait: number, signal: AbortSignal): Promise<void> => {
    const opening = leafOpening(await modelOf(request, signal), Number(request.id.leaf), sha256);
    await clock.sleep(wait, signal);
    const still = (await chain.leafRequests()).some(({ key }) => sameHex(key, request.key));
    if (!still) return;
    const sent = await chain.answerLeaf(request.id, opening);
    const { round } = request.id;
    deps.emit({ kind: "answered", round: String(round), request: request.key, transaction: sent.hash });
  };

  return {
    async step({ blockNumber, parameters, miners }) {
      if (blockNumber !== seen) open = (await chain.leafRequests()).filter(isOurs);
      seen = blockNumber;
      const seats = miners.filter(({ active }) => active);
      const turn = seats.findIndex(({ miner }) => sameHex(miner, config.miner));
      const { staggerMs } = timingsOf(parameters, config.timings);
      // One answer is enough; whoever comes later looks first, and nobody waits too long to be in time.
      const wait = Math.min(Math.max(0, turn) * staggerMs, parameters.answerTime * 250);
      for (const request of open)
        deps.jobs.ensure(`answer:${request.key}`, (signal) => answer(request, wait, signal), true);
    },
  };
}
