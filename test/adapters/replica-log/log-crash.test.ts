import { once } from "node:events";
import { expect } from "chai";
import { openFileLog } from "../../../coordinator/adapters/replica-log/file-log.ts";
import { temporaryFolders } from "../../ports/temporary-folder.ts";
import { startLogProcess } from "./log-process.ts";

const folders = temporaryFolders();

/** The numbers in the records of a log. */
async function numbersIn(folder: string): Promise<number[]> {
  const log = await openFileLog(folder);
  const numbers: number[] = [];
  for await (const record of log.read()) numbers.push(Buffer.from(record).readUInt32LE());
  await log.close();
  return numbers;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe("the file log of a process that ends badly", () => {
  it("loses nothing durable and makes nothing up when it is killed", async () => {
    for (let kill = 0; kill < 5; kill++) {
      const folder = folders();
      const child = startLogProcess(folder, "unlimited");
      let output = "";
      child.stdout!.on("data", (chunk) => {
        output += String(chunk);
      });
      while (output.split("\n").length < 60 + 7 * kill) await once(child.stdout!, "data");
      child.kill("SIGKILL");
      await once(child, "close");
      const numbers = await numbersIn(folder);
      expect(numbers).to.deep.equal(upTo(numbers.length));
      expect(numbers.length).to.be.at.least(output.split("\n").length - 1);
    }
  });

  it("names the error when the file system takes no more, and leaves nothing half-done", async () => {
    const folder = folders();
    const child = startLogProcess(folder, 20);
    let output = "";
    child.stdout!.on("data", (chunk) => {
      output += String(chunk);
    });
    await once(child, "close");
    const lines = output.trimEnd().split("\n");
    expect(lines.at(-1)).to.equal("LOG_UNWRITABLE");
    expect(lines.length).to.be.above(5);
    expect(await numbersIn(folder)).to.deep.equal(upTo(lines.length - 1));
  });
});
