import type { Message, Proposal } from "../../coordinator/protocol/praft/messages.ts";
import { currentLeader } from "../../coordinator/protocol/praft/state.ts";
import type { QuorumCertificate } from "../../coordinator/protocol/praft/types.ts";
import type { Chance } from "./agenda.ts";
import { forgeProposal, forgeTimeout, isProposed, voteFor } from "./forge.ts";
import type { Library } from "./library.ts";
import type { Node } from "./node.ts";
import type { Deed } from "./script.ts";

/** A chain shown to one side only. */
interface Branch {
  tip: QuorumCertificate;
  last: Proposal | undefined;
  blocks: number;
  again: number;
}

/** Blocks of a branch: enough to commit some. */
const LONG = 5;
/** Milliseconds until a block without a certificate is shown again. */
const AGAIN = 40;

/**
 * Colluders of weight F + 1 that fork: they show each side of the honest its own chain, in one view, or the second in the
 * next view after timeouts that hide the first. This must succeed, and be held against them.
 */
export class Overthrow {
  readonly #colluders: readonly Node[];
  readonly #library: Library;
  readonly #sideOf: (member: number) => number;
  readonly #hide: boolean;
  #view = 0;
  #start: QuorumCertificate | undefined;
  #branches: Branch[] = [];

  constructor(colluders: readonly Node[], size: number, chance: Chance, library: Library) {
    this.#colluders = colluders;
    this.#library = library;
    const honest = size - colluders.length;
    const first = 1 + chance(honest - 1);
    this.#sideOf = (member) => (member - colluders.length < first ? 0 : 1);
    this.#hide = chance(2) === 0;
  }

  outgoing(node: Node, message: Message): Deed | "as-it-is" | "withheld" {
    if (this.#view === 0) return isProposed(message) ? "withheld" : "as-it-is";
    if (message.kind === "timeout") {
      if (this.#hide && this.#start)
        return { fault: "fork", message: forgeTimeout(node, message.view, this.#start) };
      return "as-it-is";
    }
    return message.kind === "vote" ? "as-it-is" : "withheld";
  }

  act(node: Node, now: number): Deed[] {
    const { state } = node;
    if (state.self < 0 || currentLeader(state, state.view) !== state.self) return [];
    // It came to nothing: once more.
    if (state.view > this.#view + (this.#hide ? 1 : 0)) this.#view = 0;
    if (this.#view === 0) this.#begin(node);
    if (this.#view === 0) return [];
    if (state.view === this.#view)
      return [0, ...(this.#hide ? [] : [1])].flatMap((side) => this.#extend(node, side, now));
    if (!this.#branches[1]!.last) {
      const low = this.#library.lowTc(state.committee, state.view - 1);
      if (low) this.#library.tcs.set(`${low.epoch}/${low.view}`, low);
    }
    return this.#extend(node, 1, now);
  }

  #begin({ state }: Node): void {
    if (state.highQc.height < 3) return;
    if (this.#branches.length > 0 && this.#branches.every(({ blocks }) => blocks === LONG)) return;
    this.#view = state.view;
    this.#start = state.highQc;
    this.#branches = [0, 1].map(() => ({ tip: state.highQc, last: undefined, blocks: 0, again: 0 }));
  }

  /** The next block of a branch, once its last one is certified; the colluders vote for all of them. */
  #extend(node: Node, side: number, now: number): Deed[] {
    const branch = this.#branches[side]!;
    const to = (member: number) => member >= this.#colluders.length && this.#sideOf(member) === side;
    const deeds: Deed[] = [];
    if (branch.last) {
      const qc = this.#library.certificateOf(branch.last.hash);
      if (!qc) {
        if (now < branch.again) return [];
        branch.again = now + AGAIN;
        return [{ fault: "fork", message: branch.last, to }];
      }
      if (branch.tip !== qc)
        deeds.push({ fault: "fork", message: { kind: "sync-reply", blocks: [], qc }, to });
      branch.tip = qc;
    }
    if (branch.blocks === LONG) return deeds;
    branch.blocks++;
    const message = forgeProposal(node, this.#library, {
      justify: branch.tip,
      time: now + side,
      bundles: [],
    });
    branch.last = message;
    branch.again = now + AGAIN;
    const { committee } = node.state;
    for (const { env } of this.#colluders) {
      const signer = committee.members.findIndex(({ id }) => id === env.id);
      this.#library.collect(committee, voteFor(node, signer, message));
    }
    return [...deeds, { fault: "fork", message, to }];
  }
}
