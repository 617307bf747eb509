import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { Supervisor } from "../../scripts/demo/supervisor.ts";
import { expectRejection } from "../ports/expect-rejection.ts";

const run = (code: string) => ["--eval", code];
const FOREVER = "console.log('ready'); setInterval(() => {}, 1000);";
const STUBBORN = `process.on('SIGTERM', () => {}); ${FOREVER}`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("Supervisor", function () {
  this.timeout(30_000);
  let folder: string;
  let supervisor: Supervisor;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "quorate-supervisor-"));
    supervisor = new Supervisor(join(folder, "logs"));
  });
  afterEach(async () => {
    await supervisor.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("waits for a line in a log and stops every process by its id", async () => {
    const started = ["a", "b"].map((name) => supervisor.start({ name, args: run(FOREVER) }));
    for (const { name } of started)
      expect((await supervisor.waitForLog(name, /rea(dy)/, 10_000))[1]).to.equal("dy");
    expect(supervisor.running().map(({ pid }) => pid)).to.deep.equal(started.map(({ pid }) => pid));
    await supervisor.stop();
    expect(supervisor.running()).to.deep.equal([]);
    for (const { pid } of started) expect(isAlive(pid)).to.equal(false);
    supervisor.check();
  });

  it("kills what does not stop", async () => {
    const { pid } = supervisor.start({ name: "stubborn", args: run(STUBBORN) });
    await supervisor.waitForLog("stubborn", /ready/, 10_000);
    supervisor.killNow();
    expect(await supervisor.waitForExit("stubborn")).to.equal(1);
    expect(isAlive(pid)).to.equal(false);
  });

  it("shows the end of the log of a process that ended by itself", async () => {
    supervisor.start({ name: "broken", args: run("console.error('it hurts here'); process.exit(3)") });
    const error = await expectRejection("PROCESS_ENDED", supervisor.waitForLog("broken", /ready/, 10_000));
    expect(error.message).to.contain("exit code 3").and.to.contain("it hurts here");
    expect(() => supervisor.check()).to.throw(QuorateError, "it hurts here");
  });

  it("takes a process that ended well for finished", async () => {
    supervisor.start({ name: "short", args: run("console.log('done')") });
    expect(await supervisor.waitForExit("short")).to.equal(0);
    supervisor.check();
  });

  it("gives up on a process that never gets ready", async () => {
    supervisor.start({ name: "slow", args: run(FOREVER) });
    await expectRejection("PROCESS_TIMEOUT", supervisor.waitForLog("slow", /never/, 200));
  });

  it("leaves released processes alone", async () => {
    const { pid } = supervisor.start({ name: "kept", args: run(FOREVER) });
    await supervisor.waitForLog("kept", /ready/, 10_000);
    supervisor.release(["kept"]);
    await supervisor.stop();
    await sleep(50);
    expect(isAlive(pid)).to.equal(true);
    process.kill(pid, "SIGKILL");
  });
});
