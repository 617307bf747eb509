import type { MinerInfo, MinerService } from "../ports/transport.ts";
import { sameHex } from "../protocol/bytes.ts";
import type { Jobs } from "./jobs.ts";
import type { ManifestExchange } from "./manifest-exchange.ts";
import type { Proposer } from "./proposer.ts";
import type { Retention } from "./retention.ts";
import { openRoundOf, type RoundWatch, votersOf } from "./round-watch.ts";
import type { SigningRoom } from "./signing.ts";
import type { MinerDeps } from "./types.ts";
import type { UpdatePool } from "./update-pool.ts";
import type { VotePool } from "./vote-pool.ts";

/** Fetches announced by others that may wait or run at a time. */
const MAX_ANNOUNCED = 64;
const SEND_TIMEOUT_MS = 10_000;
const FETCH_TIMEOUT_MS = 60_000;

type ServiceDeps = Pick<MinerDeps, "store" | "transport" | "federation" | "config" | "content" | "logger"> & {
  readonly watch: RoundWatch;
  readonly pool: UpdatePool;
  readonly votes: VotePool;
  readonly exchange: ManifestExchange;
  readonly proposer: Proposer;
  readonly retention: Retention;
  readonly signing: SigningRoom;
  readonly jobs: Jobs;
};

/** What others may ask of this miner. */
export function createService(deps: ServiceDeps): MinerService {
  const { watch, pool, votes, store, config, transport } = deps;
  const fetching = new Set<string>();

  /** Tells the other miners of a new update; whoever misses it learns of it in the manifest. */
  const passOn = (signed: Parameters<MinerService["admitUpdate"]>[0]): void => {
    const snapshot = watch.latest();
    if (!snapshot) return;
    for (const { miner, endpoint } of votersOf(snapshot)) {
      if (sameHex(miner, config.miner)) continue;
      deps.jobs.ensure(`announce:${signed.signature}:${miner}`, () =>
        transport.announceUpdate(endpoint, signed, config.endpoint, AbortSignal.timeout(SEND_TIMEOUT_MS)),
      );
    }
  };

  const fetchAnnounced = async (
    signed: Parameters<MinerService["admitUpdate"]>[0],
    endpoint: string,
  ): Promise<void> => {
    // Only registered endpoints are asked: a stranger must not make this miner call addresses of its choice.
    const known = votersOf(await watch.fresh()).some((record) => record.endpoint === endpoint);
    const bytes = await deps.content.get(signed.update.modelCid, {
      maxBytes: deps.federation.modelBytes,
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
      ...(known && { hint: endpoint }),
    });
    await pool.submit(signed, bytes);
  };

  return {
    async info(): Promise<MinerInfo> {
      const { domain } = deps.federation.federation;
      const range = deps.retention.range();
      return {
        name: "quorate-miner",
        version: config.version,
        chainId: String(domain.chainId),
        contract: domain.verifyingContract,
        miner: config.miner,
        peers: store.addresses?.() ?? [],
        rounds: range ? { first: String(range.first), last: String(range.last) } : null,
        maxUploadBytes: deps.federation.modelBytes,
      };
    },
    admitUpdate: (signed) => pool.admit(signed),
    async submitUpdate(signed, model) {
      const { answer, isNew } = await pool.submit(signed, model);
      if (isNew) passOn(signed);
      return answer;
    },
    async announceUpdate(signed, endpoint) {
      await pool.admit(signed);
      const view = openRoundOf(await watch.fresh());
      const held = pool.list(view).some((other) => sameHex(other.signature, signed.signature));
      if (held || fetching.has(signed.signature) || fetching.size >= MAX_ANNOUNCED) return;
      fetching.add(signed.signature);
      void fetchAnnounced(signed, endpoint)
        .catch((cause) => {
          deps.logger.info(
            { client: signed.client, endpoint, cause: String(cause) },
            "announced update not taken",
          );
        })
        .finally(() => fetching.delete(signed.signature));
    },
    async updates(round) {
      const { view } = await watch.fresh();
      if (view?.round === round && pool.list(view).length > 0) return pool.list(view);
      return deps.signing.updatesOf(round);
    },
    exchangeManifest: (round, inventory) => deps.exchange.answer(round, inventory),
    offerCandidate: (round, offer) => deps.proposer.offer(round, offer),
    offerVote: (round, offer) => votes.offer(round, offer),
    votes: async (round) => votes.list(round),
    content: async (digest) => ((await store.has(digest)) ? store.read(digest) : undefined),
  };
}
