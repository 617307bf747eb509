import type { MinerDeps } from "../../coordinator/node/types.ts";
import type { Evaluator } from "../../coordinator/ports/learning.ts";
import type { MinerService } from "../../coordinator/ports/transport.ts";
import { sameHex } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { REASON, type Vote } from "../../coordinator/protocol/round/messages.ts";
import type { Aggregator } from "../../coordinator/protocol/round/recompute.ts";
import { referenceOf, type SignedUpdate, updatesHash } from "../../coordinator/protocol/round/references.ts";

/** The weight that is wrong. */
export const WRONG_COORDINATE = 4_321;

/** What a faulty miner does differently; all else is the honest node. */
export const FAULTS = {
  /** Turns over mantissa bit 12 of one weight of every aggregate. */
  "wrong-aggregate": (deps) => ({ ...deps, aggregator: flipBit(deps.aggregator!, 12) }),
  /** The same, but names no weight of others wrong: a refuted no would take its seat before it is drawn to propose. */
  "wrong-aggregate-alone": (deps) => missRivals({ ...deps, aggregator: flipBit(deps.aggregator!, 12) }),
  /** The same with the lowest bit. */
  "wrong-lowest-bit": (deps) => missRivals({ ...deps, aggregator: flipBit(deps.aggregator!, 0) }),
  /** Counts one correct answer more than there is: whatever others score, it votes no. */
  "always-no": (deps) => ({ ...deps, evaluator: overcount(deps.evaluator!) }),
  /** Sends every other miner its vote, and then the opposite one. */
  "two-votes": (deps) => ({ ...deps, transport: { ...deps.transport, offerVote: voteTwice(deps) } }),
  /** As primary answers with a list in another order first; see SERVICE_FAULTS. */
  "two-manifests": (deps) => deps,
  /** Waits for somebody else's candidate and signs that. */
  copies: (deps) => ({
    ...deps,
    transport: { ...deps.transport, offerCandidate: () => Promise.reject(new Error("none of its own")) },
    chain: { ...deps.chain, propose: copyPosted(deps) },
  }),
  /** Settles with its own votes alone. */
  "omits-votes": (deps) => ({ ...deps, chain: { ...deps.chain, settle: settleAlone(deps) } }),
  /** Turns over mantissa bit 12 of one weight, and keeps the model to itself: nobody can find the weight. */
  "withholds-model": (deps) =>
    hideAggregates(missRivals({ ...deps, aggregator: flipBit(deps.aggregator!, 12) })),
  /** Shows one update of each round to nobody, whether asked by others or by the contract; see SERVICE_FAULTS. */
  "withholds-update": (deps) => ({
    ...deps,
    // Whoever finds its IPFS node could fetch there what it does not serve by HTTP.
    store: { ...deps.store, addresses: () => [] },
    chain: { ...deps.chain, leafRequests: async () => [] },
  }),
} as const satisfies Record<string, (deps: MinerDeps) => MinerDeps>;

export type Fault = keyof typeof FAULTS;

/** What a faulty miner answers differently when it is asked. */
export const SERVICE_FAULTS: Partial<
  Record<Fault, (service: MinerService, deps: MinerDeps) => MinerService>
> = {
  "two-manifests": (service, deps) => ({ ...service, exchangeManifest: signTwoLists(service, deps) }),
  "withholds-update": hideUpdate,
};

function voteTwice({ transport, signer, federation }: MinerDeps): MinerDeps["transport"]["offerVote"] {
  return async (endpoint, round, message, signal) => {
    await transport.offerVote(endpoint, round, message, signal);
    const { support } = message.vote;
    const reasons = support ? REASON.payouts : REASON.none;
    const vote: Vote = {
      ...message.vote,
      support: !support,
      confidence: 10_000,
      reason: reasons,
      reasonIndex: 0n,
    };
    const signature = await signer.sign(federation.federation.domain, "Vote", vote);
    // The receiver refuses it, and keeps it.
    await transport
      .offerVote(endpoint, round, { ...message, vote, signature }, signal)
      .catch(() => undefined);
  };
}

/** The first answer of a round is signed over a list that is no manifest, so that it is asked for another one. */
function signTwoLists(
  service: MinerService,
  { signer, federation }: MinerDeps,
): MinerService["exchangeManifest"] {
  const answered = new Set<bigint>();
  return async (round, inventory) => {
    const answer = await service.exchangeManifest(round, inventory);
    if (answered.has(round) || answer.updates.length < 2) return answer;
    answered.add(round);
    const updates = answer.updates.toReversed();
    const { openingHash } = updates[0]!.update;
    const message = { round, openingHash, updatesHash: updatesHash(updates.map(referenceOf)) };
    const signature = await signer.sign(federation.federation.domain, "Manifest", message);
    return { ...answer, updates, signature };
  };
}

/** How often a copier looks for somebody else's candidate, milliseconds. */
const LOOK_MS = 100;

function copyPosted({ chain, clock, config, signer, federation }: MinerDeps): MinerDeps["chain"]["propose"] {
  return async (own) => {
    for (;;) {
      const { status, candidates } = await chain.round(own.round);
      const [posted] = candidates;
      if (status !== "open") throw new Error("nobody posted anything to copy");
      if (posted) {
        const { candidate } = posted;
        const signature = await signer.sign(federation.federation.domain, "Candidate", candidate);
        return chain.propose(candidate, [{ miner: config.miner, candidate, signature }]);
      }
      await clock.sleep(LOOK_MS);
    }
  };
}

/** The engine's result with one bit of one weight turned over. */
function flipBit(engine: Aggregator, bit: number): Aggregator {
  return async (...args) => {
    const result = await engine(...args);
    const floats = result.floats.slice();
    new Uint32Array(floats.buffer)[WRONG_COORDINATE]! ^= 1 << bit;
    return { ...result, floats };
  };
}

/** Stores its own aggregates where no peer finds them; all else is served. */
function hideAggregates(deps: MinerDeps): MinerDeps {
  const { store } = deps;
  const own: Buffer[] = [];
  const hidden = new Map<string, Uint8Array>();
  return {
    ...deps,
    async aggregator(...args) {
      const result = await deps.aggregator!(...args);
      own.push(Buffer.from(result.floats.slice().buffer));
      return result;
    },
    store: {
      ...store,
      async add(bytes, ...rest) {
        if (!own.some((floats) => Buffer.from(bytes).includes(floats))) return store.add(bytes, ...rest);
        const digest = await store.digest(bytes);
        hidden.set(digest.toLowerCase(), bytes);
        return digest;
      },
      read: async (digest, ...rest) => hidden.get(digest.toLowerCase()) ?? store.read(digest, ...rest),
    },
  };
}

/**
 * Says of every model that others post that it can't be had: a no that arithmetic can't refute. Else it would name the
 * weight where the others do not lie, and pay for that before anybody misses its own model.
 */
function missRivals(deps: MinerDeps): MinerDeps {
  const get: MinerDeps["content"]["get"] = async (digest, options) => {
    const posted = (await deps.chain.currentRound())?.candidates ?? [];
    if (posted.some(({ candidate }) => sameHex(candidate.modelCid, digest)))
      throw new QuorateError("CONTENT_UNAVAILABLE", `${digest} is a rival's model`, { digest });
    return deps.content.get(digest, options);
  };
  return { ...deps, content: { get } };
}

/** Serves no update of the client with the highest address of a round: whoever does the same hides the same one. */
function hideUpdate(service: MinerService): MinerService {
  const held: SignedUpdate[] = [];
  const isLast = ({ client, update }: SignedUpdate) =>
    held.every((other) => other.update.round !== update.round || BigInt(other.client) <= BigInt(client));
  return {
    ...service,
    submitUpdate(signed, model) {
      held.push(signed);
      return service.submitUpdate(signed, model);
    },
    async content(digest) {
      const hidden = held.some((signed) => sameHex(signed.update.modelCid, digest) && isLast(signed));
      return hidden ? undefined : service.content(digest);
    },
  };
}

function overcount(evaluator: Evaluator): Evaluator {
  return {
    ...evaluator,
    async coalitionScores(...args) {
      const scores = await evaluator.coalitionScores(...args);
      return scores.map((score, coalition) => (coalition === scores.length - 1 ? score + 1 : score));
    },
    score: async (...args) => (await evaluator.score(...args)) + 1,
  };
}

function settleAlone({ chain, config }: MinerDeps): MinerDeps["chain"]["settle"] {
  return (round, votes) =>
    chain.settle(
      round,
      votes.filter(({ miner }) => sameHex(miner, config.miner)),
    );
}
