import type { Effect, Event } from "../../coordinator/protocol/praft/effects.ts";
import type { Message } from "../../coordinator/protocol/praft/messages.ts";
import { step } from "../../coordinator/protocol/praft/step.ts";
import { committeeOfMembers } from "../protocol/praft/fixtures.ts";
import type { Chance } from "./agenda.ts";
import { Invariants } from "./invariants.ts";
import { createNode, type Node, store } from "./node.ts";
import { bundlesOf, executedOf } from "./workload.ts";

/** Who leads a view, and on which side of a cut each node is. */
export interface Round {
  readonly leader: number;
  readonly sides: readonly number[];
}

/** Looks at the clock until the network is whole, and after. */
const CUT_TICKS = 6;
const WHOLE_TICKS = 16;
/** Long enough to ask for bundles, and longer than any timeout. */
const TICKS = [50, 4_000];

/**
 * Two copies of some identities, each with keys, log and state of its own, as in "Twins: BFT Systems Made Robust" (OPODIS 21).
 * In each view a given member leads and the network is cut as given; after them it is whole. Nothing is random.
 */
export class Twins {
  readonly #nodes: Node[];
  readonly #invariants: Invariants;
  readonly #rounds: readonly Round[];
  readonly #queue: { readonly from: Node; readonly to: Node; readonly message: Message }[] = [];
  #whole = false;
  #now = 0;

  /** The first `twins` of `size` members are there twice; the copies are the nodes after the members. */
  constructor(size: number, twins: number, rounds: readonly Round[]) {
    const committee = committeeOfMembers(
      Array.from({ length: size }, (_, i) => i),
      0,
    );
    const all = Array.from({ length: size + twins }, (_, i) => (i < size ? i : i - size));
    this.#rounds = rounds;
    this.#nodes = all.map((i) => createNode(committee, i, i < twins ? "twin" : "member"));
    for (const node of this.#nodes)
      node.state.committee = { ...committee, turns: turnsOf(committee.hash, size, rounds) };
    this.#invariants = new Invariants([committee], this.#nodes, false);
  }

  /** What was violated; that the workload is executed in the end is part of it. */
  run(): string[] {
    const [a, b, c] = bundlesOf(1);
    for (const [i, node] of this.#nodes.entries())
      for (const bundle of i % 2 === 0 ? [a!, c!] : [b!, c!])
        this.#step(node, { kind: "message", now: 0, from: "client", message: { kind: "submit", bundle } });
    this.#deliver();
    for (let tick = 0; tick < CUT_TICKS; tick++) this.#tick();
    this.#whole = true;
    for (let tick = 0; tick < WHOLE_TICKS && !this.#done(); tick++) this.#tick();
    const violations = [...this.#invariants.violations];
    if (!this.#done()) violations.push("not live");
    return violations;
  }

  #done(): boolean {
    return this.#nodes.every(({ honest, state }) => !honest || executedOf(state)[2] === 1);
  }

  #tick(): void {
    for (const time of TICKS) {
      this.#now += time;
      for (const node of this.#nodes) this.#step(node, { kind: "tick", now: this.#now });
      this.#deliver();
    }
  }

  #deliver(): void {
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const { from, to, message } = next;
      if (this.#meet(from, to, message))
        this.#step(to, { kind: "message", now: this.#now, from: from.env.id, message });
    }
  }

  #meet(from: Node, to: Node, message: Message): boolean {
    const round = this.#whole ? undefined : this.#rounds[viewOf(message, from) - 1];
    if (!round) return true;
    return round.sides[this.#nodes.indexOf(from)] === round.sides[this.#nodes.indexOf(to)];
  }

  #step(node: Node, event: Event): void {
    const { committed, lastVoted, lastTimeoutView, committee } = node.state;
    const { state, effects } = step(node.state, event, node.env);
    this.#invariants.stepped({ committed, lastVoted, lastTimeoutView, committee }, state);
    for (const effect of effects) this.#carryOut(node, effect);
  }

  #carryOut(node: Node, effect: Effect): void {
    if (effect.kind === "persist" || effect.kind === "compact") store(node, [effect]);
    else if (effect.kind === "send") {
      this.#invariants.sent(node, effect.message);
      for (const to of this.#nodes)
        if (effect.to === "all" || effect.to === to.env.id)
          this.#queue.push({ from: node, to, message: effect.message });
    } else this.#invariants.released(node, effect);
  }
}

/** Turns that give each of the views from 1 on its leader; the views after them go round. */
function turnsOf(hash: string, size: number, rounds: readonly Round[]): number[] {
  const length = 8 * size;
  const start = Number.parseInt(hash.slice(2, 10), 16);
  const turns = new Array<number>(length);
  for (let view = 1; view <= length; view++)
    turns[(view + start) % length] = rounds[view - 1]?.leader ?? view % size;
  return turns;
}

/** The view whose cut a message is subject to. */
function viewOf(message: Message, from: Node): number {
  if (message.kind === "propose" || message.kind === "outline") return message.block.view;
  if (message.kind === "vote" || message.kind === "timeout") return message.view;
  return message.kind === "enter" ? message.tc.view : from.state.view;
}

/** Every cut of the nodes into two sides, the first node always on side 0. */
function cuts(nodes: number): number[][] {
  return Array.from({ length: 2 ** (nodes - 1) }, (_, bits) =>
    Array.from({ length: nodes }, (_, i) => (i === 0 ? 0 : (bits >> (i - 1)) & 1)),
  );
}

/**
 * All scenarios of four members, the first twice, over some views: each leader, but members who were not told apart yet are
 * the same, and each cut.
 */
export function* enumerate(views: number): Generator<Round[]> {
  yield* extend([], views, 0);
}

function* extend(rounds: readonly Round[], views: number, known: number): Generator<Round[]> {
  if (rounds.length === views) {
    yield [...rounds];
    return;
  }
  for (let leader = 0; leader <= Math.min(3, known + 1); leader++)
    for (const sides of cuts(5))
      yield* extend([...rounds, { leader, sides }], views, Math.max(known, leader));
}

export function sample(chance: Chance, nodes: number, size: number): Round[] {
  return Array.from({ length: 2 + chance(5) }, () => ({
    leader: chance(size),
    sides: Array.from({ length: nodes }, () => chance(2)),
  }));
}
