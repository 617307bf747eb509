import { toHex } from "../../coordinator/protocol/bytes.ts";
import { clientOf } from "../../coordinator/protocol/praft/bundles.ts";
import { isQuorumCertificate } from "../../coordinator/protocol/praft/certificates.ts";
import type { Committee } from "../../coordinator/protocol/praft/config.ts";
import type { Effect } from "../../coordinator/protocol/praft/effects.ts";
import { type Evidence, isEvidence } from "../../coordinator/protocol/praft/evidence.ts";
import type { State } from "../../coordinator/protocol/praft/state.ts";
import { checkpointDigest } from "../../coordinator/protocol/praft/statements.ts";
import type {
  Bundle,
  Checkpoint,
  FullBlock,
  Message,
  QuorumCertificate,
} from "../../coordinator/protocol/praft/types.ts";
import { testScheme } from "../protocol/praft/fixtures.ts";
import type { Node } from "./node.ts";

/** What must hold after every step, whatever the network, the disks and weight F do. */
export class Invariants {
  readonly violations = new Set<string>();
  readonly committees: Committee[];
  readonly #chain = new Map<number, { hash: string; root: string | undefined; names: string }>();
  readonly #executed = new Map<string, number>();
  readonly #certified = new Map<string, string>();
  readonly #roots = new Map<string, string>();
  readonly #bases = new Map<string, string>();
  readonly #blocks = new Map<string, FullBlock>();
  readonly #seen = new WeakSet<QuorumCertificate>();

  /** `committees` by epoch. */
  constructor(committees: Committee[]) {
    this.committees = committees;
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
    const own = ["propose", "vote", "timeout", "checkpoint"].includes(message.kind);
    if (own && node.honest && !node.stored.has(message))
      this.violations.add(`a ${message.kind} was sent before it was durable`);
    if (message.kind === "propose") this.#learnBlock(message);
    if (message.kind === "sync-reply") for (const full of message.blocks) this.#learnBlock(full);
    if (message.kind === "propose") this.certified(message.block.justify);
    else if (message.kind === "sync-reply") this.certified(message.qc);
    else if (message.kind === "timeout") this.certified(message.highQc);
  }

  /** One block is certified at a rank, and one in a view whose parent is of an earlier view. */
  certified(qc: QuorumCertificate): void {
    if (this.#seen.has(qc)) return;
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
      for (const bundle of fresh) this.#executeOnce(bundle);
      return;
    }
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
    if (node.role !== "member") return;
    const { height } = node.state.committed;
    if (height < node.told) this.violations.add("a restart lost a commit that was told");
    if (height > before) this.violations.add("recovered beyond what was known");
  }

  anchored(checkpoints: readonly Checkpoint[]): void {
    const { height, epoch, blockHash } = checkpoints[0]!;
    const committee = this.committees[epoch]!;
    const contents = new Set(checkpoints.map((each) => toHex(checkpointDigest(committee, each))));
    if (contents.size !== 1) this.violations.add("an anchor is of two contents");
    const known = this.#chain.get(height);
    if (known && known.hash !== blockHash)
      this.violations.add(`an anchor of another block at height ${height}`);
  }

  accused(evidence: Evidence, honest: (id: string) => boolean): void {
    const { first } = evidence;
    const committee = this.committees["epoch" in first ? first.epoch : first.block.epoch];
    const id = committee?.members[first.signer]?.id ?? "nobody";
    if (!committee || !isEvidence(testScheme, committee, evidence) || honest(id))
      this.violations.add(`evidence accuses ${id}`);
  }

  #learnBlock(full: FullBlock): void {
    this.#blocks.set(full.hash, full);
  }

  #once(map: Map<string, string>, key: string, value: string, what: string): void {
    const known = map.get(key) ?? value;
    if (known !== value) this.violations.add(`${what} ${key}`);
    map.set(key, known);
  }
}
