import type { Effect, Event } from "../../coordinator/protocol/praft/effects.ts";
import { step, wakeAt } from "../../coordinator/protocol/praft/step.ts";
import type { Message } from "../../coordinator/protocol/praft/types.ts";
import { committeeOfMembers } from "../protocol/praft/fixtures.ts";
import { Agenda, type Chance, chanceOf } from "./agenda.ts";
import { disturb, type World } from "./disturb.ts";
import { Invariants } from "./invariants.ts";
import { FAULTS, type Fault, Network } from "./network.ts";
import { castRoles, crash, createNode, type Node, restart, store } from "./node.ts";
import { Library, Script } from "./script.ts";
import { bundlesOf, executedOf } from "./workload.ts";

export interface Outcome {
  readonly steps: number;
  readonly delivered: number;
  readonly faults: Record<Fault, number>;
  readonly violations: readonly string[];
}

const FAULTY_UNTIL = 8_000;
const END = 90_000;
const BUNDLES = 28;

/** One seed: a network, disks, clocks and a workload, with faults until a fixed time and none afterwards. */
export class Simulation {
  readonly #chance: Chance;
  readonly #agenda = new Agenda<() => void>();
  readonly #nodes: Node[];
  readonly #scripts = new Map<Node, Script>();
  readonly #network: Network;
  readonly #invariants: Invariants;
  readonly #faults = Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as Record<Fault, number>;
  readonly #count = (fault: Fault): void => {
    this.#faults[fault]++;
  };
  /** When the chain names the second epoch's committee; never in some seeds. */
  readonly #reconfigureAt: number;
  #now = 0;
  #steps = 0;
  #delivered = 0;

  constructor(seed: number) {
    this.#chance = chanceOf(seed);
    this.#network = new Network(this.#chance, this.#count);
    const size = this.#chance(3) === 0 ? 7 : 4;
    const roles = castRoles(this.#chance, size === 7 ? 2 : 1);
    const members = Array.from({ length: size }, (_, i) => i);
    this.#reconfigureAt = this.#chance(3) > 0 ? 2_000 + this.#chance(5_000) : Number.POSITIVE_INFINITY;
    const epochs = [committeeOfMembers(members, 0), committeeOfMembers([...members.slice(0, -1), size], 1)];
    this.#invariants = new Invariants(epochs);
    const first = epochs[0]!;
    const joining = this.#reconfigureAt < END ? [size] : [];
    this.#nodes = [...members, ...joining].map((i) => createNode(first, i, roles[i] ?? "member"));
    for (const [i, role] of roles.entries())
      if (role === "twin") this.#nodes.push(createNode(first, i, "twin"));
    const library = new Library();
    for (const node of this.#nodes)
      if (node.role === "script") this.#scripts.set(node, new Script(node, this.#chance, library));
  }

  run(): Outcome {
    for (let i = 1; i <= BUNDLES; i++) this.#at(i * 275, () => this.#submit(i));
    for (const node of this.#nodes) this.#wake(node);
    const world = this.#world();
    for (let t = 300; t < FAULTY_UNTIL; t += 300) this.#at(t, () => disturb(world));
    this.#at(FAULTY_UNTIL, () => this.#calm());
    if (this.#reconfigureAt < END) this.#at(this.#reconfigureAt, () => this.#reconfigure());
    for (let t = FAULTY_UNTIL; t < END; t += 2_000) this.#at(t, () => this.#resubmit());
    for (let next = this.#agenda.next(); next && next.at < END && !this.#done(); next = this.#agenda.next()) {
      this.#now = next.at;
      next.item();
    }
    const heights = this.#honest().map(({ state }) => state.committed.height);
    const violations = [...this.#invariants.violations];
    if (!this.#done()) violations.push(`not live: committed heights ${heights.join(" ")}`);
    return { steps: this.#steps, delivered: this.#delivered, faults: this.#faults, violations };
  }

  #honest(): Node[] {
    return this.#nodes.filter((node) => node.honest);
  }

  /** The workload is executed everywhere, after the faults, in the epoch the chain named last. */
  #done(): boolean {
    if (this.#now <= FAULTY_UNTIL) return false;
    const epoch = this.#reconfigureAt < END ? 1 : 0;
    return this.#nodes.every(
      ({ honest, alive, state }) =>
        !honest ||
        (alive &&
          state.committee.epoch === epoch &&
          executedOf(state).every((executed) => executed === BUNDLES)),
    );
  }

  #at(at: number, item: () => void): void {
    this.#agenda.add(at, item);
  }

  #submit(sequence: number): void {
    for (const bundle of bundlesOf(sequence))
      for (const node of this.#nodes) this.#transmit(-1, node, { kind: "submit", bundle });
  }

  /** A client without a reply asks again. */
  #resubmit(): void {
    const least = this.#honest().flatMap(({ state }) => executedOf(state));
    for (let i = Math.min(...least) + 1; i <= BUNDLES; i++) this.#submit(i);
  }

  #world(): World {
    return {
      chance: this.#chance,
      network: this.#network,
      nodes: this.#nodes,
      count: this.#count,
      after: (ms, item) => this.#at(this.#now + ms, item),
      crash: (node, fault) => this.#crash(node, fault),
    };
  }

  #calm(): void {
    this.#network.calm = true;
    this.#network.heal();
    for (const node of this.#nodes) node.lag = 0;
  }

  /** The chain tells each member when it looks. */
  #reconfigure(): void {
    this.#count("reconfigure");
    for (const node of this.#nodes) this.#at(this.#now + this.#chance(900), () => this.#tellOf(node));
  }

  #tellOf(node: Node): void {
    if (!node.alive || this.#now < this.#reconfigureAt) return;
    this.#step(node, {
      kind: "reconfigure",
      now: this.#now + node.skew,
      config: this.#invariants.committees[1]!,
    });
  }

  /** A full disk takes the process down as well, and for longer: what is not on it was not sent. */
  #crash(node: Node, fault: "crash" | "disk-full"): void {
    if (!node.alive) return;
    this.#count(fault);
    crash(node, this.#chance);
    const forgets = node.role === "amnesiac" || node.role === "learner";
    const lost = forgets && this.#chance(4) > 0 ? this.#chance(60) : 0;
    if (lost > 0) this.#count("lost-records");
    const away = fault === "crash" ? 20 + this.#chance(600) : 500 + this.#chance(1_500);
    this.#at(this.#now + away, () => {
      const before = node.state.committed.height;
      const effects = restart(node, this.#invariants.committees[0]!, lost);
      this.#invariants.restarted(node, before);
      this.#carryOut(node, effects);
      this.#tellOf(node);
      this.#wake(node);
    });
  }

  #transmit(from: number, node: Node, sent: Message): void {
    const { delays, message } = this.#network.carry(from, this.#nodes.indexOf(node), sent);
    const id = from < 0 ? "client" : this.#nodes[from]!.env.id;
    for (const delay of delays)
      this.#at(this.#now + delay + node.lag, () => this.#deliver(node, id, message));
  }

  #deliver(node: Node, from: string, message: Message): void {
    if (!node.alive) return;
    this.#delivered++;
    this.#step(node, { kind: "message", now: this.#now + node.skew, from, message });
    const script = this.#scripts.get(node);
    if (!script) return;
    const made = script.observe(message);
    if (made) this.#invariants.certified(made);
    if (this.#network.calm) return;
    for (const lie of script.misbehave(this.#now)) {
      this.#count("lie");
      const few = this.#chance(3) === 0;
      const heard = this.#nodes.filter(() => !few || this.#chance(2) === 0);
      for (const to of heard) this.#transmit(this.#nodes.indexOf(node), to, lie);
    }
  }

  #wake(node: Node): void {
    const { life } = node;
    const wanted = () => wakeAt(node.state, node.env) - node.skew;
    const at = Math.max(this.#now + 1, Math.min(wanted(), this.#now + 100));
    this.#at(at, () => {
      if (!node.alive || node.life !== life) return;
      if (this.#now >= wanted()) this.#step(node, { kind: "tick", now: this.#now + node.skew });
      this.#wake(node);
    });
  }

  #step(node: Node, event: Event): void {
    this.#steps++;
    const { committed, lastVoted, lastTimeoutView, committee } = node.state;
    const { state, effects } = step(node.state, event, node.env);
    this.#invariants.stepped({ committed, lastVoted, lastTimeoutView, committee }, state);
    this.#carryOut(node, effects);
  }

  #carryOut(node: Node, effects: readonly Effect[]): void {
    const idle = node.unflushed.length === 0;
    for (const effect of effects) {
      if (effect.kind === "persist" || effect.kind === "compact") node.unflushed.push(effect);
      else if ("after" in effect && effect.after > node.durable) node.waiting.push(effect);
      else this.#release(node, effect);
    }
    if (idle && node.unflushed.length > 0) this.#flush(node);
  }

  #flush(node: Node): void {
    const { life } = node;
    this.#at(this.#now + 1 + this.#chance(4), () => {
      if (node.life !== life) return;
      store(node, node.unflushed);
      node.durable = node.unflushed.at(-1)!.token;
      node.unflushed = [];
      const ready = node.waiting;
      node.waiting = [];
      for (const effect of ready) this.#release(node, effect);
    });
  }

  #release(node: Node, effect: Effect): void {
    if (effect.kind === "send") {
      this.#invariants.sent(node, effect.message);
      const script = this.#network.calm ? undefined : this.#scripts.get(node);
      if (script && this.#now < script.mutedUntil) return;
      const message = script?.instead(effect.message, this.#now) ?? effect.message;
      if (node.role === "twin") this.#count("twin");
      const from = this.#nodes.indexOf(node);
      for (const to of this.#nodes)
        if (effect.to === "all" || to.env.id === effect.to) this.#transmit(from, to, message);
    } else if (effect.kind === "commit") {
      if (node.honest) this.#invariants.committed(node, effect);
    } else if (effect.kind === "installed") {
      if (node.honest) this.#invariants.installed(node, effect);
    } else if (effect.kind === "fork") this.#invariants.violations.add(`fork at height ${effect.height}`);
    else if (effect.kind === "anchor") this.#invariants.anchored(effect.checkpoints);
    else if (effect.kind === "evidence")
      this.#invariants.accused(effect.evidence, (id) =>
        this.#nodes.some(({ honest, env }) => honest && env.id === id),
      );
  }
}
