import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { Browser } from "playwright-core";
import type { ExplorerServer } from "../../coordinator/adapters/explorer/server.ts";
import { ledgerToCsv } from "../../coordinator/protocol/ledger/report.ts";
import { findChromium, launch, NEEDS_CHROMIUM } from "../../scripts/explorer/browser.ts";
import { startChain, type TestChain } from "../adapters/chain/federation.ts";
import { hasAnvil, startAnvil } from "./chains.ts";
import { accessibilityFindings, textOf, visit } from "./pages.ts";
import { type Played, play } from "./play.ts";
import { serve } from "./serve.ts";
import { watchedTabs } from "./tabs.ts";

const MARKUP = "<img src=x onerror=\"document.title='injected'\">North";
const chromium = findChromium();
if (!chromium) describe("the explorer in Chromium", () => it(NEEDS_CHROMIUM));
const CHAINS: [string, () => Promise<TestChain>][] = [["hardhat", startChain]];
if (hasAnvil()) CHAINS.push(["anvil", startAnvil]);

for (const [name, start] of chromium ? CHAINS : [])
  describe(`the explorer in Chromium, on ${name}`, function () {
    this.timeout(120_000);
    let chain: TestChain;
    let played: Played;
    let server: ExplorerServer;
    let browser: Browser;

    before(async () => {
      chain = await start();
      played = await play(chain);
      const { consensus, clients } = played.federation;
      server = await serve({ rpcUrl: chain.rpcUrl, consensus, labels: { [clients[0]!.address]: MARKUP } });
      browser = await launch(chromium!);
    });
    after(async () => {
      await browser?.close();
      await server?.stop();
      played?.federation.close();
      await chain?.stop();
    });
    const openTab = watchedTabs(
      () => browser,
      () => server.url,
    );
    const pages = () => [
      "",
      "rounds",
      "round/1",
      "round/2",
      "round/3",
      "round/4",
      "miners",
      `miner/${played.federation.miners[2]!.address}`,
      "clients",
      "gas",
      "blocks",
      "block/5",
      `tx/${played.reverted}`,
      `address/${played.federation.miners[0]!.address}`,
      "events",
      "contracts",
      "contract/RoundConsensus",
    ];

    for (const scheme of ["light", "dark"] as const)
      it(`draws every page in ${scheme}, accessible to all`, async () => {
        const page = await openTab({ scheme });
        const findings: Record<string, string[]> = {};
        for (const path of pages()) {
          await visit(page, server.url, path);
          expect(await page.locator("main h1").count(), path).to.equal(1);
          const found = await accessibilityFindings(page);
          if (found.length > 0) findings[path] = found;
        }
        expect(findings).to.deep.equal({});
        const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        expect(Number(/\d+/.exec(ground)![0]) > 128).to.equal(scheme === "light");
      });

    it("fits a phone", async () => {
      const page = await openTab({ width: 390, height: 800 });
      for (const path of pages()) {
        await visit(page, server.url, path);
        expect(await page.evaluate(() => document.documentElement.scrollWidth), path).to.be.at.most(390);
      }
    });

    it("shows what the node says", async () => {
      const { reader } = played.federation;
      const view = await reader.view();
      const page = await openTab();
      await visit(page, server.url, "rounds");
      const numbers = await page.locator("tbody tr td:first-child").allInnerTexts();
      expect(numbers).to.deep.equal(["4", "3", "2", "1"]);
      const record = view.rounds.get(2n)!;
      await visit(page, server.url, "round/2");
      const text = await textOf(page);
      expect(record.ratioBps).to.be.within(6_700, 9_999);
      expect(text).to.contain(`ratio ${(record.ratioBps! / 100).toFixed(2).replace(/\.?0+$/, "")} %`);
      expect(text).to.contain("the validation score is wrong");
      expect(text).to.contain("No source of files is configured");
      await visit(page, server.url, "block/7");
      const block = await chain.provider.getBlock(7);
      expect(await textOf(page)).to.contain(block!.hash);
      await visit(page, server.url, `address/${played.federation.miners[0]!.address}`);
      const balance = await chain.provider.getBalance(played.federation.miners[0]!.address);
      expect((await textOf(page)).replaceAll(/[ \u202f]/g, "")).to.contain(String(balance / 10n ** 18n));
    });

    it("leads from a number to the event it came from", async () => {
      const page = await openTab();
      await visit(page, server.url, "round/1");
      await page.locator("dt:text-is('ratio') + dd a.from").click();
      await page.waitForSelector(".events li.marked");
      expect(await textOf(page, ".events li.marked")).to.contain("RoundAgreed");
      expect(await textOf(page, ".events li.marked")).to.contain("ratioBps 100 %");
    });

    it("says in words why a transaction failed", async () => {
      const page = await openTab();
      await visit(page, server.url, `tx/${played.reverted}`);
      const text = await textOf(page);
      expect(text).to.contain("Round not open. This round is not open.");
      expect(text).to.contain("failRound");
    });

    it("hands out the gas ledger byte for byte as `quorate gas --csv` writes it", async () => {
      const page = await openTab();
      await visit(page, server.url, "gas");
      const waiting = page.waitForEvent("download");
      await page
        .locator("section.card", { hasText: "Transactions" })
        .locator("button:text-is('CSV')")
        .last()
        .click();
      const path = await (await waiting).path();
      expect(readFileSync(path, "utf8")).to.equal(ledgerToCsv(await played.federation.reader.gasLedger()));
    });

    it("finds by number, hash, part of a hash, address, label and CID, from the keyboard", async () => {
      const page = await openTab();
      const { reader, miners } = played.federation;
      const won = (await reader.view()).rounds.get(1n)!.candidates[0]!;
      const look = async (text: string) => {
        await visit(page, server.url, "blocks");
        await page.keyboard.press("/");
        await page.keyboard.type(text);
        await page.keyboard.press("Enter");
        await page.waitForTimeout(50);
      };
      await look(played.reverted);
      await page.waitForURL(/#\/tx\//);
      await look(won.id);
      await page.waitForURL(/#\/round\/1/);
      await look(miners[1]!.address);
      await page.waitForURL(/#\/address\//);
      await look("RoundLens");
      await page.waitForURL(/#\/address\//);
      await look(won.id.slice(0, 14));
      await page.waitForURL(/#\/round\/1/);
      await look("2");
      await page.waitForSelector(".results a");
      expect(await textOf(page, ".results"))
        .to.contain("round 2")
        .and.contain("block 2");
    });

    it("answers bad input with a sentence that helps", async () => {
      const page = await openTab();
      const cases: [string, string][] = [
        ["round/99", "There is no round “99”. Rounds so far: 1 to 4"],
        ["round/abc", "There is no round “abc”"],
        [`tx/0x${"ab".repeat(32)}`, "is known on this chain"],
        ["tx/0x1234", "is no transaction hash: that is 0x and 64"],
        ["block/99999999", "There is no block “99999999”"],
        ["address/0x12", "is no address: that is 0x and 40"],
        ["miner/0x12", "No miner “0x12”"],
        ["contract/Nothing", "no contract “Nothing”"],
        ["nowhere", "There is no page “nowhere”"],
        ["search?q=0xdeadbeef12", "is part of a hash, and nothing known here begins like that"],
        ["search?q=nobody", "No label contains “nobody”"],
        ["search?q=123456", "neither a round nor a block 123456"],
        ["events?name=Nothing", "No event matches"],
        [`round/${encodeURIComponent(MARKUP)}`, "There is no round “<img"],
      ];
      for (const [path, sentence] of cases) {
        await visit(page, server.url, path);
        expect(await textOf(page), path).to.contain(sentence);
      }
    });

    it("injects nothing: a label with markup in it is text", async () => {
      const page = await openTab();
      await visit(page, server.url, "clients");
      expect(await textOf(page)).to.contain(MARKUP);
      expect(await page.locator("main img").count()).to.equal(0);
      expect(await page.title()).to.equal("clients · Quorate explorer");
    });
  });
