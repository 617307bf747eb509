import type { DecisionStore } from "../ports/decision-store.ts";
import type { PeerId, PeerTransport } from "../ports/peer-transport.ts";
import type { Hex } from "../protocol/bytes.ts";
import { encodeDecision } from "../protocol/decisions/decision.ts";
import { clientOf } from "../protocol/praft/bundles.ts";
import { encodeMessage } from "../protocol/praft/encode.ts";
import type { Bundle } from "../protocol/praft/types.ts";

/** Clients whose connection is remembered. */
const MAX_CLIENTS = 10_000;
/** Answers about tasks that are kept as they were sent: many ask for the same one. */
const MAX_ANSWERS = 64;

/** Answers clients: how far their bundles are executed, and what was decided. */
export class ClientDesk {
  private readonly transport: PeerTransport;
  private readonly decisions: DecisionStore | undefined;
  private readonly peers = new Map<string, PeerId>();
  /** Who brought a bundle, as long as the engine has it. */
  private readonly carriers = new WeakMap<Bundle, PeerId>();
  private readonly answers = new Map<Hex, { readonly height: number; readonly frame: Uint8Array }>();

  constructor(transport: PeerTransport, decisions: DecisionStore | undefined) {
    this.transport = transport;
    this.decisions = decisions;
  }

  /** A peer brings a bundle, of whichever client; whether it is one is not known yet. */
  brought(from: PeerId, bundle: Bundle): void {
    this.carriers.set(bundle, from);
  }

  /** Whoever brought a client's newest bundle gets the replies: one that is signed, or anybody could take them. */
  note(from: PeerId, bundle: Bundle): void {
    const { peers } = this;
    const client = clientOf(bundle);
    if (!peers.has(client) && peers.size >= MAX_CLIENTS) peers.delete(peers.keys().next().value!);
    peers.set(client, from);
  }

  /** A reply says how far a client is: there is one for all its bundles. */
  replyAll(bundles: readonly Bundle[], executedOf: (client: string) => number): void {
    const clients = new Map(bundles.map((bundle) => [clientOf(bundle), bundle]));
    for (const [client, bundle] of clients) this.send(this.peers.get(client), bundle, executedOf(client));
  }

  /** Tells who brought a bundle of before how far its client is: that is no secret. */
  reply(bundle: Bundle, executed: number): void {
    this.send(this.carriers.get(bundle), bundle, executed);
  }

  answer(to: PeerId, task: Hex, height: number): void {
    this.transport.send(to, this.answerTo(task, height), "bulk");
  }

  private answerTo(task: Hex, height: number): Uint8Array {
    const { answers } = this;
    const known = answers.get(task);
    if (known?.height === height) return known.frame;
    const found = this.decisions?.find(task);
    const decision = found ? encodeDecision(found) : new Uint8Array();
    const frame = encodeMessage({ kind: "told", task, height, decision });
    if (!known && answers.size >= MAX_ANSWERS) answers.delete(answers.keys().next().value!);
    answers.set(task, { height, frame });
    return frame;
  }

  private send(peer: PeerId | undefined, { clientKey }: Bundle, executed: number): void {
    if (peer) this.transport.send(peer, encodeMessage({ kind: "reply", clientKey, executed }), "urgent");
  }
}
