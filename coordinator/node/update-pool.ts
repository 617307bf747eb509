import type { RoundView } from "../ports/chain.ts";
import type { UploadAnswer } from "../ports/transport.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import { checkUpdateAuthor, checkUpdateRound } from "../protocol/round/check-update.ts";
import { lastSlotEnd } from "../protocol/round/duties.ts";
import {
  canonicalUpdates,
  compareReferences,
  referenceOf,
  type SignedUpdate,
} from "../protocol/round/references.ts";
import { createLocks, nextTurn, within } from "./concurrency.ts";
import { openRoundOf, type RoundWatch, roundName } from "./round-watch.ts";
import type { SigningRoom } from "./signing.ts";
import type { Emit, MinerDeps } from "./types.ts";
import { checkModel, closedError, createClientCache, limitError } from "./update-checks.ts";

/** Different updates of one client kept in a round: the second is evidence, a third is refused. */
export const UPDATES_PER_CLIENT = 2;
/** Rounds whose lists stay in memory. */
const ROUNDS_HELD = 64;

/** The updates of the open round that this miner holds, models in its store and receipts in its journal. */
export interface UpdatePool {
  /** Everything that can be checked without the model. @throws QuorateError UPDATE_*, NO_OPEN_ROUND */
  admit(signed: SignedUpdate): Promise<void>;
  /** Checks, stores and acknowledges. The same update again gets the same answer. */
  submit(signed: SignedUpdate, model: Uint8Array): Promise<{ answer: UploadAnswer; isNew: boolean }>;
  /**
   * Fetches those of `updates` that are not held, for at most `milliseconds`, and returns the ones that are held and
   * valid then. Closed or not: a proposer takes what its partner acknowledged.
   */
  obtain(updates: readonly SignedUpdate[], limits: ObtainLimits): Promise<readonly SignedUpdate[]>;
  /** Those of a list whose clients are registered in the round: nobody else's can be valid. */
  ofClients(updates: readonly SignedUpdate[], view: RoundView): Promise<readonly SignedUpdate[]>;
  /** All held updates of a round. */
  list(round: Pick<RoundView, "round" | "openingHash">): readonly SignedUpdate[];
  /** True if a client's update of the round came too late for any proposer. */
  refused(round: Pick<RoundView, "round" | "openingHash">): boolean;
  /** From now on no update of the round is acknowledged; waits for those being stored. */
  close(round: Pick<RoundView, "round" | "openingHash">): Promise<void>;
  /** Takes a round's updates out of journal and store, after a restart. */
  restore(view: RoundView): Promise<void>;
}

export interface ObtainLimits {
  readonly milliseconds: number;
  readonly signal: AbortSignal;
  /** Endpoint of a miner that has them. */
  readonly hint?: string;
}

interface RoundUpdates {
  /** By client (lower case), held updates in the order of their arrival. */
  readonly byClient: Map<string, SignedUpdate[]>;
  closed: boolean;
  /** A client came after the last slot. */
  refused: boolean;
  /** Uploads being checked and stored. */
  storing: number;
}

type PoolDeps = Pick<
  MinerDeps,
  "chain" | "store" | "content" | "recoverer" | "clock" | "federation" | "sha256"
> & {
  readonly miner: Hex;
  readonly watch: RoundWatch;
  readonly signing: SigningRoom;
  readonly emit: Emit;
  readonly changed: () => void;
};

export function createUpdatePool(deps: PoolDeps): UpdatePool {
  const { store, watch, signing, federation, clock } = deps;
  const rounds = new Map<string, RoundUpdates>();
  const locks = createLocks();
  const registered = createClientCache(deps);

  const stateOf = (view: Pick<RoundView, "round" | "openingHash">): RoundUpdates => {
    const name = roundName(view);
    const state = rounds.get(name) ?? { byClient: new Map(), closed: false, refused: false, storing: 0 };
    rounds.set(name, state);
    if (rounds.size > ROUNDS_HELD) rounds.delete(rounds.keys().next().value!);
    return state;
  };

  const check = async (signed: SignedUpdate, view: RoundView, turn?: () => Promise<void>): Promise<void> => {
    checkUpdateRound(signed, view);
    const client = await registered(signed.client, view);
    if (client?.active) await turn?.();
    const { domain } = federation.federation;
    // A signature costs much more than the question whose it would have to be.
    const recovered = client?.active
      ? deps.recoverer.recover(domain, "Update", signed.update, signed.signature)
      : undefined;
    checkUpdateAuthor(signed, client, recovered);
  };

  /** Signatures of lists are looked at one in a turn: what else the process does goes on meanwhile. */
  const turnIn = (signal: AbortSignal) => () =>
    locks.run("signatures of lists", async () => {
      signal.throwIfAborted();
      await nextTurn();
    });

  const admitTo = (signed: SignedUpdate, view: RoundView): void => {
    const state = stateOf(view);
    const held = state.byClient.get(signed.client.toLowerCase()) ?? [];
    if (held.some((other) => isSame(other, signed))) return;
    const late = watch.time() > lastSlotEnd(view);
    if (late) state.refused = true;
    if (late || state.closed || view.candidates.length > 0) throw closedError(signed);
    if (held.length >= UPDATES_PER_CLIENT) throw limitError(signed, held);
  };

  const admit = async (signed: SignedUpdate): Promise<RoundView> => {
    const { openingHash } = signed.update;
    const named = (view?: RoundView) => view?.status === "open" && sameHex(view.openingHash, openingHash);
    const view = openRoundOf(await watch.fresh(named));
    await check(signed, view);
    admitTo(signed, view);
    return view;
  };

  /** Checks a model against its update and stores it. */
  const storeModel = async (signed: SignedUpdate, bytes: Uint8Array): Promise<void> => {
    const { modelRoot, modelCid } = signed.update;
    checkModel(signed, bytes, deps);
    const digest = await store.add(bytes);
    if (sameHex(digest, modelCid)) return;
    await store.remove(digest);
    throw new QuorateError(
      "UPDATE_CID_MISMATCH",
      `the update names the file ${modelCid}, the bytes sent are ${digest}`,
      { client: signed.client, modelRoot, actual: digest, expected: modelCid },
    );
  };

  const acknowledge = async (signed: SignedUpdate, state: RoundUpdates): Promise<UploadAnswer> => {
    const { message, signature } = await signing.receipt(signed);
    insert(state, signed);
    const held = state.byClient.get(signed.client.toLowerCase())!;
    return {
      receipt: message,
      signature,
      miner: deps.miner,
      counts: lowest(held).update.modelRoot,
      held: held.map((other) => other.update.modelRoot),
    };
  };

  const submit: UpdatePool["submit"] = (signed, model) =>
    locks.run(signed.client.toLowerCase(), async () => {
      const view = await admit(signed);
      const state = stateOf(view);
      const known = state.byClient.get(signed.client.toLowerCase())?.some((other) => isSame(other, signed));
      if (known) return { answer: await acknowledge(signed, state), isNew: false };
      state.storing++;
      try {
        await storeModel(signed, model);
        const answer = await acknowledge(signed, state);
        deps.emit({
          kind: "update",
          round: String(view.round),
          client: signed.client,
          modelRoot: signed.update.modelRoot,
        });
        return { answer, isNew: true };
      } finally {
        state.storing--;
        deps.changed();
      }
    });

  const obtainOne = async (
    signed: SignedUpdate,
    view: RoundView,
    limits: ObtainLimits,
  ): Promise<SignedUpdate> => {
    const state = stateOf(view);
    const held = state.byClient.get(signed.client.toLowerCase());
    if (held?.some((other) => isSame(other, signed))) return signed;
    await check(signed, view, turnIn(limits.signal));
    const { modelBytes } = federation;
    const bytes = await within(clock, limits, (signal) =>
      deps.content.get(signed.update.modelCid, {
        maxBytes: modelBytes,
        signal,
        ...(limits.hint && { hint: limits.hint }),
      }),
    );
    await storeModel(signed, bytes);
    insert(state, signed);
    return signed;
  };

  return {
    admit: async (signed) => void (await admit(signed)),
    submit,
    async obtain(updates, limits) {
      const view = openRoundOf(await watch.fresh());
      const attempts = await Promise.allSettled(updates.map((signed) => obtainOne(signed, view, limits)));
      limits.signal.throwIfAborted();
      return attempts.flatMap((attempt) => (attempt.status === "fulfilled" ? [attempt.value] : []));
    },
    async ofClients(updates, view) {
      const clients = await Promise.all(updates.map(({ client }) => registered(client, view)));
      return updates.filter((_, i) => clients[i]?.active);
    },
    list: (view) => [...(rounds.get(roundName(view))?.byClient.values() ?? [])].flat(),
    refused: (view) => rounds.get(roundName(view))?.refused ?? false,
    async close(view) {
      const state = stateOf(view);
      state.closed = true;
      while (state.storing > 0) await clock.sleep(5);
    },
    async restore(view) {
      const state = stateOf(view);
      for (const { update } of signing.receipts(view))
        if (await store.has(update.update.modelCid)) insert(state, update);
      if (signing.signedManifest(view)) state.closed = true;
    },
  };
}

/** Number of updates that would enter a manifest. */
export function countable(updates: readonly SignedUpdate[]): number {
  return canonicalUpdates(updates).length;
}

function insert(state: RoundUpdates, signed: SignedUpdate): void {
  const key = signed.client.toLowerCase();
  const held = state.byClient.get(key) ?? [];
  if (!held.some((other) => isSame(other, signed))) state.byClient.set(key, [...held, signed]);
}

function isSame(a: SignedUpdate, b: SignedUpdate): boolean {
  return (
    compareReferences(referenceOf(a), referenceOf(b)) === 0 && sameHex(a.update.modelCid, b.update.modelCid)
  );
}

function lowest(updates: readonly SignedUpdate[]): SignedUpdate {
  return [...updates].sort((a, b) => compareReferences(referenceOf(a), referenceOf(b)))[0]!;
}
