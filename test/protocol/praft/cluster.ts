import type { Effect, Event } from "../../../coordinator/protocol/praft/effects.ts";
import type { Limits } from "../../../coordinator/protocol/praft/env.ts";
import type { Message } from "../../../coordinator/protocol/praft/messages.ts";
import { step } from "../../../coordinator/protocol/praft/step.ts";
import { createNode, type Node } from "../../praft/node.ts";
import { bundlesOf } from "../../praft/workload.ts";
import { committeeWith } from "./fixtures.ts";

/** Members without faults: what one sends arrives at once, unless the test keeps it back. */
export class Cluster {
  readonly nodes: Node[];
  /** All effects of each member, in order. */
  readonly effects: Effect[][];
  /** Members that neither hear nor are heard. */
  readonly away = new Set<number>();
  /** Messages that are lost on their way to a member. */
  lose: (message: Message, to: number) => boolean = () => false;
  now = 0;
  readonly #queue: { readonly to: number; readonly from: string; readonly message: Message }[] = [];

  /** `joiners` replicas are no members yet. */
  constructor(size = 4, joiners = 0, limits: Partial<Limits> = {}) {
    const committee = committeeWith(new Array<number>(size).fill(1));
    this.nodes = Array.from({ length: size + joiners }, (_, i) => {
      const node = createNode(committee, i, "member");
      return { ...node, env: { ...node.env, limits: { ...node.env.limits, ...limits } } };
    });
    this.effects = this.nodes.map(() => []);
  }

  /** One event at one member, and all that follows from it everywhere. */
  play(i: number, event: Event): void {
    this.#step(i, event);
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const { to, from, message } = next;
      this.#step(to, { kind: "message", now: this.now, from, message });
    }
  }

  tell(i: number, from: string, message: Message): void {
    this.play(i, { kind: "message", now: this.now, from, message });
  }

  /** Each client's bundles of these numbers, to all members that are there. */
  submit(first: number, last: number): void {
    for (let n = first; n <= last; n++) {
      for (const bundle of bundlesOf(n))
        for (const { index } of this.nodes)
          if (!this.away.has(index)) this.tell(index, "client", { kind: "submit", bundle });
    }
  }

  /** Time passes; everyone looks at the clock. */
  wait(ms: number): void {
    this.now += ms;
    for (const { index } of this.nodes)
      if (!this.away.has(index)) this.play(index, { kind: "tick", now: this.now });
  }

  sent(i: number): Message[] {
    return this.effects[i]!.flatMap((effect) => (effect.kind === "send" ? [effect.message] : []));
  }

  #step(i: number, event: Event): void {
    const node = this.nodes[i]!;
    const { effects } = step(node.state, event, node.env);
    this.effects[i]!.push(...effects);
    for (const effect of effects) {
      if (effect.kind === "persist") node.log.push(effect.record);
      if (effect.kind === "compact") node.log = [...effect.records];
      if (effect.kind !== "send" || this.away.has(i)) continue;
      for (const to of this.nodes) {
        if (effect.to !== "all" && effect.to !== to.env.id) continue;
        if (this.away.has(to.index) || this.lose(effect.message, to.index)) continue;
        this.#queue.push({ to: to.index, from: node.env.id, message: effect.message });
      }
    }
  }
}
