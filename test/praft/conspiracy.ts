import type { Message } from "../../coordinator/protocol/praft/messages.ts";
import type { QuorumCertificate } from "../../coordinator/protocol/praft/types.ts";
import type { Chance } from "./agenda.ts";
import { Ambush } from "./ambush.ts";
import { Library } from "./library.ts";
import type { Fault } from "./network.ts";
import type { Node } from "./node.ts";
import { Overthrow } from "./overthrow.ts";
import type { Scenario } from "./scenario.ts";
import { type Deed, Script } from "./script.ts";

/** What is said in place of what an engine wanted to say. */
export interface Said {
  readonly message: Message;
  readonly fault?: Fault;
  readonly to?: (member: number) => boolean;
}

/** All scripted members of a seed, and what they plan together. */
export class Conspiracy {
  readonly #library = new Library();
  readonly #scripts = new Map<Node, Script>();
  readonly #ambush: Ambush | undefined;
  readonly #overthrow: Overthrow | undefined;

  constructor(nodes: readonly Node[], { overthrow, ambush, size }: Scenario, chance: Chance) {
    const colluders = nodes.filter(({ role }) => role === "script");
    for (const node of colluders) this.#scripts.set(node, new Script(node, chance, this.#library));
    if (overthrow) this.#overthrow = new Overthrow(colluders, size, chance, this.#library);
    else if (ambush) this.#ambush = new Ambush(colluders, chance, this.#library);
  }

  /** A certificate of their own making comes back. */
  observe(node: Node, message: Message): QuorumCertificate | undefined {
    if (!this.#scripts.has(node)) return undefined;
    return this.#library.observe(node.state.committee, message);
  }

  misbehave(node: Node, now: number): Deed[] {
    const script = this.#scripts.get(node);
    if (!script) return [];
    if (this.#overthrow) return this.#overthrow.act(node, now);
    // An ambush needs them to be inconspicuous.
    return this.#ambush ? this.#ambush.act(node, now) : script.misbehave(now);
  }

  outgoing(node: Node, message: Message, now: number): Said | undefined {
    const script = this.#scripts.get(node);
    if (!script) return { message };
    const said = this.#overthrow?.outgoing(node, message) ?? this.#ambush?.outgoing(node, message, now);
    if (said === "withheld") return undefined;
    if (said && said !== "as-it-is") return said;
    if (this.#overthrow || this.#ambush) return { message };
    const changed = script.outgoing(message, now);
    return changed && { message: changed };
  }
}
