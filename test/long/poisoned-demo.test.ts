import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parseReport } from "../../scripts/demo/report-schema.ts";
import { startDemo } from "../flow/demo-process.ts";

interface Case {
  readonly words: string;
  readonly clients: number;
  readonly hostile: number;
  readonly leastAccuracy: number;
}

const WHOLE: Case = {
  words: "--rule multi-krum:2 --attack ipm:5 --byzantine 2 --clients 10 --rounds 2",
  ...{ clients: 10, hostile: 2, leastAccuracy: 0.85 },
};
/** Little data: what counts in it is who gets weight and who is paid. */
const SAMPLE: Case = {
  words:
    "--rule multi-krum:1 --attack ipm:5 --byzantine 1 --clients 6 --rounds 1 --samples 200 --validation-size 200",
  ...{ clients: 6, hostile: 1, leastAccuracy: 0 },
};
const { words, clients, hostile, leastAccuracy } = process.env.QUORATE_SAMPLE === "1" ? SAMPLE : WHOLE;

describe(`npm run demo with ${clients} clients, ${hostile} of them hostile`, () => {
  let out: string;
  beforeEach(() => {
    out = mkdtempSync(join(tmpdir(), "quorate-demo-"));
  });
  afterEach(() => rmSync(out, { recursive: true, force: true }));

  it("survives: every round is agreed, and the hostile get neither weight nor pay", async () => {
    const { code, out: text, err } = await startDemo([...words.split(" "), "--out", out]).ended;
    expect(code, `${err}\n${text}`).to.equal(0);
    expect(text).to.contain("all checks hold");
    const { rounds } = parseReport(JSON.parse(readFileSync(join(out, "report.json"), "utf8")));
    for (const round of rounds) {
      expect(round.testAccuracy).to.be.above(leastAccuracy);
      const unweighted = Object.keys(round.selection!.unweighted);
      expect(unweighted).to.have.length(hostile);
      for (const client of unweighted) expect(round.payouts[client] ?? "0").to.equal("0");
    }
    for (let k = clients - hostile + 1; k <= clients; k++)
      expect(err.match(new RegExp(`client ${k} +│ yes +│ left out by multi-krum`, "g"))).to.have.length(
        rounds.length,
      );
  });
});
