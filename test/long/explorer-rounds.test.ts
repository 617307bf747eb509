import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import type { ExplorerServer } from "../../coordinator/adapters/explorer/server.ts";
import { findChromium, launch, NEEDS_CHROMIUM, openPage } from "../../scripts/explorer/browser.ts";
import { startChain, type TestChain } from "../adapters/chain/federation.ts";
import type { TestFederation } from "../adapters/chain/members.ts";
import { hasAnvil, startAnvil } from "../explorer/chains.ts";
import { playMany } from "../explorer/many-rounds.ts";
import { settled, textOf, visit } from "../explorer/pages.ts";
import { serve } from "../explorer/serve.ts";

const ROUNDS = Number(process.env.QUORATE_ROUNDS ?? (process.env.QUORATE_SAMPLE ? 60 : 1_000));
const FIRST_ROW_GOAL_MS = 2_000;
/** Of the page with the whole history read, garbage collected: it must not grow with the chain. */
const HEAP_MOST_MB = 200;
/** For the whole history on a busy machine. */
const READING_MS = 600_000;
const chromium = findChromium();
/**
 * Runs in the page: when the frame with the first row was drawn, milliseconds since navigation began. Asked from outside, the
 * answer would wait for the history that is read behind it.
 */
function noteFirstRow(): void {
  const observer = new MutationObserver(() => {
    if (!document.querySelector("tbody tr")) return;
    observer.disconnect();
    requestAnimationFrame(() =>
      setTimeout(() => {
        (globalThis as { firstRow?: number }).firstRow = performance.now();
      }),
    );
  });
  observer.observe(document, { subtree: true, childList: true });
}

/** Runs in the page: the longest time it could not answer, milliseconds. */
function noteLongestTask(): void {
  const scope = globalThis as { longestTask?: number };
  scope.longestTask = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) scope.longestTask = Math.max(scope.longestTask!, duration);
  }).observe({ type: "longtask" });
}

async function longestTask(page: Page): Promise<number> {
  const longest = await page.evaluate(() => {
    const scope = globalThis as { longestTask?: number };
    const value = scope.longestTask!;
    scope.longestTask = 0;
    return value;
  });
  return Math.round(longest);
}

/** What the page's scripts hold after a collection, MB. */
async function heapMb(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return Math.round(usedSize / 1e6);
}

if (!chromium) describe("the explorer with many rounds", () => it(NEEDS_CHROMIUM));
else
  describe(`the explorer on a chain with ${ROUNDS} rounds`, function () {
    this.timeout(1_800_000);
    let chain: TestChain;
    let federation: TestFederation;
    let server: ExplorerServer;
    let browser: Browser;
    before(async () => {
      chain = await (hasAnvil() ? startAnvil() : startChain());
      const started = performance.now();
      federation = await playMany(chain, ROUNDS);
      console.log(`      ${ROUNDS} rounds played in ${((performance.now() - started) / 1000).toFixed(1)} s`);
      server = await serve({ rpcUrl: chain.rpcUrl, consensus: federation.consensus });
      browser = await launch(chromium);
    });
    after(async () => {
      await browser?.close();
      await server?.stop();
      federation?.close();
      await chain?.stop();
    });

    it("paints the first row of the rounds before it has read the history; the goal is two seconds", async () => {
      const times: number[] = [];
      for (let i = 0; i < 5; i++) {
        const { page, context } = await openPage(browser, server.url);
        await page.addInitScript(noteFirstRow);
        await page.goto(`${server.url}/#/rounds`);
        const first = await page.waitForFunction(() => (globalThis as { firstRow?: number }).firstRow);
        times.push((await first.jsonValue())!);
        await context.close();
      }
      const median = times.sort((a, b) => a - b)[2]!;
      const all = times.map((time) => Math.round(time)).join(", ");
      console.log(`      first row: ${all} ms; median ${Math.round(median)}, goal ${FIRST_ROW_GOAL_MS}`);
    });

    it("reads the whole history within bounds, pages through it and opens the first round", async () => {
      const { page, context, errors } = await openPage(browser, server.url);
      await page.addInitScript(noteLongestTask);
      const started = performance.now();
      await visit(page, server.url, "rounds", READING_MS);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const heap = await heapMb(page);
      console.log(
        `      whole history: ${seconds} s, longest task ${await longestTask(page)} ms, heap ${heap} MB`,
      );
      expect(heap).to.be.at.most(HEAP_MOST_MB);
      expect(await page.locator("tbody tr td:first-child").first().innerText()).to.equal(String(ROUNDS + 1));
      await page.locator(".pager a:text-is('older')").click();
      await settled(page);
      expect(await page.locator("tbody tr td:first-child").first().innerText()).to.equal(String(ROUNDS - 24));
      await visit(page, server.url, "round/1");
      expect(await textOf(page)).to.contain("Round 1 agreed final");
      for (const path of [
        "",
        "rounds",
        `round/${ROUNDS >> 1}`,
        "miners",
        "clients",
        "gas",
        "blocks",
        "events",
      ]) {
        const opened = performance.now();
        await visit(page, server.url, path);
        const took = Math.round(performance.now() - opened);
        console.log(`      ${path || "overview"}: ${took} ms, longest task ${await longestTask(page)} ms`);
      }
      const end = await heapMb(page);
      console.log(`      heap after all pages: ${end} MB`);
      expect(end).to.be.at.most(HEAP_MOST_MB);
      expect(errors).to.deep.equal([]);
      await context.close();
    });
  });
