import type { Effect, Event } from "../../coordinator/protocol/praft/effects.ts";
import type { Message } from "../../coordinator/protocol/praft/messages.ts";
import { step, wakeAt } from "../../coordinator/protocol/praft/step.ts";
import { Agenda, type Chance, chanceOf } from "./agenda.ts";
import { Chain } from "./chain.ts";
import { Conspiracy } from "./conspiracy.ts";
import { tellsFlip } from "./disk.ts";
import { type Crash, disturb, topple } from "./disturb.ts";
import { Invariants } from "./invariants.ts";
import { FAULTS, type Fault, Network } from "./network.ts";
import { ARCHIVE, crash, createNode, type Node, restart, store } from "./node.ts";
import { chooseScenario, type Scenario } from "./scenario.ts";
import { Workload } from "./workload.ts";

export interface Outcome {
  readonly steps: number;
  readonly delivered: number;
  readonly faults: Record<Fault, number>;
  readonly violations: readonly string[];
  /** Whether members of weight F + 1 forked, and were convicted. */
  readonly forks: number;
}

const FAULTY_UNTIL = 8_000;
const END = 90_000;

/** One seed: a network, disks, clocks and a workload, with faults until a fixed time and none afterwards. */
export class Simulation {
  readonly #chance: Chance;
  readonly #scenario: Scenario;
  readonly #agenda = new Agenda<() => void>();
  readonly #nodes: Node[];
  readonly #workload: Workload;
  readonly #conspiracy: Conspiracy;
  readonly #network: Network;
  readonly #chain: Chain;
  readonly #invariants: Invariants;
  readonly #faults = Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as Record<Fault, number>;
  readonly #count = (fault: Fault): void => {
    this.#faults[fault]++;
  };
  #now = 0;
  #steps = 0;
  #delivered = 0;

  constructor(seed: number) {
    this.#chance = chanceOf(seed);
    this.#network = new Network(this.#chance, this.#count);
    this.#scenario = chooseScenario(seed, this.#chance);
    const { epochs, roles, nodes, overthrow } = this.#scenario;
    this.#nodes = Array.from({ length: nodes }, (_, i) =>
      createNode(epochs[0]!, i, roles[i] ?? "member", overthrow ? ARCHIVE : {}),
    );
    for (const [i, role] of roles.entries())
      if (role === "twin") this.#nodes.push(createNode(epochs[0]!, i, "twin"));
    this.#workload = new Workload(this.#nodes, (node, message) => this.#transmit(-1, node, message));
    this.#invariants = new Invariants(epochs, this.#nodes, overthrow);
    this.#conspiracy = new Conspiracy(this.#nodes, this.#scenario, this.#chance);
    this.#chain = new Chain(this.#scenario, this.#chance, this.#count);
  }

  run(): Outcome {
    for (let i = 1; i <= this.#workload.bundles; i++) this.#at(i * 230, () => this.#workload.submit(i));
    for (const node of this.#nodes) this.#wake(node);
    const disturbing = !this.#scenario.overthrow;
    for (let t = 300; t < FAULTY_UNTIL && disturbing; t += 300) this.#at(t, () => this.#disturb());
    this.#at(FAULTY_UNTIL, () => this.#calm());
    for (let t = 150; t < END; t += 300) this.#at(t, () => this.#lookAtChain());
    for (const at of this.#scenario.namedAt.slice(1)) this.#at(at, () => this.#cutAtConfig());
    for (let t = FAULTY_UNTIL; t < END; t += 2_000) this.#at(t, () => this.#workload.resubmit());
    for (let next = this.#agenda.next(); next && next.at < END && !this.#done(); next = this.#agenda.next()) {
      this.#now = next.at;
      next.item();
    }
    return this.#outcome();
  }

  #outcome(): Outcome {
    const forks = this.#scenario.overthrow && this.#invariants.settleForks() ? 1 : 0;
    const violations = [...this.#invariants.violations];
    if (!this.#done()) violations.push(this.#workload.whereAll());
    return { steps: this.#steps, delivered: this.#delivered, faults: this.#faults, violations, forks };
  }

  /** The workload is executed everywhere, after the faults, in the epoch the chain named last. A fork need not be lived with. */
  #done(): boolean {
    if (this.#now <= FAULTY_UNTIL) return false;
    if (this.#scenario.overthrow) return this.#now > FAULTY_UNTIL + 4_000;
    return this.#workload.isDone(this.#scenario.epochs.length - 1);
  }

  #at(at: number, item: () => void): void {
    this.#agenda.add(at, item);
  }

  #world() {
    return {
      chance: this.#chance,
      network: this.#network,
      nodes: this.#nodes,
      count: this.#count,
      after: (ms: number, item: () => void) => this.#at(this.#now + ms, item),
      crash: (node: Node, fault: Crash) => this.#crash(node, fault),
    };
  }

  #disturb(): void {
    if (this.#scenario.ambush && this.#chance(4) > 0) topple(this.#world());
    else disturb(this.#world());
  }

  #calm(): void {
    this.#network.calm = true;
    this.#network.heal();
    this.#chain.calm = true;
    for (const node of this.#nodes) node.lag = 0;
  }

  /** A new committee is named while some cannot hear each other. */
  #cutAtConfig(): void {
    if (this.#network.calm || this.#chance(3) === 0) return;
    this.#count("config-in-partition");
    this.#network.split(this.#nodes.length);
    this.#at(this.#now + 300 + this.#chance(900), () => this.#network.heal());
  }

  #lookAtChain(): void {
    for (const node of this.#nodes) {
      if (!node.alive) continue;
      for (const event of this.#chain.look(node, this.#now))
        this.#step(node, { ...event, now: this.#now + node.skew });
    }
  }

  /** A full disk takes the process down as well, and for longer: what is not on it was not sent. */
  #crash(node: Node, fault: Crash): void {
    if (!node.alive) return;
    if (fault !== "crash-at-persist") this.#count(fault);
    if (crash(node, this.#chance).torn) this.#count("torn-record");
    const damaged = fault === "flipped-bit" || fault === "amnesia";
    if (fault === "flipped-bit" && !tellsFlip(node.log, this.#chance))
      this.#invariants.violations.add("a flipped bit went unnoticed");
    const lost = fault === "lost-fsync" ? 1 + this.#chance(60) : 0;
    const long = fault === "disk-full" || fault === "long-absence";
    this.#at(this.#now + (long ? 500 + this.#chance(2_500) : 20 + this.#chance(600)), () => {
      const before = node.state.committed.height;
      const effects = restart(node, this.#scenario.epochs[0]!, { lost, damaged });
      this.#invariants.restarted(node, before);
      this.#chain.forget(node);
      this.#carryOut(node, effects);
      this.#wake(node);
    });
  }

  #transmit(from: number, node: Node, sent: Message): void {
    const { delays, message } = this.#network.carry(from, this.#nodes.indexOf(node), sent);
    const id = from < 0 ? "client" : this.#nodes[from]!.env.id;
    const { life } = node;
    // A connection ends with its process: to a member that must not take the past for the present, nothing comes late.
    const late = () => node.role === "learner" && node.life !== life;
    for (const delay of delays)
      this.#at(this.#now + delay + node.lag, () => late() || this.#deliver(node, id, message));
  }

  #deliver(node: Node, from: string, message: Message): void {
    if (!node.alive) return;
    this.#delivered++;
    this.#step(node, { kind: "message", now: this.#now + node.skew, from, message });
    const made = this.#conspiracy.observe(node, message);
    if (made) this.#invariants.certified(made);
    if (this.#network.calm) return;
    for (const { fault, message: lie, to } of this.#conspiracy.misbehave(node, this.#now)) {
      this.#count(fault);
      this.#say(node, lie, to);
    }
  }

  #say(node: Node, message: Message, to: (member: number) => boolean = () => true): void {
    const from = this.#nodes.indexOf(node);
    this.#invariants.said(message);
    for (const each of this.#nodes) if (to(each.index)) this.#transmit(from, each, message);
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
      if (node.doomed) {
        this.#crash(node, "crash-at-persist");
        return;
      }
      store(node, node.unflushed);
      node.durable = node.unflushed.at(-1)!.token;
      node.unflushed = [];
      const ready = node.waiting;
      node.waiting = [];
      for (const effect of ready) this.#release(node, effect);
    });
  }

  #release(node: Node, effect: Effect): void {
    if (effect.kind !== "send") {
      this.#invariants.released(node, effect);
      if (effect.kind === "anchor") this.#chain.anchor(effect.checkpoints[0]!, this.#now);
      return;
    }
    this.#invariants.sent(node, effect.message);
    if (node.role === "twin") this.#count("twin");
    const said = this.#network.calm
      ? { message: effect.message }
      : this.#conspiracy.outgoing(node, effect.message, this.#now);
    if (!said) return;
    if (said.fault) this.#count(said.fault);
    const addressed = (i: number) => effect.to === "all" || effect.to === `m${i}`;
    this.#say(node, said.message, (member) => addressed(member) && (said.to?.(member) ?? true));
  }
}
