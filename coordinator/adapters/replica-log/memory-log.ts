import type { ReplicaLog } from "../../ports/replica-log.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { assertFits } from "./records.ts";

/** A log that lives as long as the process: for simulations and tests. */
export function createMemoryLog(): ReplicaLog {
  let records: Uint8Array[] = [];
  let closed = false;
  const assertOpen = (): void => {
    if (closed) throw new QuorateError("LOG_CLOSED", "the log is closed: open it again");
  };
  return {
    append(record) {
      assertOpen();
      assertFits(record);
      records.push(new Uint8Array(record));
    },
    async flush() {
      assertOpen();
    },
    async *read() {
      for (const record of records) yield new Uint8Array(record);
    },
    async replace(next) {
      assertOpen();
      records = Array.from(next, (record) => new Uint8Array(record));
    },
    async close() {
      closed = true;
    },
  };
}
