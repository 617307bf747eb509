import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parseReport } from "../../scripts/demo/report-schema.ts";
import { startDemo } from "./demo-process.ts";

/** Little data: what counts here is who is let in and who is paid. */
const SMALL = "--rounds 1 --samples 200 --validation-size 200";

describe("npm run demo with a client whose training diverges", function () {
  this.timeout(300_000);
  let out: string;
  beforeEach(() => {
    out = mkdtempSync(join(tmpdir(), "quorate-demo-"));
  });
  afterEach(() => rmSync(out, { recursive: true, force: true }));

  it("agrees without an update that is no number, and says why it was refused, once", async () => {
    const words = `${SMALL} --rule median --attack nan --byzantine 1 --clients 4 --out ${out}`;
    const { code, out: text, err } = await startDemo(words.split(" ")).ended;
    expect(code, `${err}\n${text}`).to.equal(0);
    expect(err).to.match(/client 3 +│ yes +│ by coordinate +│ /);
    expect(err).to.match(/client 4 +│ refused: MODEL_NAN +│ – +│ – +│ –/);
    const { rounds } = parseReport(JSON.parse(readFileSync(join(out, "report.json"), "utf8")));
    expect(Object.values(rounds[0]!.refused)).to.deep.equal(["MODEL_NAN"]);
    const log = readFileSync(join(out, "logs", "client-4.log"), "utf8");
    const refusals = log.match(/"event":"refused".*/g) ?? [];
    expect(refusals[0]).to.contain('"codes":["MODEL_NAN"]');
    expect(refusals.length, "one for each round it saw").to.be.at.most(2);
  });
});
