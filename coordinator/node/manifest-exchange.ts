import type { MinerRecord, RoundView } from "../ports/chain.ts";
import type { InventoryMessage, ManifestMessage } from "../ports/transport.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { isQuorateError, QuorateError } from "../protocol/errors.ts";
import { keepsReceipt } from "../protocol/faults/receipt.ts";
import { collectOver } from "../protocol/round/duties.ts";
import { MANIFEST_MAX_BYTES } from "../protocol/round/manifest-file.ts";
import { canonicalUpdates, referenceOf, type SignedUpdate } from "../protocol/round/references.ts";
import { within } from "./concurrency.ts";
import { checkInventory, checkManifest, checkRoles, notYet, updatesIn } from "./exchange-checks.ts";
import type { Freezer } from "./freezer.ts";
import type { Jobs } from "./jobs.ts";
import { hashOf } from "./results.ts";
import { minerOf, newestOf, openRoundOf, type RoundWatch, roundName } from "./round-watch.ts";
import { forsworn, type SigningRoom } from "./signing.ts";
import type { NodeTimings } from "./timings.ts";
import type { Emit, MinerDeps } from "./types.ts";
import { fewPerClient } from "./update-lists.ts";
import { countable, type UpdatePool } from "./update-pool.ts";

const RETRY_MS = 100;
/** A secondary is answered sooner than it gives up, however long the slot. */
const ANSWER_MS = 20_000;

/** How the proposers settle on one list of updates before they aggregate. */
export interface ManifestExchange {
  /** The primary's side: waits a bounded time for the secondary's inventory, then signs the union. */
  asPrimary(view: RoundView, limits: ExchangeLimits): Promise<readonly SignedUpdate[]>;
  /** The secondary's side: takes the primary's list, or goes alone if the primary stays silent. */
  asSecondary(view: RoundView, limits: ExchangeLimits): Promise<readonly SignedUpdate[]>;
  /** A reserve's side: nobody to ask. */
  alone(view: RoundView, limits: ExchangeLimits): Promise<readonly SignedUpdate[]>;
  /** The secondary's request, as the primary answers it. */
  answer(round: bigint, inventory: InventoryMessage): Promise<ManifestMessage>;
}

export interface ExchangeLimits {
  readonly timings: NodeTimings;
  readonly signal: AbortSignal;
}

type ExchangeDeps = Pick<
  MinerDeps,
  "content" | "transport" | "recoverer" | "clock" | "federation" | "logger" | "evidence"
> & {
  readonly miner: Hex;
  readonly watch: RoundWatch;
  readonly pool: UpdatePool;
  readonly signing: SigningRoom;
  readonly emit: Emit;
  readonly jobs: Jobs;
  readonly freezer: Freezer | undefined;
  readonly changed: () => void;
};

export function createManifestExchange(deps: ExchangeDeps): ManifestExchange {
  const { clock, pool, signing, watch, transport } = deps;
  let received: { readonly round: string; readonly inventory: InventoryMessage } | undefined;

  /** Signs a list once per round; what was signed first counts. */
  const settleOn = async (
    view: RoundView,
    updates: readonly SignedUpdate[],
  ): Promise<readonly SignedUpdate[]> => {
    const { round, openingHash } = view;
    if (updates.length === 0)
      throw new QuorateError("NO_UPDATES", `no update of round ${round} is held yet`, {
        round: String(round),
      });
    const signed = await signing.manifest({ round, openingHash, updatesHash: hashOf(updates) }, updates);
    deps.emit({ kind: "manifest", round: String(round), updates: signed.updates.length });
    deps.changed();
    return signed.updates;
  };

  /** A list of the partner's, if all of it can be had and it leaves out no client this miner acknowledged. */
  const adopt = async (
    view: RoundView,
    wanted: readonly SignedUpdate[],
    { limits, hint }: { readonly limits: ExchangeLimits; readonly hint?: string },
  ): Promise<readonly SignedUpdate[] | undefined> => {
    const { timings, signal } = limits;
    const held = await pool.obtain(wanted, { milliseconds: timings.fetchMs, signal, ...(hint && { hint }) });
    const all = canonicalUpdates([...wanted, ...pool.list(view)]);
    const missed = all.filter(({ client }) => !wanted.some((signed) => sameHex(signed.client, client)));
    return held.length === wanted.length && missed.length === 0 && keepsReceipts(view, wanted)
      ? wanted
      : undefined;
  };

  const keepsReceipts = (view: RoundView, updates: readonly SignedUpdate[]): boolean => {
    const references = updates.map(referenceOf);
    return signing.receipts(view).every(({ message }) => keepsReceipt(references, message));
  };

  /** What the committee froze; not if the partner cast no ballot: what it holds was not counted. Both see the same log. */
  const frozen = async (
    view: RoundView,
    partner: MinerRecord | undefined,
    limits: ExchangeLimits,
  ): Promise<readonly SignedUpdate[] | undefined> => {
    const set = await deps.freezer?.of(view, limits);
    if (!set || (partner && !set.balloted(partner.key)) || !keepsReceipts(view, set.updates))
      return undefined;
    return set.updates;
  };

  const proposerOf = async (view: RoundView, rank: number): Promise<MinerRecord | undefined> => {
    const miner = view.order?.[rank];
    return miner && minerOf(await watch.fresh(), miner);
  };

  /** The list of a candidate the partner has posted already. */
  const ofPosted = async (view: RoundView, limits: ExchangeLimits) => {
    for (const { candidate } of view.candidates) {
      const bytes = await within(
        clock,
        { milliseconds: limits.timings.fetchMs, signal: limits.signal },
        (signal) => deps.content.get(candidate.manifestCid, { maxBytes: MANIFEST_MAX_BYTES, signal }),
      ).catch(() => undefined);
      limits.signal.throwIfAborted();
      const updates = bytes && updatesIn(bytes, candidate.updatesHash);
      const list = updates && (await adopt(view, updates, { limits }));
      if (list) return list;
    }
    return undefined;
  };

  const inventoryFor = (view: RoundView) =>
    received?.round === roundName(view) ? received.inventory : undefined;

  const waitForInventory = async (view: RoundView, { timings, signal }: ExchangeLimits) => {
    const end = clock.now() + timings.inventoryMs;
    while (!inventoryFor(view) && clock.now() < end) await clock.sleep(RETRY_MS / 2, signal);
    return inventoryFor(view);
  };

  const ask = async (view: RoundView, primary: MinerRecord, { timings, signal }: ExchangeLimits) => {
    const updates = pool.list(view);
    const { round, openingHash } = view;
    const { signature } = await signing.inventory({ round, openingHash, updatesHash: hashOf(updates) });
    const answer = await within(
      clock,
      { milliseconds: timings.fetchMs + timings.inventoryMs, signal },
      (limited) =>
        transport.exchangeManifest(
          primary.endpoint,
          view.round,
          { miner: deps.miner, updates, signature },
          limited,
        ),
    );
    checkManifest(deps, view, { answer, primary });
    return answer.updates;
  };

  /** Asks until the primary answers. "Not yet" is an answer: only silence makes the secondary go alone. */
  const askPatiently = async (view: RoundView, primary: MinerRecord, limits: ExchangeLimits) => {
    const { silenceMs } = limits.timings;
    let heard = clock.now();
    let refusal: unknown;
    while (
      clock.now() - heard < silenceMs &&
      watch.time() <= newestOf(watch, view).proposeUntil - view.proposeSlot / 2
    ) {
      try {
        return await ask(view, primary, limits);
      } catch (error) {
        limits.signal.throwIfAborted();
        refusal = error;
        if (isQuorateError(error, "NOT_YET")) heard = clock.now();
        await clock.sleep(RETRY_MS, limits.signal);
      }
    }
    deps.logger.warn(
      { round: String(view.round), primary: primary.miner, cause: String(refusal) },
      "the primary gave no manifest; going alone",
    );
    return undefined;
  };

  return {
    async asPrimary(view, limits) {
      const before = signing.signedManifest(view);
      if (before) return before.updates;
      await pool.close(view);
      const posted = await ofPosted(view, limits);
      if (posted) return settleOn(view, posted);
      const agreed = await frozen(view, await proposerOf(view, 1), limits);
      if (agreed) return settleOn(view, agreed);
      const inventory = await waitForInventory(view, limits);
      if (inventory) {
        const secondary = minerOf(await watch.fresh(), inventory.miner);
        await pool.obtain(fewPerClient(pool.list(view), inventory.updates), {
          milliseconds: limits.timings.fetchMs,
          signal: limits.signal,
          ...(secondary && { hint: secondary.endpoint }),
        });
      }
      return settleOn(view, canonicalUpdates(pool.list(view)));
    },

    async asSecondary(view, limits) {
      const before = signing.signedManifest(view);
      if (before) return before.updates;
      await pool.close(view);
      const primary = await proposerOf(view, 0);
      const agreed = await frozen(view, primary, limits);
      if (agreed) return settleOn(view, agreed);
      const wanted = primary && (await askPatiently(view, primary, limits));
      const hint = primary ? { hint: primary.endpoint } : {};
      const list =
        (wanted && (await adopt(view, wanted, { limits, ...hint }))) ?? (await ofPosted(view, limits));
      return settleOn(view, list ?? canonicalUpdates(pool.list(view)));
    },

    async alone(view, limits) {
      await pool.close(view);
      const before = signing.signedManifest(view);
      if (before) return before.updates;
      return settleOn(view, (await frozen(view, undefined, limits)) ?? canonicalUpdates(pool.list(view)));
    },

    async answer(round, inventory) {
      const snapshot = await watch.fresh((known) => known?.round === round);
      const view = openRoundOf(snapshot);
      checkRoles(deps, view, { round, sender: inventory.miner });
      checkInventory(deps, view, { inventory, secondary: minerOf(snapshot, inventory.miner) });
      if (signing.isSilent(view)) throw forsworn(view);
      const ready = () => signing.signedManifest(view);
      if (!ready() && !collectOver(view, countable(pool.list(view)), watch.time())) {
        // Its updates are fetched meanwhile, so that this miner's cut-off comes too.
        const secondary = minerOf(snapshot, inventory.miner)!;
        deps.jobs.ensure(`inventory:${inventory.signature}`, async (signal) => {
          const milliseconds = view.proposeSlot * 1_000;
          const missing = fewPerClient(pool.list(view), inventory.updates);
          await pool.obtain(missing, { milliseconds, signal, hint: secondary.endpoint });
        });
        throw notYet(view);
      }
      received = { round: roundName(view), inventory };
      deps.changed();
      const end = clock.now() + Math.min(ANSWER_MS, view.proposeSlot * 400);
      while (!ready() && clock.now() < end) await clock.sleep(RETRY_MS / 4);
      const manifest = ready();
      if (!manifest) throw notYet(view);
      return { miner: deps.miner, updates: manifest.updates, signature: manifest.signature };
    },
  };
}
