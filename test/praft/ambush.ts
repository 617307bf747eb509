import { compareRank, largestRank } from "../../coordinator/protocol/praft/certificates.ts";
import type { Message, Proposal } from "../../coordinator/protocol/praft/messages.ts";
import { currentLeader } from "../../coordinator/protocol/praft/state.ts";
import type { Chance } from "./agenda.ts";
import { forgeProposal, forgeTimeout, isProposed, voteFor } from "./forge.ts";
import type { Library } from "./library.ts";
import type { Node } from "./node.ts";
import type { Deed } from "./script.ts";

/** What is going on in a view whose leader and next leader collude. */
interface Plan {
  readonly epoch: number;
  readonly view: number;
  /** The one member that may see the last certificate, and commits by it. */
  readonly victim: number;
  blocks: number;
  /** Of the last of them. */
  height: number;
}

/** Blocks of the first view that are seen. */
const SHOWN = 2;
/** Milliseconds a colluder waits for the timeouts of more members than it needs, and between two starts of a view. */
const WAIT = 50;

/**
 * Liars who look for a view to start where they must not: below what was reported; or twice, first from the lowest that
 * the timeouts of some weight Q allow, then from a higher certificate. If two of them lead one view after the other, the first
 * hides its last certificate from all but one and falls silent. They report less than they know. With weight F it has to fail.
 */
export class Ambush {
  readonly #colluders: readonly Node[];
  readonly #chance: Chance;
  readonly #library: Library;
  #plan: Plan | undefined;
  #due:
    | { readonly at: number; readonly node: Node; readonly view: number; readonly proposals?: Proposal[] }
    | undefined;

  constructor(colluders: readonly Node[], chance: Chance, library: Library) {
    this.#colluders = colluders;
    this.#chance = chance;
    this.#library = library;
  }

  /** What becomes of something a colluder's engine says. */
  outgoing(node: Node, message: Message, now: number): Deed | "as-it-is" | "withheld" {
    const { committee } = node.state;
    this.#lay(node);
    const plan = this.#plan?.epoch === committee.epoch ? this.#plan : undefined;
    if (message.kind === "timeout") {
      const highQc = this.#library.before(committee, message.view).at(0) ?? message.highQc;
      return { fault: "collude", message: forgeTimeout(node, message.view, highQc) };
    }
    if (message.kind === "sync-reply" && plan && message.qc.view === plan.view && plan.blocks >= SHOWN) {
      const { victim } = plan;
      return { fault: "collude", message, to: (member) => member === victim };
    }
    if (!isProposed(message)) return "as-it-is";
    if (message.block.tc && message.block.view !== plan?.view) {
      this.#due = { at: now + WAIT, node, view: message.block.view };
      return "withheld";
    }
    if (message.block.view !== plan?.view) return "as-it-is";
    if (message.block.height !== plan.height) plan.blocks++;
    plan.height = message.block.height;
    if (plan.blocks <= SHOWN) return "as-it-is";
    const certified: Message = { kind: "sync-reply", blocks: [], qc: message.block.justify };
    return { fault: "collude", message: certified, to: (member) => member === plan.victim };
  }

  /** What is due by now. */
  act(node: Node, now: number): Deed[] {
    const due = this.#due;
    if (!due || due.node !== node || now < due.at) return [];
    this.#due = undefined;
    if (node.state.view !== due.view) return [];
    const [first, ...more] = due.proposals ?? this.#starts(node, now);
    if (!first) return [];
    if (more.length > 0) this.#due = { at: now + WAIT, node, view: due.view, proposals: more };
    return [{ fault: "collude", message: first }];
  }

  /** Plans for a view if a colluder leads it and the next. */
  #lay({ state }: Node): void {
    const { view, committee } = state;
    if (this.#plan && this.#plan.epoch === committee.epoch && this.#plan.view + 1 >= view) return;
    const leaders = [view, view + 1].map((each) => committee.members[currentLeader(state, each)]!.id);
    if (!leaders.every((id) => this.#colluders.some(({ env }) => env.id === id))) return;
    this.#plan = { epoch: committee.epoch, view, victim: this.#chance(8), blocks: 0, height: 0 };
  }

  /** First blocks of a view, in the order to be shown: one below what was reported, or two on rising parents. */
  #starts(node: Node, now: number): Proposal[] {
    const { committee, view } = node.state;
    const tc = this.#library.lowTc(committee, view - 1) ?? this.#library.tcOf(committee, view - 1);
    if (!tc) return [];
    this.#library.tcs.set(`${tc.epoch}/${tc.view}`, tc);
    const reported = largestRank(tc);
    const all = this.#library.before(committee, view);
    const below = all.filter((qc) => compareRank(qc, reported) < 0).slice(-1);
    const [low, ...above] = all.filter((qc) => compareRank(qc, reported) >= 0);
    const higher = above.find(({ height }) => height > (low?.height ?? height));
    const parents = low && higher ? [low, higher] : below;
    return parents.map((justify) => {
      const proposal = forgeProposal(node, this.#library, { justify, time: now, bundles: [] });
      this.#supported(node, proposal);
      return proposal;
    });
  }

  #supported(node: Node, proposal: Proposal): void {
    const { committee } = node.state;
    for (const { env } of this.#colluders) {
      const signer = committee.members.findIndex(({ id }) => id === env.id);
      if (signer >= 0) this.#library.collect(committee, voteFor(node, signer, proposal));
    }
  }
}
