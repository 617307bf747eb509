/**
 * A replica's durable, append-only log. A record is what the replica must still know after a crash: a signed statement, a
 * block, a certificate. Nothing may be sent that depends on a record before `flush` has made it durable.
 */
export interface ReplicaLog {
  /** Adds a record; it is durable once a later `flush` has resolved. @throws QuorateError LOG_RECORD_TOO_LARGE, LOG_CLOSED */
  append(record: Uint8Array): void;
  /** Makes everything appended so far durable. Calls that overlap share one write to the disk. @throws QuorateError LOG_UNWRITABLE */
  flush(): Promise<void>;
  /** All records in order, oldest first; only before the first `append`. @throws QuorateError LOG_CORRUPT */
  read(): AsyncIterable<Uint8Array>;
  /** Drops all records and starts with these: after a snapshot made the older ones needless. Atomic and durable. */
  replace(records: Iterable<Uint8Array>): Promise<void>;
  close(): Promise<void>;
}
