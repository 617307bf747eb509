import { compareRank } from "../../coordinator/protocol/praft/certificates.ts";
import type { Message } from "../../coordinator/protocol/praft/messages.ts";
import { outlineOf } from "../../coordinator/protocol/praft/outlines.ts";
import { currentLeader } from "../../coordinator/protocol/praft/state.ts";
import type { QuorumCertificate } from "../../coordinator/protocol/praft/types.ts";
import type { Chance } from "./agenda.ts";
import { forgeProposal, forgeSnapshot, forgeTimeout, forgeVote, isProposed } from "./forge.ts";
import type { Library } from "./library.ts";
import type { Fault } from "./network.ts";
import type { Node } from "./node.ts";

/** Something a Byzantine member says to some of the others. */
export interface Deed {
  readonly fault: Fault;
  readonly message: Message;
  /** By member number; all if it is left out. */
  readonly to?: (member: number) => boolean;
}

const FLOOD = 20;
/** Milliseconds between two deeds, on average: a lie is heard by scripts too, and must not breed. */
const PAUSE = 30;

/**
 * What a Byzantine member says beside what its engine does: two proposals at once, proposals from any parent it has a
 * certificate of, with old bundles, to some members only; votes for all it sees; timeouts that report less than it knows;
 * false snapshots; floods of votes; statements of other epochs.
 */
export class Script {
  readonly #node: Node;
  readonly #chance: Chance;
  readonly #library: Library;
  #restUntil = 0;
  #mutedUntil = 0;

  constructor(node: Node, chance: Chance, library: Library) {
    this.#node = node;
    this.#chance = chance;
    this.#library = library;
  }

  /** Things it should not say. */
  misbehave(now: number): Deed[] {
    const { state } = this.#node;
    if (state.self < 0 || now < this.#restUntil) return [];
    this.#restUntil = now + this.#chance(2 * PAUSE);
    const deed = this.#chance(10);
    if (deed === 0) this.#mutedUntil = now + this.#chance(500);
    const deeds =
      currentLeader(state, state.view) === state.self && deed < 8 ? this.#lead(now) : this.#follow(deed);
    return this.#chance(3) === 0 ? deeds.map((each) => this.#toSome(each)) : deeds;
  }

  /** What becomes of something its engine says: nothing, or another first block of a view, on a lower parent. */
  outgoing(message: Message, now: number): Message | undefined {
    if (now < this.#mutedUntil) return undefined;
    if (!isProposed(message) || !message.block.tc || this.#chance(2) === 0) return message;
    const below = this.#library
      .before(this.#node.state.committee, message.block.view)
      .filter((qc) => compareRank(qc, message.block.justify) < 0);
    const justify = below.at(-1 - this.#chance(2));
    return justify ? this.#proposal(justify, now) : message;
  }

  #lead(now: number): Deed[] {
    const { highQc } = this.#node.state;
    switch (this.#chance(3)) {
      case 0: {
        const pair = [0, 1].map((more) => this.#proposal(highQc, now + more));
        const half = this.#chance(2 ** 8);
        return pair.flatMap((message, i) => [
          { fault: "equivocation", message, to: (member) => ((half >> member) & 1) === i },
          { fault: "double-vote", message: forgeVote(this.#node, message) },
        ]);
      }
      case 1: {
        const message = this.#proposal(highQc, now);
        const lucky = this.#chance(8);
        const others = (member: number) => member !== lucky;
        return [
          { fault: "withheld-payload", message, to: (member) => member === lucky },
          { fault: "withheld-payload", message: outlineOf(message), to: others },
        ];
      }
      default: {
        const message = this.#proposal(this.#parent(), now);
        return [
          { fault: "stale-certificate", message },
          { fault: "double-vote", message: forgeVote(this.#node, message) },
        ];
      }
    }
  }

  #follow(deed: number): Deed[] {
    switch (deed) {
      case 4:
        return this.#lowReport();
      case 5:
        return this.#stale();
      case 6:
        return Array.from({ length: FLOOD }, () => this.#vote("vote-flood")).flat();
      case 7:
        return this.#wrongEpoch();
      case 8:
      case 9:
        return [{ fault: "lying-snapshot", message: forgeSnapshot(this.#node, this.#chance) }];
      default:
        return this.#vote("double-vote");
    }
  }

  #toSome(deed: Deed): Deed {
    const heard = this.#chance(2 ** 8);
    return deed.to ? deed : { ...deed, fault: "selective", to: (i) => ((heard >> i) & 1) === 1 };
  }

  #parent(): QuorumCertificate {
    const { highQc, committee } = this.#node.state;
    const known = this.#library.qcs.filter(({ epoch }) => epoch === committee.epoch);
    return known[this.#chance(known.length + 1)] ?? highQc;
  }

  #proposal(justify: QuorumCertificate, time: number) {
    const old = this.#library.bundles[this.#chance(this.#library.bundles.length + 1)];
    const bundles = old && this.#chance(2) === 0 ? [old] : [];
    return forgeProposal(this.#node, this.#library, { justify, time, bundles });
  }

  #someBlock() {
    const all = [...this.#library.blocks.values()].slice(-6);
    return all[this.#chance(Math.max(1, all.length))];
  }

  #vote(fault: Fault): Deed[] {
    const full = this.#someBlock();
    if (!full || full.block.epoch !== this.#node.state.committee.epoch) return [];
    return [{ fault, message: forgeVote(this.#node, full) }];
  }

  #wrongEpoch(): Deed[] {
    const full = this.#someBlock();
    if (!full) return [];
    const epoch = this.#node.state.committee.epoch;
    const other = epoch === 0 || this.#chance(2) === 0 ? epoch + 1 : epoch - 1;
    return [{ fault: "wrong-epoch", message: forgeVote(this.#node, full, other) }];
  }

  #lowReport(): Deed[] {
    const view = this.#node.state.view + this.#chance(2);
    const highQc = this.#parent();
    return highQc.view > view
      ? []
      : [{ fault: "low-report", message: forgeTimeout(this.#node, view, highQc) }];
  }

  #stale(): Deed[] {
    const tcs = [...this.#library.tcs.values()];
    const tc = tcs[this.#chance(tcs.length + 1)];
    if (tc) return [{ fault: "stale-certificate", message: { kind: "enter", tc } }];
    return [{ fault: "stale-certificate", message: { kind: "sync-reply", blocks: [], qc: this.#parent() } }];
  }
}
