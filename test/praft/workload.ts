import { bytesToHex } from "@noble/hashes/utils.js";
import { bundleDigest } from "../../coordinator/protocol/praft/encode.ts";
import type { State } from "../../coordinator/protocol/praft/state.ts";
import type { Bundle } from "../../coordinator/protocol/praft/types.ts";
import { GROUP, keyOf, testScheme } from "../protocol/praft/fixtures.ts";

const CLIENTS = [0, 1, 2].map((i) => keyOf(i, 1));
const CLIENT_NAMES = CLIENTS.map((key) => bytesToHex(key));

/** How many bundles of each client a replica executed. */
export function executedOf({ sessions }: State): number[] {
  return CLIENT_NAMES.map((name) => sessions.get(name) ?? 0);
}

/** Each client's bundle of this number. */
export function bundlesOf(sequence: number): Bundle[] {
  return CLIENTS.map((clientKey) => {
    const operations = [Uint8Array.of(sequence)];
    const unsigned = { clientKey, sequence, operations, signature: new Uint8Array() };
    return { ...unsigned, signature: testScheme.sign(clientKey, bundleDigest(GROUP, unsigned)) };
  });
}
