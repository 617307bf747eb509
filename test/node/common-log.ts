import { createSecp256k1Scheme } from "../../coordinator/adapters/signatures/secp256k1.ts";
import type { Ordering } from "../../coordinator/node/ordering.ts";
import type { Ordered } from "../../coordinator/node/replica-options.ts";
import type { Clock } from "../../coordinator/ports/clock.ts";
import { fromHex, keccak, ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import { decodeDecision } from "../../coordinator/protocol/decisions/decision.ts";
import { createLedger } from "../../coordinator/protocol/decisions/ledger.ts";
import { ballotDigest, encodeBallot } from "../../coordinator/protocol/decisions/operations.ts";
import { type Committee, committeeOf } from "../../coordinator/protocol/praft/config.ts";
import type { Block, Bundle } from "../../coordinator/protocol/praft/types.ts";

const scheme = createSecp256k1Scheme();
const BLOCK_MS = 50;

/** The key `createSigner` makes of a name. */
export function secretOf(name: string): Uint8Array {
  return fromHex(keccak(new TextEncoder().encode(name)), 32);
}

interface Place {
  alive: boolean;
  readonly listeners: ((ordered: Ordered) => void)[];
}

/** What replicas agree on, without them: one log in which operations come in blocks, and the deciding layer over it. */
export class CommonLog {
  readonly committee: Committee;
  readonly places: Place[];
  height = 0;
  /** No more blocks, though everybody is there. */
  still = false;
  /** What members asked for, with the names of the rounds. */
  readonly asked: { readonly round: string; readonly operations: readonly Uint8Array[] }[] = [];
  #pending: Bundle[] = [];
  readonly #stop = new AbortController();

  /** @param names whose keys are the members' */
  constructor(clock: Clock, names: readonly string[]) {
    const members = names.map((name) => ({
      id: name,
      voteKey: scheme.publicKeyOf(secretOf(name)),
      weight: 1,
    }));
    this.committee = committeeOf({ groupId: `0x${"5a".repeat(32)}`, epoch: 0, members });
    this.places = names.map(() => ({ alive: true, listeners: [] }));
    void this.#run(clock);
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Blocks come while weight Q is there. */
  async #run(clock: Clock): Promise<void> {
    const application = createLedger(scheme);
    const state = application.create();
    while (!this.#stop.signal.aborted) {
      await clock.sleep(BLOCK_MS, this.#stop.signal).catch(() => undefined);
      if (this.still) continue;
      if (this.places.filter(({ alive }) => alive).length < this.committee.quorum) continue;
      const { committee } = this;
      const height = ++this.height;
      const bundles = this.#pending.splice(0);
      application.apply(state, { height, nextConfigHash: ZERO_HASH } as Block, bundles, committee);
      const decisions = application.decided(state).map(decodeDecision);
      for (const { alive, listeners } of this.places)
        if (alive) for (const listener of listeners) listener({ committee, height, bundles, decisions });
    }
  }

  /** Has something ordered, as any client may. */
  order(operations: readonly Uint8Array[]): void {
    this.#pending.push({
      clientKey: new Uint8Array(33),
      sequence: 1,
      operations,
      signature: new Uint8Array(),
    });
  }

  /** The log as one miner uses it. */
  of(member: number, secretKey: Uint8Array): Ordering {
    const place = this.places[member]!;
    const log = this;
    return {
      scheme,
      committee: this.committee,
      get alive() {
        return place.alive;
      },
      get height() {
        return log.height;
      },
      order: (round, operations) => {
        if (!place.alive) return;
        this.asked.push({ round, operations });
        this.order(operations);
      },
      ballot(content) {
        const signature = scheme.sign(
          secretKey,
          ballotDigest(this.committee, { ...content, signer: member }),
        );
        return encodeBallot({ ...content, signer: member, signature });
      },
      look: () => undefined,
      follow: (listener) => void place.listeners.push(listener),
    };
  }
}
