import { ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import { certify, compareRank } from "../../coordinator/protocol/praft/certificates.ts";
import { weightOf } from "../../coordinator/protocol/praft/config.ts";
import { hashBlock, payloadRoot } from "../../coordinator/protocol/praft/encode.ts";
import { voteSigned } from "../../coordinator/protocol/praft/evidence.ts";
import { currentLeader } from "../../coordinator/protocol/praft/state.ts";
import { proposeDigest, timeoutDigest, voteDigest } from "../../coordinator/protocol/praft/statements.ts";
import type {
  Block,
  Bundle,
  FullBlock,
  Message,
  Proposal,
  QuorumCertificate,
  TimeoutCertificate,
  Vote,
} from "../../coordinator/protocol/praft/types.ts";
import { testScheme } from "../protocol/praft/fixtures.ts";
import type { Chance } from "./agenda.ts";
import type { Node } from "./node.ts";

/** Certificates, kept from each other's view or shown late, that colluding scripts share. */
export class Library {
  readonly qcs: QuorumCertificate[] = [];
  readonly tcs = new Map<string, TimeoutCertificate>();
  readonly blocks = new Map<string, FullBlock>();
  readonly votes = new Map<string, Map<number, Vote>>();
  readonly bundles: Bundle[] = [];
}

const KEPT = 24;
const FLOOD = 20;
/** Heights by which the state its proposals name is old: others know it too. */
const STALE = 20;
/** Milliseconds between two deeds, on average: a lie is heard by scripts too, and must not breed. */
const PAUSE = 60;

/**
 * What a Byzantine member says beside what its engine does: proposals from any parent it has a certificate of, with old
 * bundles, to some members only; votes for all it sees; timeouts that report less than it knows; floods of votes.
 */
export class Script {
  readonly #node: Node;
  readonly #chance: Chance;
  readonly #library: Library;
  /** Until then, what its engine says stays untold. */
  mutedUntil = 0;
  #restUntil = 0;

  constructor(node: Node, chance: Chance, library: Library) {
    this.#node = node;
    this.#chance = chance;
    this.#library = library;
  }

  /** Learns from what is delivered; certificates of its own making come back, for they are seen by nobody else. */
  observe(message: Message): QuorumCertificate | undefined {
    const { tcs, bundles } = this.#library;
    if (message.kind === "propose") {
      this.#keep(message.block.justify);
      this.#remember(message);
      if (message.payload.bundles[0]) bundles.push(message.payload.bundles[0]);
      if (bundles.length > KEPT) bundles.shift();
      const { tc } = message.block;
      if (tc) tcs.set(`${tc.epoch}/${tc.view}`, tc);
    } else if (message.kind === "enter") tcs.set(`${message.tc.epoch}/${message.tc.view}`, message.tc);
    else if (message.kind === "timeout") this.#keep(message.highQc);
    else if (message.kind === "sync-reply") this.#keep(message.qc);
    else if (message.kind === "vote") return this.#collect(message);
    return undefined;
  }

  /** Something it should not say. */
  misbehave(now: number): Message[] {
    const { state } = this.#node;
    if (state.self < 0 || now < this.#restUntil) return [];
    this.#restUntil = now + this.#chance(2 * PAUSE);
    const deed = this.#chance(8);
    if (deed === 0) this.mutedUntil = now + this.#chance(500);
    if (currentLeader(state, state.view) === state.self && deed < 6) return this.#propose(now);
    if (deed < 5) return this.#vote();
    if (deed === 5) return this.#timeout();
    if (deed === 6) return Array.from({ length: FLOOD }, () => this.#vote()).flat();
    return [];
  }

  /** In place of the first block of its view, sometimes one on a parent just below the highest it knows. */
  instead(message: Message, now: number): Message {
    if (message.kind !== "propose" || !message.block.tc || this.#chance(2) === 0) return message;
    const below = this.#library.qcs
      .filter((qc) => qc.epoch === message.block.epoch && compareRank(qc, message.block.justify) < 0)
      .toSorted((a, b) => compareRank(b, a));
    const parent = below[this.#chance(2)];
    return parent ? this.#proposal(parent, now) : message;
  }

  #keep(qc: QuorumCertificate): void {
    const { qcs } = this.#library;
    if (qcs.some((each) => each.blockHash === qc.blockHash)) return;
    qcs.push(qc);
    if (qcs.length > KEPT) qcs.shift();
  }

  #remember(full: FullBlock): void {
    const { blocks } = this.#library;
    blocks.set(full.hash, full);
    if (blocks.size > KEPT) blocks.delete(blocks.keys().next().value!);
  }

  #collect(vote: Vote): QuorumCertificate | undefined {
    const { committee } = this.#node.state;
    if (!voteSigned(testScheme, committee, vote)) return undefined;
    const votes = this.#library.votes.get(vote.blockHash) ?? new Map<number, Vote>();
    this.#library.votes.set(vote.blockHash, votes.set(vote.signer, vote));
    if (weightOf(committee, votes.keys()) < committee.quorum) return undefined;
    const qc = certify(testScheme, [...votes.values()]);
    this.#keep(qc);
    return qc;
  }

  #parent(): QuorumCertificate {
    const { highQc, committee } = this.#node.state;
    const known = this.#library.qcs.filter(({ epoch }) => epoch === committee.epoch);
    return known[this.#chance(known.length + 1)] ?? highQc;
  }

  #propose(now: number): Message[] {
    const proposal = this.#proposal(this.#parent(), now);
    return [proposal, ...this.#voteFor(proposal)];
  }

  #proposal(justify: QuorumCertificate, now: number): Proposal {
    const { state, env } = this.#node;
    const { bundles, tcs, blocks } = this.#library;
    const old = bundles[this.#chance(bundles.length + 1)];
    const payload = { bundles: old && this.#chance(2) === 0 ? [old] : [] };
    const { view } = state;
    const stateHeight = Math.max(0, state.committed.height - STALE);
    const tc = tcs.get(`${state.committee.epoch}/${view - 1}`);
    const block: Block = {
      groupId: state.committee.groupId,
      epoch: state.committee.epoch,
      view,
      height: justify.height + 1,
      justify,
      opsRoot: payloadRoot(payload),
      stateHeight,
      stateRoot: state.roots.get(stateHeight) ?? ZERO_HASH,
      time: Math.max(now, state.committed.time, blocks.get(justify.blockHash)?.block.time ?? 0),
      nextConfigHash: ZERO_HASH,
      ...(justify.view !== view && tc && { tc }),
    };
    const hash = hashBlock(block);
    const signature = testScheme.sign(env.secretKey, proposeDigest(state.committee, block, hash));
    this.#remember({ block, payload, hash });
    return { kind: "propose", block, payload, hash, signer: state.self, signature };
  }

  #vote(): Message[] {
    const all = [...this.#library.blocks.values()].slice(-6);
    const full = all[this.#chance(Math.max(1, all.length))];
    return full && full.block.epoch === this.#node.state.committee.epoch ? this.#voteFor(full) : [];
  }

  #voteFor({ block, hash }: FullBlock): Message[] {
    const { state, env } = this.#node;
    const { epoch, view, height } = block;
    const signature = testScheme.sign(env.secretKey, voteDigest(state.committee, block, hash));
    return [{ kind: "vote", epoch, view, height, blockHash: hash, signer: state.self, signature }];
  }

  #timeout(): Message[] {
    const { state, env } = this.#node;
    const view = state.view + this.#chance(2);
    const highQc = this.#parent();
    if (highQc.view > view) return [];
    const signature = testScheme.sign(env.secretKey, timeoutDigest(state.committee, view, highQc));
    return [{ kind: "timeout", epoch: state.committee.epoch, view, highQc, signer: state.self, signature }];
  }
}
