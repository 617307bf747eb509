import { computeAddress, recoverAddress, Signature, SigningKey } from "ethers";
import type { Clock } from "../../coordinator/ports/clock.ts";
import type { LoadedFederation } from "../../coordinator/ports/federation.ts";
import type { Journal, SignedEntry } from "../../coordinator/ports/journal.ts";
import type { Evaluator } from "../../coordinator/ports/learning.ts";
import type { Logger } from "../../coordinator/ports/logger.ts";
import type { Recoverer, Signer } from "../../coordinator/ports/signer.ts";
import { fedAvg } from "../../coordinator/protocol/aggregation/fedavg.ts";
import { type Hex, keccak } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { initialModel } from "../../coordinator/protocol/learning/architecture.ts";
import { KERNEL_VERSION } from "../../coordinator/protocol/learning/kernel-version.ts";
import { type Model, withFloats } from "../../coordinator/protocol/model/model.ts";
import { modelRoot } from "../../coordinator/protocol/model/model-root.ts";
import { canonicalSize } from "../../coordinator/protocol/model/safetensors.ts";
import { type Domain, messageDigest } from "../../coordinator/protocol/round/messages.ts";
import { silenceEntry } from "../../coordinator/protocol/round/silence.ts";

export const DOMAIN: Domain = {
  chainId: 31_337n,
  verifyingContract: "0x00000000000000000000000000000000000000c0",
};

/** The most a fast clock advances in one turn of the event loop, milliseconds of the host. */
const LONGEST_STEP_MS = 3;

/**
 * A clock that runs `speed` times as fast as the host's, and stands still while the process is starved: a busy machine
 * makes a test slower, but no deadline is missed for it.
 */
export function createFastClock(speed: number): Clock {
  const sleepers = new Set<{ readonly due: number; readonly wake: () => void }>();
  let now = Date.now();
  let last = performance.now();
  const tick = () => {
    const host = performance.now();
    now += Math.min(host - last, LONGEST_STEP_MS) * speed;
    last = host;
    for (const sleeper of sleepers) if (sleeper.due <= now) sleeper.wake();
  };
  setInterval(tick, 1).unref();
  return {
    now: () => now,
    sleep: (milliseconds, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const end = (settle: () => void) => {
          sleepers.delete(sleeper);
          signal?.removeEventListener("abort", stop);
          settle();
        };
        const stop = () => end(() => reject(signal?.reason));
        const sleeper = { due: now + milliseconds, wake: () => end(resolve) };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", stop, { once: true });
      }),
  };
}

export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields, message) => void (process.env.VERBOSE && console.log(message, fields)),
  error: (fields, message) => void (process.env.VERBOSE && console.log(message, fields)),
};

export const recoverer: Recoverer = {
  recover(domain, kind, message, signature) {
    try {
      const address = recoverAddress(messageDigest(domain, kind, message), Signature.from(signature));
      return address.toLowerCase() as Hex;
    } catch {
      return undefined;
    }
  },
};

/** A signer that remembers everything it ever signed, across restarts of its miner. */
export interface RecordingSigner extends Signer {
  readonly signed: { readonly kind: string; readonly message: unknown; readonly digest: Hex }[];
}

export function createSigner(name: string): RecordingSigner {
  const key = new SigningKey(keccak(new TextEncoder().encode(name)));
  const signed: RecordingSigner["signed"] = [];
  return {
    address: computeAddress(key).toLowerCase() as Hex,
    signed,
    async sign(domain, kind, message) {
      const digest = messageDigest(domain, kind, message);
      signed.push({ kind, message, digest });
      return key.sign(digest).compactSerialized as Hex;
    },
  };
}

export function createTestJournal(empty = false): Journal {
  // As if made together with the stake.
  const all: SignedEntry[] = empty ? [] : [silenceEntry()];
  return {
    signed: (slot) => all.find((entry) => entry.slot === slot),
    async append(entry) {
      const held = all.find((other) => other.slot === entry.slot);
      if (held && held.digest !== entry.digest) throw new QuorateError("DOUBLE_SIGNATURE", entry.slot);
      // A journal survives only as bytes.
      if (!held) all.push(JSON.parse(JSON.stringify(entry)));
    },
    isEmpty: () => all.length === 0,
    entriesOf: (round) => all.filter(({ slot }) => slot.startsWith(`${round}:`)),
    close: async () => undefined,
  };
}

/** Scores a model by the sum of its values: deterministic, and better the larger they are. */
export function createTestEvaluator(): Evaluator {
  const score = (model: Model) =>
    Math.max(0, Math.min(1_000, Math.round(500 + 10 * model.floats.reduce((sum, value) => sum + value, 0))));
  const coalition = (base: Model, updates: Parameters<Evaluator["coalitionScores"]>[1], mask: number) => {
    const members = updates.filter((_, k) => mask & (1 << k));
    return score(members.length === 0 ? base : withFloats(base, fedAvg(members)));
  };
  return {
    size: 1_000,
    score: async (model) => score(model),
    coalitionScores: async (base, updates) =>
      Array.from({ length: 1 << updates.length }, (_, mask) => coalition(base, updates, mask)),
    coalitionScore: async (base, updates, members) =>
      coalition(
        base,
        updates,
        members.reduce((mask, k) => mask | (1 << k), 0),
      ),
    stop: async () => undefined,
  };
}

export function createTestFederation(): LoadedFederation {
  const architecture = { kind: "dense", layers: [3, 2] } as const;
  const genesis = initialModel(architecture, "seed");
  return {
    federation: {
      domain: DOMAIN,
      contracts: {},
      deployBlock: 1,
      taskHash: `0x${"77".repeat(32)}`,
      genesisRoot: modelRoot(genesis),
      dimension: genesis.floats.length,
    },
    task: {
      name: "test",
      architecture,
      kernels: KERNEL_VERSION,
      genesisSeed: "seed",
      rule: { name: "fedavg" },
      validation: null,
    },
    genesis,
    modelBytes: canonicalSize(genesis),
    validation: null,
  };
}

/** Slots for which a signer signed two different messages; a withheld no replaced by a yes is allowed. */
export function doubleSignatures({ signed }: RecordingSigner): string[] {
  const digests = new Map<string, Set<Hex>>();
  for (const { kind, message, digest } of signed) {
    const { round, openingHash, candidate, support } = message as Record<string, unknown>;
    if (!["Manifest", "Candidate", "Vote"].includes(kind)) continue;
    const slot = [kind, round, openingHash, kind === "Vote" ? `${candidate} ${support}` : ""].join(" ");
    digests.set(slot, (digests.get(slot) ?? new Set()).add(digest));
  }
  return [...digests].filter(([, different]) => different.size > 1).map(([slot]) => slot);
}

/** The code a promise is rejected with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return "none";
}
