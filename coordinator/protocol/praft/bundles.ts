import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { type Hex, toHex } from "../bytes.ts";
import {
  bundleDigest,
  bytesOf,
  MAX_PAYLOAD_BYTES,
  nameOf,
  payloadBytes,
  payloadRoot,
} from "./bundle-hashes.ts";
import { Writer } from "./codec.ts";
import type { Committee } from "./config.ts";
import { MAX_BUNDLES, MAX_OPERATION_BYTES, MAX_OPERATIONS } from "./decode-block.ts";
import type { Refusal } from "./effects.ts";
import type { Env, Limits } from "./env.ts";
import { NEVER, type State, type Turn } from "./state.ts";
import { DOMAIN } from "./statements.ts";
import type { Block, Bundle, FullBlock, Payload, Pending } from "./types.ts";

export function clientOf({ clientKey }: Pick<Bundle, "clientKey">): string {
  return bytesToHex(clientKey);
}

function keyOf(client: string, sequence: number): string {
  return `${client}:${sequence}`;
}

/** Form only: sizes, sequence and the client's signature; never whether anyone likes the content. */
export function isBundle(
  { scheme, clientScheme = scheme, sha256 }: Env,
  { groupId }: Committee,
  bundle: Bundle,
): boolean {
  const { operations, sequence, clientKey, signature } = bundle;
  if (!Number.isSafeInteger(sequence) || sequence < 1 || operations.length > MAX_OPERATIONS) return false;
  if (bytesOf(bundle).length > MAX_PAYLOAD_BYTES) return false;
  if (operations.some((operation) => operation.length > MAX_OPERATION_BYTES)) return false;
  return clientScheme.verify(clientKey, bundleDigest(groupId, bundle, sha256), signature);
}

/** True if every bundle is well formed and signed; those that wait here were checked when they came. */
export function arePayloadBundles({ s, env }: Turn, { bundles }: Payload): boolean {
  return (
    bundles.length <= MAX_BUNDLES &&
    payloadBytes({ bundles }) <= MAX_PAYLOAD_BYTES &&
    bundles.every((bundle) => isPending(s, bundle) || isBundle(env, s.committee, bundle))
  );
}

function isPending(s: State, bundle: Bundle): boolean {
  return pendingOf(s, bundle)?.bundle === bundle;
}

/** What waits here under this bundle's client and sequence. */
function pendingOf(s: State, bundle: Bundle): Pending | undefined {
  return s.pendingByKey.get(keyOf(clientOf(bundle), bundle.sequence));
}

/** Since when the one of these blocks' bundles that waited longest has waited here; `NEVER` if none did. */
export function waitedSince(s: State, blocks: readonly FullBlock[]): number {
  let since = NEVER;
  for (const { payload } of blocks)
    for (const bundle of payload.bundles) since = Math.min(since, pendingOf(s, bundle)?.since ?? NEVER);
  return since;
}

/** The payload with those bundles that wait here in place of its own: what is known of them holds. */
export function withPending({ s, env }: Turn, payload: Payload): Payload {
  const bundles = payload.bundles.map((bundle) => s.pendingByName.get(nameOf(bundle, env.sha256)) ?? bundle);
  return { ...payload, bundles };
}

/** Keeps a client's bundle until it is executed; one executed before is answered again, not executed again. */
export function onSubmit({ s, env, now, out }: Turn, from: string, bundle: Bundle): void {
  const client = clientOf(bundle);
  const executed = s.sessions.get(client) ?? 0;
  if (bundle.sequence <= executed) {
    out.push({ kind: "executed", bundle, after: s.token });
    return;
  }
  const key = keyOf(client, bundle.sequence);
  if (s.pendingByKey.has(key)) return;
  const code = refusalOf(s, env.limits, bundle);
  if (code) out.push({ kind: "refused", code, from });
  else if (isBundle(env, s.committee, bundle)) {
    const pending = { client, bundle, since: now };
    s.pending.push(pending);
    s.pendingByKey.set(key, pending);
    s.pendingByName.set(nameOf(bundle, env.sha256), bundle);
    s.pendingOf.set(client, (s.pendingOf.get(client) ?? 0) + 1);
    s.pendingBytes += bytesOf(bundle).length;
  }
}

/** Why there is no room for a bundle; it costs no signature to say so. */
function refusalOf(s: State, limits: Limits, bundle: Bundle): Refusal | undefined {
  const client = clientOf(bundle);
  const executed = s.sessions.get(client);
  if (executed === undefined && s.sessions.size >= limits.maxClients) return "PRAFT_CLIENTS_FULL";
  const most = limits.maxPendingPerClient;
  if ((s.pendingOf.get(client) ?? 0) >= most || bundle.sequence > (executed ?? 0) + most)
    return "PRAFT_CLIENT_QUEUE";
  const full =
    s.pending.length >= limits.maxPending || s.pendingBytes + bytesOf(bundle).length > limits.maxPendingBytes;
  return full ? "PRAFT_QUEUE_FULL" : undefined;
}

/** The oldest bundle that could be executed now: one whose client left a gap before it waits for the client, not for us. */
export function oldestReady({ pending, sessions }: State): Pending | undefined {
  return pending.find(({ client, bundle }) => bundle.sequence === (sessions.get(client) ?? 0) + 1);
}

/** Pending bundles the chain above the committed block has not yet, each client's in sequence, oldest first. */
export function choose(
  s: State,
  chain: readonly FullBlock[],
  { bundlesPerBlock, bytesPerBlock }: Pick<Limits, "bundlesPerBlock" | "bytesPerBlock">,
): Bundle[] {
  const next = new Map<string, number>();
  const take = (client: string, bundle: Bundle): boolean => {
    const expected = next.get(client) ?? (s.sessions.get(client) ?? 0) + 1;
    if (bundle.sequence !== expected) return false;
    next.set(client, expected + 1);
    return true;
  };
  for (const { payload } of chain) for (const bundle of payload.bundles) take(clientOf(bundle), bundle);
  const chosen: Bundle[] = [];
  let left = bytesPerBlock;
  for (const { client, bundle } of s.pending) {
    if (chosen.length >= bundlesPerBlock || (chosen.length > 0 && left < bytesOf(bundle).length)) break;
    if (!take(client, bundle)) continue;
    chosen.push(bundle);
    left -= bytesOf(bundle).length;
  }
  return chosen;
}

/** The root after a block if the state is nothing but the order itself: a chain over all that was executed. */
export function orderRoot(root: Hex, { height }: Block, fresh: readonly Bundle[]): Hex {
  const writer = new Writer().u8(DOMAIN.order).hash(root).u64(height);
  return toHex(sha256(writer.hash(payloadRoot({ bundles: fresh })).done()));
}

/** Moves the clients' sequences on; gives the bundles of the block that are executed now, each exactly once. */
export function execute(s: State, bundles: readonly Bundle[], maxClients: number): Bundle[] {
  const fresh = bundles.filter((bundle) => {
    const client = clientOf(bundle);
    if (bundle.sequence !== (s.sessions.get(client) ?? 0) + 1) return false;
    if (bundle.sequence === 1 && s.sessions.size >= maxClients) return false;
    s.sessions.set(client, bundle.sequence);
    return true;
  });
  if (fresh.length > 0) forgetExecuted(s);
  return fresh;
}

export function forgetExecuted(s: State): void {
  s.pending = s.pending.filter(({ client, bundle }) => {
    const waits = bundle.sequence > (s.sessions.get(client) ?? 0);
    if (!waits) forget(s, client, bundle);
    return waits;
  });
}

function forget(s: State, client: string, bundle: Bundle): void {
  s.pendingByKey.delete(keyOf(client, bundle.sequence));
  s.pendingByName.delete(nameOf(bundle));
  s.pendingBytes -= bytesOf(bundle).length;
  const left = (s.pendingOf.get(client) ?? 1) - 1;
  if (left === 0) s.pendingOf.delete(client);
  else s.pendingOf.set(client, left);
}
