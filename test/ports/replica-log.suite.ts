import { expect } from "chai";
import type { ReplicaLog } from "../../coordinator/ports/replica-log.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { expectRejection } from "./expect-rejection.ts";

export const testRecord = (n: number): Uint8Array => new Uint8Array(n).fill(n);

export async function recordsOf(log: ReplicaLog): Promise<number[][]> {
  const all: number[][] = [];
  for await (const record of log.read()) all.push([...record]);
  return all;
}

/** What every log does. `create` makes an empty one. */
export function replicaLogSuite(name: string, create: () => Promise<ReplicaLog>): void {
  describe(`${name} as a replica's log`, () => {
    let log: ReplicaLog;
    beforeEach(async () => {
      log = await create();
    });
    afterEach(() => log.close());

    it("starts empty and holds what was appended, oldest first, an empty record too", async () => {
      expect(await recordsOf(log)).to.deep.equal([]);
      for (const n of [3, 0, 1]) log.append(testRecord(n));
      await Promise.all([log.flush(), log.flush()]);
      expect(await recordsOf(log)).to.deep.equal([[3, 3, 3], [], [1]]);
    });

    it("keeps its own copy", async () => {
      const record = testRecord(1);
      log.append(record);
      record[0] = 9;
      await log.flush();
      expect(await recordsOf(log)).to.deep.equal([[1]]);
    });

    it("starts again with other records, and goes on behind them", async () => {
      log.append(testRecord(1));
      await log.replace([testRecord(2), testRecord(3)]);
      log.append(testRecord(1));
      await log.flush();
      expect(await recordsOf(log)).to.deep.equal([[2, 2], [3, 3, 3], [1]]);
    });

    it("refuses a record that is too large, and all once it is closed", async () => {
      const code = (expected: string) => (error: QuorateError) => error.code === expected;
      expect(() => log.append(new Uint8Array(16 * 1024 * 1024 + 1)))
        .to.throw(QuorateError)
        .that.satisfies(code("LOG_RECORD_TOO_LARGE"));
      await log.close();
      await log.close();
      expect(() => log.append(testRecord(1)))
        .to.throw(QuorateError)
        .that.satisfies(code("LOG_CLOSED"));
      await expectRejection("LOG_CLOSED", log.flush());
    });
  });
}
