import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { openFileLog } from "../../../coordinator/adapters/replica-log/file-log.ts";
import { expectRejection } from "../../ports/expect-rejection.ts";
import { recordsOf, replicaLogSuite, testRecord } from "../../ports/replica-log.suite.ts";
import { temporaryFolders } from "../../ports/temporary-folder.ts";

const folders = temporaryFolders();
const lengths = (records: number[][]): number[] => records.map(({ length }) => length);

replicaLogSuite("the file log", () => openFileLog(folders()));

async function written(folder: string, sizes: number[], segmentBytes?: number): Promise<void> {
  const log = await openFileLog(folder, segmentBytes);
  for (const size of sizes) {
    log.append(testRecord(size));
    await log.flush();
  }
  await log.close();
}

async function held(folder: string): Promise<number[]> {
  const log = await openFileLog(folder);
  const records = await recordsOf(log);
  await log.close();
  return lengths(records);
}

describe("the file log", () => {
  it("drops a torn last record, wherever it was cut, and goes on behind what is whole", async () => {
    const folder = folders();
    await written(folder, [5, 6, 7]);
    const file = join(folder, readdirSync(folder)[0]!);
    const whole = readFileSync(file);
    for (let cut = whole.length - 18; cut < whole.length; cut++) {
      writeFileSync(file, whole.subarray(0, cut));
      expect(await held(folder), `cut at ${cut}`).to.deep.equal([5, 6]);
    }
    await written(folder, [9]);
    expect(await held(folder)).to.deep.equal([5, 6, 9]);
  });

  it("refuses any flipped bit, leaves the file as it is and says what to do", async () => {
    const folder = folders();
    await written(folder, [5, 6]);
    const file = join(folder, readdirSync(folder)[0]!);
    const whole = readFileSync(file);
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at]! ^= 1 << (at % 8);
      writeFileSync(file, damaged);
      const error = await expectRejection("LOG_CORRUPT", openFileLog(folder));
      expect(error.message).to.contain("learner");
      expect(readFileSync(file)).to.deep.equal(damaged);
    }
  });

  it("goes over to new files, and misses none that is lost between", async () => {
    const folder = folders();
    await written(folder, [50, 51, 52, 53], 60);
    const files = readdirSync(folder).sort();
    expect(files).to.have.length(4);
    expect(await held(folder)).to.deep.equal([50, 51, 52, 53]);
    const first = join(folder, files[0]!);
    writeFileSync(first, readFileSync(first).subarray(0, -1));
    await expectRejection("LOG_CORRUPT", openFileLog(folder));
  });
});
