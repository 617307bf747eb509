import type { DecisionStore } from "../ports/decision-store.ts";
import type { PeerId, PeerTransport } from "../ports/peer-transport.ts";
import type { Hex } from "../protocol/bytes.ts";
import { encodeDecision } from "../protocol/decisions/decision.ts";
import { clientOf } from "../protocol/praft/bundles.ts";
import { encodeMessage } from "../protocol/praft/encode.ts";
import type { Bundle } from "../protocol/praft/types.ts";

/** Clients whose connection is remembered. */
const MAX_CLIENTS = 10_000;

/** Answers clients: how far their bundles are executed, and what was decided. */
export class ClientDesk {
  private readonly transport: PeerTransport;
  private readonly decisions: DecisionStore | undefined;
  private readonly peers = new Map<string, PeerId>();

  constructor(transport: PeerTransport, decisions: DecisionStore | undefined) {
    this.transport = transport;
    this.decisions = decisions;
  }

  /** Whoever brought a client's newest bundle gets the replies. */
  note(from: PeerId, bundle: Bundle): void {
    const { peers } = this;
    if (peers.size >= MAX_CLIENTS) peers.delete(peers.keys().next().value!);
    peers.set(clientOf(bundle), from);
  }

  /** A reply says how far a client is: there is one for all its bundles. */
  replyAll(bundles: readonly Bundle[], executedOf: (client: string) => number): void {
    const clients = new Map(bundles.map((bundle) => [clientOf(bundle), bundle]));
    for (const [client, bundle] of clients) this.reply(bundle, executedOf(client));
  }

  reply({ clientKey }: Bundle, executed: number): void {
    const peer = this.peers.get(clientOf({ clientKey }));
    if (peer) this.transport.send(peer, encodeMessage({ kind: "reply", clientKey, executed }), "urgent");
  }

  answer(to: PeerId, task: Hex, height: number): void {
    const found = this.decisions?.find(task);
    const decision = found ? encodeDecision(found) : new Uint8Array();
    this.transport.send(to, encodeMessage({ kind: "told", task, height, decision }), "bulk");
  }
}
