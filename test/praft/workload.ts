import { bytesToHex } from "@noble/hashes/utils.js";
import { bundleDigest } from "../../coordinator/protocol/praft/bundle-hashes.ts";
import type { Message } from "../../coordinator/protocol/praft/messages.ts";
import type { State } from "../../coordinator/protocol/praft/state.ts";
import type { Bundle } from "../../coordinator/protocol/praft/types.ts";
import { GROUP, keyOf, testScheme } from "../protocol/praft/fixtures.ts";
import type { Node } from "./node.ts";

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

/** What the clients of a seed want, of all members. */
export class Workload {
  /** Of each client. */
  readonly bundles = 34;
  readonly #nodes: readonly Node[];
  readonly #transmit: (node: Node, message: Message) => void;

  constructor(nodes: readonly Node[], transmit: (node: Node, message: Message) => void) {
    this.#nodes = nodes;
    this.#transmit = transmit;
  }

  submit(sequence: number): void {
    for (const bundle of bundlesOf(sequence))
      for (const node of this.#nodes) this.#transmit(node, { kind: "submit", bundle });
  }

  /** A client without a reply asks again. */
  resubmit(): void {
    const least = this.#honest().flatMap(({ state }) => executedOf(state));
    for (let i = Math.min(...least) + 1; i <= this.bundles; i++) this.submit(i);
  }

  /** Executed by every honest member, in this epoch. */
  isDone(epoch: number): boolean {
    return this.#honest().every(
      ({ alive, state }) =>
        alive &&
        state.committee.epoch === epoch &&
        executedOf(state).every((executed) => executed === this.bundles),
    );
  }

  whereAll(): string {
    const places = this.#honest().map(({ state }) => `${state.committee.epoch}/${state.committed.height}`);
    return `not live: epochs and heights ${places.join(" ")}`;
  }

  #honest(): Node[] {
    return this.#nodes.filter(({ honest }) => honest);
  }
}
