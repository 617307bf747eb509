import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { chainAnswers, shows, startDemo } from "./demo-process.ts";

describe("npm run demo", function () {
  this.timeout(180_000);
  let out: string;
  beforeEach(() => {
    out = mkdtempSync(join(tmpdir(), "quorate-demo-"));
  });
  afterEach(() => rmSync(out, { recursive: true, force: true }));

  it("stops everything it started when it is interrupted", async () => {
    const demo = startDemo(["--samples", "100", "--out", out]);
    await shows(demo, /round 1\/6: (propose|train|collect|vote)/);
    expect(await chainAnswers(out)).to.equal(true);
    demo.child.kill("SIGINT");
    const { code, err } = await demo.ended;
    expect(code).to.equal(130);
    expect(err).to.contain("stopped");
    expect(await chainAnswers(out)).to.equal(false);
  });

  it("ends with 2 on an unusable command line", async () => {
    const { code, err } = await startDemo(["--miners", "1"]).ended;
    expect(code).to.equal(2);
    expect(err).to.contain("--miners");
  });
});
