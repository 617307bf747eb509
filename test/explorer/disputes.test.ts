import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import type { ExplorerServer } from "../../coordinator/adapters/explorer/server.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { connect } from "../../explorer/chain/federation.ts";
import { advance, emptyHistory } from "../../explorer/chain/history.ts";
import { createRpc } from "../../explorer/chain/rpc.ts";
import { findChromium, launch, NEEDS_CHROMIUM } from "../../scripts/explorer/browser.ts";
import { startChain, type TestChain } from "../adapters/chain/federation.ts";
import { expectViewEqualsGetters } from "../adapters/chain/views.ts";
import { accessibilityFindings, textOf, visit } from "./pages.ts";
import { type Disputed, playDisputes } from "./play-disputes.ts";
import { serve } from "./serve.ts";
import { watchedTabs } from "./tabs.ts";

const chromium = findChromium();
const PAGES = ["", "round/1", "checkpoints", "miners", "events?name=LeafRequested", "gas"];

describe("the explorer on a disputed round", function () {
  this.timeout(120_000);
  let chain: TestChain;
  let played: Disputed;
  let server: ExplorerServer;

  before(async () => {
    chain = await startChain();
    played = await playDisputes(chain);
    server = await serve({ rpcUrl: chain.rpcUrl, consensus: played.federation.consensus });
  });
  after(async () => {
    await server?.stop();
    played?.federation.close();
    await chain?.stop();
  });
  it("folds the same view as the command line and the contracts' getters", async () => {
    const federation = await connect(createRpc(`${server.url}/rpc`), `${server.url}/`);
    const history = emptyHistory(federation);
    await advance(federation, history, await chain.provider.getBlockNumber(), () => {});
    expect(history.view).to.deep.equal(await played.federation.reader.view());
    await expectViewEqualsGetters(played.federation);
  });

  if (!chromium) it(NEEDS_CHROMIUM);
  else
    describe("in Chromium", () => {
      let browser: Browser;
      before(async () => {
        browser = await launch(chromium!);
      });
      after(() => browser?.close());
      const tab = watchedTabs(
        () => browser,
        () => server.url,
      );

      it("names who was proven wrong, by whom, and what it cost", async () => {
        const page = await tab();
        await visit(page, server.url, "round/1");
        const [aggregate, withheld] = await cells(page, "Proven wrong");
        expect(aggregate).to.contain(played.wrong.slice(0, 8)).and.contain("50 %");
        expect(withheld).to.contain(played.right.slice(0, 8)).and.contain("10 %");
        expect(await linksTo(page, "Proven wrong", played.stranger)).to.equal(2);
        expect(await linksTo(page, "Broken receipts", played.liar)).to.equal(1);
        expect(await linksTo(page, "Broken receipts", played.leftOut)).to.equal(1);
      });

      it("tells what was asked for, with which bond, and what came of it", async () => {
        const page = await tab();
        await visit(page, server.url, "round/1");
        const [shown, hidden, waiting, ...others] = await cells(page, "Data asked for");
        expect(others).to.deep.equal([]);
        expect(shown).to.contain("update 0").and.contain("10 FED").and.contain("shown by");
        expect(await linksTo(page, "Data asked for", played.honest)).to.equal(1);
        expect(hidden).to.contain("its model").and.contain("not shown in time");
        expect(waiting).to.match(/update 1 .* open$/);
        await page.locator("a.from", { hasText: "not shown in time" }).click();
        await page.waitForSelector(".events li.marked");
        expect(await textOf(page, ".events li.marked")).to.contain("LeafWithheld");
      });

      it("lists checkpoints, newest first, and hands them out exactly", async () => {
        const page = await tab();
        await visit(page, server.url, "checkpoints");
        const { anchors, heldConfig } = await played.federation.reader.view();
        const text = await textOf(page);
        expect(text).to.contain("2 anchored").and.contain(heldConfig!);
        const [newest, oldest] = await cells(page, "checkpoints");
        expect(newest).to.match(/^2 0 12.128/);
        expect(oldest).to.contain(anchors[0]!.decisionsRoot.slice(0, 10));
        const waiting = page.waitForEvent("download");
        await page.locator("button:text-is('CSV')").click();
        const lines = readFileSync((await (await waiting).path())!, "utf8")
          .trim()
          .split(/\r?\n/);
        expect(lines).to.have.length(3);
        expect(lines[1]!.split(",").slice(0, 6)).to.deep.equal([
          "2",
          "0",
          "12128",
          anchors[1]!.blockHash,
          anchors[1]!.stateRoot,
          anchors[1]!.decisionsRoot,
        ]);
      });

      for (const options of [{ scheme: "light" }, { scheme: "dark" }, { width: 390, height: 800 }] as const)
        it(`is accessible and fits, ${JSON.stringify(options)}`, async () => {
          const page = await tab(options);
          const findings: Record<string, string[]> = {};
          for (const path of PAGES) {
            await visit(page, server.url, path);
            const found = await accessibilityFindings(page);
            if (found.length > 0) findings[path] = found;
            if ("width" in options)
              expect(await page.evaluate(() => document.documentElement.scrollWidth), path).to.be.at.most(
                390,
              );
          }
          expect(findings).to.deep.equal({});
        });
    });
});

function rowsOf(page: Page, card: string) {
  return page.locator("section.card", { hasText: card }).first().locator("tbody tr");
}

async function cells(page: Page, card: string): Promise<string[]> {
  return (await rowsOf(page, card).allInnerTexts()).map((text) => text.replace(/\s+/g, " "));
}

/** How often the rows of a table lead to an address; it may be shown by a label. */
function linksTo(page: Page, card: string, address: Hex): Promise<number> {
  return rowsOf(page, card).locator(`a[href$="${address}" i]`).count();
}
