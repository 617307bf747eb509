/** What counts at a replica, for whoever watches it: every method notes one thing that happened, and never fails. */
export interface ReplicaMetrics {
  /** A block was committed; so many operations were executed by it. */
  committed(height: number, view: number, operations: number): void;
  /** A frame, bundle or snapshot of another was not taken: PEER_FLOODS, PEER_SENDS_JUNK, or the code of what is wrong with it. */
  refused(code: string): void;
  /** A member contradicted itself, by two of one kind: vote, propose, timeout or checkpoint. */
  contradicted(kind: string): void;
}
