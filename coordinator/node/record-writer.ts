import type { ReplicaLog } from "../ports/replica-log.ts";

/** The log starts again from these records, which stand for all up to this token. */
interface Compaction {
  readonly token: number;
  readonly records: readonly Uint8Array[];
}

/** Writes a replica's records, one write for all that came while the last was under way, and says how far they are durable. */
export class RecordWriter {
  /** Token up to which all is durable. */
  durable = 0;
  private readonly log: ReplicaLog;
  private appended = 0;
  private compaction: Compaction | undefined;
  private held: Uint8Array[] = [];
  private busy = false;

  constructor(log: ReplicaLog) {
    this.log = log;
  }

  append(record: Uint8Array, token: number): void {
    // What comes after a compaction waits for it: the log would drop it with what the compaction stands for.
    if (this.compaction) this.held.push(record);
    else this.log.append(record);
    this.appended = token;
  }

  replace(records: readonly Uint8Array[], token: number): void {
    this.compaction = { token, records };
    this.held = [];
    this.appended = token;
  }

  /** Writes until nothing waits; `onDurable` is called after each write. At once if that is under way. */
  async flush(onDurable: () => void): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    while (this.appended > this.durable) {
      const { compaction } = this;
      const upTo = compaction?.token ?? this.appended;
      await this.log.flush();
      if (compaction) await this.compact(compaction);
      this.durable = upTo;
      onDurable();
    }
    this.busy = false;
  }

  private async compact(compaction: Compaction): Promise<void> {
    await this.log.replace(compaction.records);
    // A newer one may have come meanwhile: it stands for what was held before it.
    if (this.compaction !== compaction) return;
    this.compaction = undefined;
    for (const record of this.held.splice(0)) this.log.append(record);
  }
}
