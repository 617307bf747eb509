import type { SignatureScheme } from "../ports/signature-scheme.ts";
import type { Hex } from "../protocol/bytes.ts";
import { bundleDigest } from "../protocol/praft/bundle-hashes.ts";
import { clientOf } from "../protocol/praft/bundles.ts";
import type { Bundle } from "../protocol/praft/types.ts";

/** Milliseconds without a commit until the leader, and until any other member, adds an empty bundle. */
const LEADER_IDLE = 50;
const MEMBER_IDLE = 500;

/**
 * Tasks end at heights, and heights stand still while nobody submits. While a task is open each replica submits empty bundles,
 * as a client with a key of its own, whenever nothing was committed for a moment.
 */
export class HeightClock {
  private readonly scheme: SignatureScheme;
  private readonly key: Uint8Array;
  readonly clientKey: Uint8Array;
  private height = -1;
  private since = 0;

  /** @param key a secret key that signs nothing else: two uses of one would race for its sequence numbers */
  constructor(scheme: SignatureScheme, key: Uint8Array) {
    this.scheme = scheme;
    this.key = key;
    this.clientKey = scheme.publicKeyOf(key);
  }

  /** An empty bundle, if it is time for one. */
  tick(at: {
    readonly now: number;
    readonly height: number;
    readonly leads: boolean;
    readonly groupId: Hex;
    readonly sessions: ReadonlyMap<string, number>;
  }): Bundle | undefined {
    if (at.height !== this.height) {
      this.height = at.height;
      this.since = at.now;
    }
    if (at.now - this.since < (at.leads ? LEADER_IDLE : MEMBER_IDLE)) return undefined;
    this.since = at.now;
    const sequence = (at.sessions.get(clientOf(this)) ?? 0) + 1;
    const unsigned: Bundle = {
      clientKey: this.clientKey,
      sequence,
      operations: [],
      signature: new Uint8Array(),
    };
    return { ...unsigned, signature: this.scheme.sign(this.key, bundleDigest(at.groupId, unsigned)) };
  }
}
