import { toHex } from "../../coordinator/protocol/bytes.ts";
import { clientOf } from "../../coordinator/protocol/praft/bundles.ts";
import { isQuorumCertificate } from "../../coordinator/protocol/praft/certificates.ts";
import { type Committee, weightOf } from "../../coordinator/protocol/praft/config.ts";
import type { Effect } from "../../coordinator/protocol/praft/effects.ts";
import { type Evidence, isEvidence } from "../../coordinator/protocol/praft/evidence.ts";
import { type Charge, chargesOf, culpritsOf } from "../../coordinator/protocol/praft/forensics.ts";
import { certifiedChain } from "../../coordinator/protocol/praft/forks.ts";
import type { Checkpoint, Message } from "../../coordinator/protocol/praft/messages.ts";
import type { State } from "../../coordinator/protocol/praft/state.ts";
import { checkpointDigest } from "../../coordinator/protocol/praft/statements.ts";
import type { Bundle, QuorumCertificate } from "../../coordinator/protocol/praft/types.ts";
import { testScheme } from "../protocol/praft/fixtures.ts";
import { Ballots } from "./ballots.ts";
import { type HashedBlock, isProposed } from "./forge.ts";
import type { Node } from "./node.ts";

/** An own statement is on the disk before anybody hears it; of an outline, the proposal it stands for. */
function isDurable({ log, stored }: Node, message: Message): boolean {
  if (message.kind === "outline")
    return log.some((record) => record.kind === "propose" && record.hash === message.hash);
  return !["propose", "vote", "timeout", "checkpoint"].includes(message.kind) || stored.has(message);
}

/** What must hold after every step, whatever the network, the disks and weight F do. */
export class Invariants {
  readonly violations = new Set<string>();
  readonly committees: readonly Committee[];
  readonly #chain = new Map<number, { hash: string; root: string | undefined; names: string }>();
  readonly #executed = new Map<string, number>();
  readonly #certified = new Map<string, string>();
  readonly #roots = new Map<string, string>();
  readonly #bases = new Map<string, string>();
  readonly #blocks = new Map<string, HashedBlock>();
  readonly #seen = new WeakSet<QuorumCertificate>();

  readonly #nodes: readonly Node[];
  /** More than F collude, so a fork is not a violation; that nobody is caught is one. */
  readonly #overthrow: boolean;
  readonly #ballots: Ballots;
  #forked = false;

  /** `committees` by epoch. */
  constructor(committees: readonly Committee[], nodes: readonly Node[], overthrow: boolean) {
    this.committees = committees;
    this.#nodes = nodes;
    this.#overthrow = overthrow;
    this.#ballots = new Ballots(committees);
  }

  /** Of one member's own state: votes, timeouts and commits only go on. */
  stepped(
    before: Pick<State, "lastVoted" | "lastTimeoutView" | "committed" | "committee">,
    after: State,
  ): void {
    const { epoch } = after.committee;
    this.#once(this.#bases, String(epoch), after.base.hash, "two blocks start epoch");
    if (after.committed.height < before.committed.height) this.violations.add("a commit was taken back");
    if (epoch !== before.committee.epoch) return;
    const voted =
      after.lastVoted.view - before.lastVoted.view || after.lastVoted.height - before.lastVoted.height;
    if (voted < 0 || after.lastTimeoutView < before.lastTimeoutView)
      this.violations.add("a vote or timeout went back");
  }

  /** Of what leaves a node: its own statements are on its disk before. */
  sent(node: Node, message: Message): void {
    if (node.honest && !isDurable(node, message))
      this.violations.add(`a ${message.kind} was sent before it was durable`);
    this.said(message);
    if (node.honest) this.#watch(node, message);
    if (isProposed(message)) this.certified(message.block.justify);
    else if (message.kind === "sync-reply") this.certified(message.qc);
    else if (message.kind === "timeout") this.certified(message.highQc);
  }

  /** What an honest member says, by the vote rule. */
  #watch({ env }: Node, message: Message): void {
    if (message.kind !== "vote" && message.kind !== "timeout") return;
    const wrong =
      message.kind === "vote"
        ? this.#ballots.vote(env.id, message, this.#blocks.get(message.blockHash)?.block)
        : this.#ballots.timeout(env.id, message);
    if (wrong) this.violations.add(wrong);
  }

  released(node: Node, effect: Effect): void {
    if (effect.kind === "anchor") this.anchored(effect.checkpoints);
    else if (effect.kind === "evidence") this.accused(effect.evidence);
    else if (effect.kind === "fork") this.#forkSeen(node, effect);
    else if (!node.honest) return;
    else if (effect.kind === "commit") this.committed(node, effect);
    else if (effect.kind === "installed") this.installed(node, effect);
  }

  /** Only weight above F forks. Who notices accuses nobody honest, but may lack the blocks that prove the whole of it. */
  #forkSeen(node: Node, { code, height, charges }: Effect & { kind: "fork" }): void {
    if (!this.#overthrow) this.violations.add(`${code} at height ${height}`);
    else if (node.honest) this.#guilty(node.state.committee, charges);
  }

  #guilty(committee: Committee, charges: readonly Charge[]): number {
    const guilty = new Set(charges.flatMap((charge) => culpritsOf(testScheme, committee, charge)));
    for (const member of guilty)
      if (this.#isHonest(committee.members[member]!.id))
        this.violations.add(`m${member} is held guilty of a fork`);
    return weightOf(committee, guilty);
  }

  /** The chains of two members that committed differently prove who forked. */
  #convict(committee: Committee, charges: readonly Charge[]): void {
    this.#forked = true;
    const weight = this.#guilty(committee, charges);
    if (weight <= committee.faulty) this.violations.add(`a fork is proven to weight ${weight} only`);
  }

  /** After an overthrow: two honest members that committed differently, and what their chains prove. */
  settleForks(): boolean {
    const honest = this.#nodes.filter((node) => node.honest);
    for (const a of honest) {
      for (const b of honest) {
        const parted = a.state.history.find(({ hash, block }) => {
          const other = b.state.history[block.height - 1 - b.state.historyFrom];
          return other && other.hash !== hash;
        });
        if (parted) this.#convict(a.state.committee, this.#charges(a, b, parted.block.height));
      }
    }
    return this.#forked;
  }

  #charges(a: Node, b: Node, height: number): Charge[] {
    const [one, other] = [a, b].map(({ state }) => {
      const { tail, qc } = state.commitProof!;
      return certifiedChain([...state.history.slice(height - 1 - state.historyFrom), ...tail], qc);
    });
    return chargesOf(testScheme, a.state.committee, one!, other!);
  }

  #isHonest(id: string): boolean {
    return this.#nodes.some(({ honest, env }) => honest && env.id === id);
  }

  /** One block is certified at a rank, and one in a view whose parent is of an earlier view. */
  certified(qc: QuorumCertificate): void {
    if (this.#overthrow || this.#seen.has(qc)) return;
    this.#seen.add(qc);
    const committee = this.committees[qc.epoch];
    if (!committee || qc.view === 0 || !isQuorumCertificate(testScheme, committee, qc)) return;
    this.#once(
      this.#certified,
      `${qc.epoch}/${qc.view}/${qc.height}`,
      qc.blockHash,
      "two blocks certified at rank",
    );
    const block = this.#blocks.get(qc.blockHash)?.block;
    if (!block || block.justify.view === block.view) return;
    this.#once(this.#roots, `${qc.epoch}/${qc.view}`, qc.blockHash, "two chains certified in view");
  }

  /** One block, one state and one execution at a height; each client's bundles once and in turn. */
  committed(node: Node, { block: { hash, block }, fresh }: Effect & { kind: "commit" }): void {
    const names = fresh.map((bundle) => `${clientOf(bundle)}:${bundle.sequence}`).join();
    const root = node.state.roots.get(block.height);
    const known = this.#chain.get(block.height);
    node.told = Math.max(node.told, block.height);
    if (!known) {
      if (block.height > 1 && !this.#chain.has(block.height - 1))
        this.violations.add("a height was left out");
      this.#chain.set(block.height, { hash, root, names });
      if (this.#overthrow) return;
      for (const bundle of fresh) this.#executeOnce(bundle);
      return;
    }
    if (this.#overthrow) return;
    if (known.hash !== hash) this.violations.add(`two blocks committed at height ${block.height}`);
    if (root && known.root !== root) this.violations.add(`two states at height ${block.height}`);
    if (known.names !== names) this.violations.add(`two executions at height ${block.height}`);
  }

  /** A snapshot taken over is of the committed chain. */
  installed(node: Node, { content }: Effect & { kind: "installed" }): void {
    const known = this.#chain.get(content.height);
    if (known?.hash !== content.blockHash || known.root !== node.state.roots.get(content.height))
      this.violations.add(`a false snapshot was taken over at height ${content.height}`);
    node.told = Math.max(node.told, content.height);
  }

  #executeOnce(bundle: Bundle): void {
    const client = clientOf(bundle);
    if (bundle.sequence !== (this.#executed.get(client) ?? 0) + 1)
      this.violations.add(`bundle ${bundle.sequence} is executed out of turn`);
    this.#executed.set(client, bundle.sequence);
  }

  /** After a restart a member knows at least what it had told, and no more than it had known. */
  restarted(node: Node, before: number): void {
    if (!node.honest || node.role === "learner") return;
    const { height } = node.state.committed;
    if (height < node.told) this.violations.add("a restart lost a commit that was told");
    if (height > before) this.violations.add("recovered beyond what was known");
  }

  anchored(checkpoints: readonly Checkpoint[]): void {
    const { height, epoch, blockHash } = checkpoints[0]!;
    const committee = this.committees[epoch]!;
    const contents = new Set(checkpoints.map((each) => toHex(checkpointDigest(committee, each))));
    if (this.#overthrow) return;
    if (contents.size !== 1) this.violations.add("an anchor is of two contents");
    const known = this.#chain.get(height);
    if (known && known.hash !== blockHash)
      this.violations.add(`an anchor of another block at height ${height}`);
  }

  accused(evidence: Evidence): void {
    const { first } = evidence;
    const committee = this.committees["epoch" in first ? first.epoch : first.block.epoch];
    const id = committee?.members[first.signer]?.id ?? "nobody";
    if (!committee || !isEvidence(testScheme, committee, evidence) || this.#isHonest(id))
      this.violations.add(`evidence accuses ${id}`);
  }

  /** By anybody, liars too: what a vote for a block means is in the block. */
  said(message: Message): void {
    if (isProposed(message)) this.#blocks.set(message.hash, message);
    if (message.kind === "sync-reply") for (const full of message.blocks) this.#blocks.set(full.hash, full);
  }

  #once(map: Map<string, string>, key: string, value: string, what: string): void {
    const known = map.get(key) ?? value;
    if (known !== value) this.violations.add(`${what} ${key}`);
    map.set(key, known);
  }
}
