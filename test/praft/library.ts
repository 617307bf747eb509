import { certify, certifyTimeouts, compareRank } from "../../coordinator/protocol/praft/certificates.ts";
import { type Committee, weightOf } from "../../coordinator/protocol/praft/config.ts";
import { timeoutSigned, voteSigned } from "../../coordinator/protocol/praft/evidence.ts";
import type { Message, Timeout, Vote } from "../../coordinator/protocol/praft/messages.ts";
import type {
  Bundle,
  QuorumCertificate,
  TimeoutCertificate,
} from "../../coordinator/protocol/praft/types.ts";
import { testScheme } from "../protocol/praft/fixtures.ts";
import { type HashedBlock, isProposed } from "./forge.ts";

const KEPT = 24;

/** What colluding scripts know together: certificates kept from each other's view or shown late, votes, blocks. */
export class Library {
  readonly qcs: QuorumCertificate[] = [];
  readonly tcs = new Map<string, TimeoutCertificate>();
  readonly blocks = new Map<string, HashedBlock>();
  readonly bundles: Bundle[] = [];
  readonly #timeouts = new Map<string, Timeout[]>();
  readonly #votes = new Map<string, Map<number, Vote>>();
  readonly #certified = new Map<string, QuorumCertificate>();

  /** Learns from what is delivered to one of them; a certificate of their own making comes back, for nobody else sees it. */
  observe(committee: Committee, message: Message): QuorumCertificate | undefined {
    if (isProposed(message)) {
      this.keep(message.block.justify);
      this.remember(message);
      if (message.block.tc) this.#keepTc(message.block.tc);
    } else if (message.kind === "submit") {
      this.bundles.push(message.bundle);
      if (this.bundles.length > KEPT) this.bundles.shift();
    } else if (message.kind === "enter") this.#keepTc(message.tc);
    else if (message.kind === "timeout") this.#keepTimeout(committee, message);
    else if (message.kind === "sync-reply") this.keep(message.qc);
    else if (message.kind === "vote") return this.collect(committee, message);
    return undefined;
  }

  keep(qc: QuorumCertificate): void {
    if (this.#certified.has(qc.blockHash)) return;
    this.#certified.set(qc.blockHash, qc);
    this.qcs.push(qc);
    if (this.qcs.length > KEPT) this.#certified.delete(this.qcs.shift()!.blockHash);
  }

  remember(full: HashedBlock): void {
    this.blocks.set(full.hash, full);
    if (this.blocks.size > KEPT) this.blocks.delete(this.blocks.keys().next().value!);
  }

  collect(committee: Committee, vote: Vote): QuorumCertificate | undefined {
    if (!voteSigned(testScheme, committee, vote)) return undefined;
    const votes = this.#votes.get(vote.blockHash) ?? new Map<number, Vote>();
    this.#votes.set(vote.blockHash, votes.set(vote.signer, vote));
    if (this.#votes.size > 4 * KEPT) this.#votes.delete(this.#votes.keys().next().value!);
    if (weightOf(committee, votes.keys()) < committee.quorum) return undefined;
    const qc = certify(testScheme, [...votes.values()]);
    this.keep(qc);
    return qc;
  }

  certificateOf(blockHash: string): QuorumCertificate | undefined {
    return this.#certified.get(blockHash);
  }

  tcOf({ epoch }: Committee, view: number): TimeoutCertificate | undefined {
    return this.tcs.get(`${epoch}/${view}`);
  }

  /** Certificates of an epoch from before a view, the lowest rank first. */
  before({ epoch }: Committee, view: number): QuorumCertificate[] {
    return this.qcs.filter((qc) => qc.epoch === epoch && qc.view < view).sort(compareRank);
  }

  /** Of the timeouts of weight Q that report the least. */
  lowTc(committee: Committee, view: number): TimeoutCertificate | undefined {
    const all = this.#timeouts.get(`${committee.epoch}/${view}`) ?? [];
    const chosen: Timeout[] = [];
    const weight = () =>
      weightOf(
        committee,
        chosen.map(({ signer }) => signer),
      );
    for (const timeout of all.toSorted((a, b) => compareRank(a.highQc, b.highQc)))
      if (weight() < committee.quorum) chosen.push(timeout);
    return weight() < committee.quorum ? undefined : certifyTimeouts(testScheme, chosen);
  }

  #keepTimeout(committee: Committee, timeout: Timeout): void {
    if (!timeoutSigned(testScheme, committee, timeout)) return;
    this.keep(timeout.highQc);
    const key = `${timeout.epoch}/${timeout.view}`;
    const all = this.#timeouts.get(key) ?? [];
    this.#timeouts.set(key, [...all.filter(({ signer }) => signer !== timeout.signer), timeout]);
    if (this.#timeouts.size > KEPT) this.#timeouts.delete(this.#timeouts.keys().next().value!);
  }

  #keepTc(tc: TimeoutCertificate): void {
    this.tcs.set(`${tc.epoch}/${tc.view}`, tc);
    if (this.tcs.size > KEPT) this.tcs.delete(this.tcs.keys().next().value!);
  }
}
