import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parseReport } from "../../scripts/demo/report-schema.ts";
import { chainAnswers, startDemo } from "../flow/demo-process.ts";

describe("npm run demo -- --keep with three miners", function () {
  this.timeout(180_000);
  let out: string;
  beforeEach(() => {
    out = mkdtempSync(join(tmpdir(), "quorate-demo-"));
  });
  afterEach(() => rmSync(out, { recursive: true, force: true }));

  it("keeps chain and miners running with --keep and says how to stop them", async () => {
    const words = "--rounds 1 --samples 100 --miners 3 --clients 2 --keep --out";
    const { code, out: text } = await startDemo([...words.split(" "), out]).ended;
    const stop = /^stop them +kill ((?:\d+ ?){4})$/m.exec(text);
    const pids = (stop?.[1] ?? "").trim().split(" ").map(Number);
    try {
      expect(code, text).to.equal(0);
      expect(pids).to.have.length(4);
      for (const pid of pids) expect(process.kill(pid, 0)).to.equal(true);
      expect(await chainAnswers(out)).to.equal(true);
      expect(text).to.contain("all checks hold");
      const report = parseReport(JSON.parse(readFileSync(join(out, "report.json"), "utf8")));
      expect(report.rounds[0]!.votes).to.have.length(3);
      expect(report.rounds[0]!.proposals).to.have.length(2);
    } finally {
      for (const pid of pids.filter((id) => id > 0)) process.kill(pid);
    }
  });
});
