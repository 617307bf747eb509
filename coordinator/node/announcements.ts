import { type Hex, ZERO_HASH } from "../protocol/bytes.ts";
import { decodeDecision } from "../protocol/decisions/decision.ts";
import type { Effect } from "../protocol/praft/effects.ts";
import type { Evidence } from "../protocol/praft/evidence.ts";
import type { Checkpoint } from "../protocol/praft/messages.ts";
import type { CommitteeBook } from "./committee-book.ts";
import type { ReplicaOptions } from "./replica-options.ts";

type Listeners = Pick<
  ReplicaOptions,
  "onCommit" | "onOrdered" | "onCertified" | "onContradiction" | "decisions" | "logger" | "metrics"
>;

/** Tells those around a replica what was committed, certified and contradicted. */
export class Announcements {
  private readonly listeners: Listeners;
  private readonly committees: CommitteeBook;
  /** Of the newest checkpoint with a quorum. */
  certifiedRoot: Hex = ZERO_HASH;

  constructor(listeners: Listeners, committees: CommitteeBook) {
    this.listeners = listeners;
    this.committees = committees;
  }

  committed({ block: { block }, fresh, decided }: Effect & { kind: "commit" }, leader: number): void {
    const { onCommit, onOrdered, metrics } = this.listeners;
    const decisions = decided.map(decodeDecision);
    for (const decision of decisions) this.listeners.decisions?.add(decision);
    const { epoch, height, view } = block;
    const operations = fresh.reduce((sum, bundle) => sum + bundle.operations.length, 0);
    metrics?.committed(height, view, operations);
    onCommit?.({ height, view, leader, operations });
    const committee = this.committees.of(epoch);
    if (committee) onOrdered?.({ committee, height, bundles: fresh, decisions });
  }

  certified(checkpoints: readonly Checkpoint[]): void {
    const { epoch, height, decisionsRoot } = checkpoints[0]!;
    this.listeners.logger.debug({ epoch, height }, "a checkpoint has its quorum");
    this.certifiedRoot = decisionsRoot;
    const committee = this.committees.of(epoch);
    if (committee) this.listeners.onCertified?.(committee, checkpoints);
  }

  contradicted(evidence: Evidence): void {
    const { logger, metrics, onContradiction } = this.listeners;
    logger.warn({ kind: evidence.kind, signer: evidence.first.signer }, "a member contradicts itself");
    metrics?.contradicted(evidence.kind);
    const { epoch } = "epoch" in evidence.first ? evidence.first : evidence.first.block;
    const committee = this.committees.of(epoch);
    if (evidence.kind === "checkpoint" && committee)
      onContradiction?.(committee, evidence.first, evidence.second);
  }
}
