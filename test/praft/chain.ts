import type { Event } from "../../coordinator/protocol/praft/effects.ts";
import type { Checkpoint } from "../../coordinator/protocol/praft/messages.ts";
import type { Anchor } from "../../coordinator/protocol/praft/types.ts";
import { committeeOfWeights } from "../protocol/praft/fixtures.ts";
import type { Chance } from "./agenda.ts";
import type { Count } from "./network.ts";
import type { Node } from "./node.ts";
import type { Scenario } from "./scenario.ts";

type News = Extract<Event, { readonly kind: "reconfigure" | "anchored" }>;
type Told = News extends infer N ? (N extends News ? Omit<N, "now"> : never) : never;

/** Milliseconds the chain stands still, at most. */
const STALL = 3_000;

/** What members read from the chain, and when: it stalls for some, and takes a committee back that was not final. */
export class Chain {
  /** No faults any more. */
  calm = false;
  readonly #scenario: Scenario;
  readonly #chance: Chance;
  readonly #count: Count;
  readonly #blindUntil = new Map<Node, number>();
  readonly #named = new Map<Node, number>();
  #anchor: { readonly anchor: Anchor; readonly at: number } | undefined;
  readonly #anchorOf = new Map<Node, Anchor>();

  constructor(scenario: Scenario, chance: Chance, count: Count) {
    this.#scenario = scenario;
    this.#chance = chance;
    this.#count = count;
  }

  /** News for a member. */
  look(node: Node, now: number): Told[] {
    if (!this.calm && this.#isBlind(node, now)) return [];
    const news: Told[] = [];
    const next = node.state.committee.epoch + 1;
    const { epochs, namedAt, roles } = this.#scenario;
    if (next < epochs.length && namedAt[next]! <= now && this.#named.get(node) !== next) {
      // Some look too early and see a committee that is taken back: few enough, with the liars, to be below a quorum.
      const early =
        !this.calm &&
        node.index >= roles.length &&
        node.index < 2 * roles.length &&
        now < namedAt[next]! + 1_500;
      if (early) {
        this.#count("chain-reorg");
        news.push({ kind: "reconfigure", config: committeeOfWeights([0, 1, 2, 9], next, () => 1) });
      } else {
        this.#named.set(node, next);
        this.#count("reconfigure");
        news.push({ kind: "reconfigure", config: epochs[next]! });
      }
    }
    const final = this.#anchor;
    if (final && final.at <= now && this.#anchorOf.get(node) !== final.anchor) {
      this.#anchorOf.set(node, final.anchor);
      news.push({ kind: "anchored", anchor: final.anchor });
    }
    return news;
  }

  /** Weight Q signed a checkpoint: it is final after a while. */
  anchor(content: Checkpoint, now: number): void {
    if (this.#anchor && (content.height <= this.#anchor.anchor.content.height || now < this.#anchor.at))
      return;
    const configHash = this.#scenario.epochs[content.epoch]!.hash;
    this.#anchor = { anchor: { content, configHash }, at: now + this.#chance(2_000) };
  }

  /** A restarted member reads everything again. */
  forget(node: Node): void {
    this.#named.delete(node);
    this.#anchorOf.delete(node);
  }

  #isBlind(node: Node, now: number): boolean {
    if (now < (this.#blindUntil.get(node) ?? 0)) return true;
    if (this.#chance(16) > 0) return false;
    this.#count("chain-stall");
    this.#blindUntil.set(node, now + this.#chance(STALL));
    return true;
  }
}
