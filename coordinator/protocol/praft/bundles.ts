import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { type Hex, toHex } from "../bytes.ts";
import type { Signatures } from "./certificates.ts";
import { Writer } from "./codec.ts";
import type { Committee } from "./config.ts";
import { MAX_BUNDLES, MAX_OPERATION_BYTES, MAX_OPERATIONS } from "./decode.ts";
import { bundleDigest, payloadRoot } from "./encode.ts";
import type { State, Turn } from "./state.ts";
import { DOMAIN } from "./statements.ts";
import type { Block, Bundle, FullBlock, Payload } from "./types.ts";

export function clientOf({ clientKey }: Pick<Bundle, "clientKey">): string {
  return bytesToHex(clientKey);
}

function keyOf(bundle: Bundle): string {
  return `${clientOf(bundle)}:${bundle.sequence}`;
}

/** Form only: sizes, sequence and the client's signature; never whether anyone likes the content. */
export function isBundle(scheme: Signatures, { groupId }: Committee, bundle: Bundle): boolean {
  const { operations, sequence, clientKey, signature } = bundle;
  if (!Number.isSafeInteger(sequence) || sequence < 1 || operations.length > MAX_OPERATIONS) return false;
  if (operations.some((operation) => operation.length > MAX_OPERATION_BYTES)) return false;
  return scheme.verify(clientKey, bundleDigest(groupId, bundle), signature);
}

export function arePayloadBundles(scheme: Signatures, committee: Committee, payload: Payload): boolean {
  return (
    payload.bundles.length <= MAX_BUNDLES &&
    payload.bundles.every((bundle) => isBundle(scheme, committee, bundle))
  );
}

/** Keeps a client's bundle until it is executed; one executed before is answered again, not executed again. */
export function onSubmit({ s, env, now, out }: Turn, bundle: Bundle): void {
  const executed = s.sessions.get(clientOf(bundle)) ?? 0;
  if (bundle.sequence <= executed) {
    out.push({ kind: "executed", bundle, after: s.token });
    return;
  }
  const key = keyOf(bundle);
  if (s.pending.length >= env.limits.maxPending || s.pending.some((each) => each.key === key)) return;
  if (isBundle(env.scheme, s.committee, bundle)) s.pending.push({ key, bundle, since: now });
}

/** Pending bundles the chain above the committed block has not yet, each client's in sequence, oldest first. */
export function choose(s: State, chain: readonly FullBlock[], max: number): Bundle[] {
  const next = new Map<string, number>();
  const take = (bundle: Bundle): boolean => {
    const client = clientOf(bundle);
    const expected = next.get(client) ?? (s.sessions.get(client) ?? 0) + 1;
    if (bundle.sequence !== expected) return false;
    next.set(client, expected + 1);
    return true;
  };
  for (const { payload } of chain) for (const bundle of payload.bundles) take(bundle);
  const chosen: Bundle[] = [];
  for (const { bundle } of s.pending) {
    if (chosen.length >= max) break;
    if (take(bundle)) chosen.push(bundle);
  }
  return chosen;
}

/** The root after a block if the state is nothing but the order itself: a chain over all that was executed. */
export function orderRoot(root: Hex, { height }: Block, fresh: readonly Bundle[]): Hex {
  const writer = new Writer().u8(DOMAIN.order).hash(root).u64(height);
  return toHex(sha256(writer.hash(payloadRoot({ bundles: fresh })).done()));
}

/** Moves the clients' sequences on; gives the bundles of the block that are executed now, each exactly once. */
export function execute(s: State, bundles: readonly Bundle[]): Bundle[] {
  const fresh = bundles.filter((bundle) => {
    const client = clientOf(bundle);
    if (bundle.sequence !== (s.sessions.get(client) ?? 0) + 1) return false;
    s.sessions.set(client, bundle.sequence);
    return true;
  });
  if (fresh.length > 0) {
    s.pending = s.pending.filter(({ bundle }) => bundle.sequence > (s.sessions.get(clientOf(bundle)) ?? 0));
  }
  return fresh;
}
