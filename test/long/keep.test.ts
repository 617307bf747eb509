import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { parseReport, type Report } from "../../scripts/demo/report-schema.ts";
import { findChromium, launch, openPage } from "../../scripts/explorer/browser.ts";
import { textOf, visit } from "../explorer/pages.ts";
import { roundPageFacts } from "../explorer/report-facts.ts";
import { chainAnswers, startDemo } from "../flow/demo-process.ts";

const SAMPLE = process.env.QUORATE_SAMPLE === "1";
const [ROUNDS, MINERS, CLIENTS] = SAMPLE ? [2, 3, 2] : [6, 2, 3];
/** Chain, miners, explorer. */
const PROCESSES = MINERS + 2;

describe("npm run demo -- --keep", function () {
  this.timeout(400_000);
  let out: string;
  let text: string;
  let code: number | null;
  let report: Report;
  let pids: number[] = [];

  before(async () => {
    out = mkdtempSync(join(tmpdir(), "quorate-demo-"));
    const words = `--rounds ${ROUNDS} --miners ${MINERS} --clients ${CLIENTS} --keep --out`;
    ({ code, out: text } = await startDemo([...words.split(" "), out]).ended);
    const stop = /^stop them +kill ((?:\d+ ?)+)$/m.exec(text);
    pids = (stop?.[1] ?? "")
      .trim()
      .split(" ")
      .map(Number)
      .filter((id) => id > 0);
    report = parseReport(JSON.parse(readFileSync(join(out, "report.json"), "utf8")));
  });
  after(() => {
    for (const pid of pids) process.kill(pid);
    rmSync(out, { recursive: true, force: true });
  });

  it("keeps chain, miners and explorer running and says how to stop them", async () => {
    expect(code, text).to.equal(0);
    expect(text).to.contain("all checks hold");
    expect(pids).to.have.length(PROCESSES);
    for (const pid of pids) expect(process.kill(pid, 0)).to.equal(true);
    expect(await chainAnswers(out)).to.equal(true);
    expect(report.rounds).to.have.length(ROUNDS);
    for (const round of report.rounds) {
      expect(round.votes).to.have.length(MINERS);
      expect(round.proposals).to.have.length(2);
    }
  });

  it("ends with the address of an explorer whose pages say what the report says", async () => {
    const url = /^in a browser +(http:\S+)$/.exec(text.trimEnd().split("\n").at(-1)!)![1]!;
    const chromium = findChromium();
    if (!chromium) {
      // Without a browser it is only seen that the page is there.
      expect((await fetch(url)).status).to.equal(200);
      return;
    }
    const browser = await launch(chromium);
    try {
      const { page, errors, foreign } = await openPage(browser, url);
      for (const round of report.rounds) {
        await visit(page, url, `round/${round.round}`);
        const shown = await textOf(page);
        const html = await page.content();
        const facts = roundPageFacts(round, namesOf(report));
        for (const fact of facts.text) expect(shown).to.contain(fact);
        for (const hash of facts.hashes) expect(html.toLowerCase()).to.contain(hash.toLowerCase());
      }
      expect([errors, foreign]).to.deep.equal([[], []]);
    } finally {
      await browser.close();
    }
  });
});

/** Pages number miners and clients as they registered. */
function namesOf({ rounds }: Report): Record<string, string> {
  const [first] = rounds;
  const named = (kind: string, addresses: string[]) =>
    addresses.map((address, i) => [address.toLowerCase(), `${kind} ${i + 1}`]);
  return Object.fromEntries([
    ...named("miner", Object.keys(first!.reputation)),
    ...named("client", Object.keys(first!.payouts)),
  ]);
}
