import { expect } from "chai";
import type { Browser } from "playwright-core";
import type { ExplorerServer } from "../../coordinator/adapters/explorer/server.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { findChromium, launch, NEEDS_CHROMIUM, openPage } from "../../scripts/explorer/browser.ts";
import { createFederation, TOKEN } from "../adapters/chain/members.ts";
import { freePort, hasAnvil, startAnvil } from "./chains.ts";
import { settled, textOf, visit } from "./pages.ts";
import { serve } from "./serve.ts";

const chromium = findChromium();
const NOBODY: Hex = `0x${"ab".repeat(20)}`;

if (!chromium || !hasAnvil())
  describe("the explorer's honest states", () => it(chromium ? "need anvil" : NEEDS_CHROMIUM));
else
  describe("the explorer's honest states", function () {
    this.timeout(120_000);
    let browser: Browser;
    const servers: ExplorerServer[] = [];
    before(async () => {
      browser = await launch(chromium);
    });
    after(() => browser?.close());
    afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));

    const banner = async (options: Parameters<typeof serve>[0], sentence: string) => {
      const server = await serve(options);
      servers.push(server);
      const { page, context } = await openPage(browser, server.url);
      await page.goto(server.url);
      await page.waitForSelector(".banner");
      expect(await textOf(page, ".banner")).to.contain(sentence);
      await context.close();
    };

    it("says when nobody answers, when the chain is another, when the contracts are not there", async () => {
      const dead = `http://127.0.0.1:${await freePort()}`;
      await banner({ rpcUrl: dead, consensus: NOBODY }, "The node does not answer");
      const chain = await startAnvil();
      try {
        const { rpcUrl } = chain;
        await banner({ rpcUrl, consensus: NOBODY }, `There is no RoundConsensus at ${NOBODY}`);
        await banner({ rpcUrl, consensus: NOBODY, chainId: "1" }, "The node is on chain 31337, but");
      } finally {
        await chain.stop();
      }
    });

    it("shows a federation without a round", async () => {
      const chain = await startAnvil();
      const federation = await createFederation(chain, { stakes: [1000n * TOKEN, 1000n * TOKEN] });
      const server = await serve({ rpcUrl: chain.rpcUrl, consensus: federation.consensus });
      servers.push(server);
      const { page, context, errors } = await openPage(browser, server.url);
      try {
        await visit(page, server.url, "");
        expect(await textOf(page)).to.contain("No round was opened yet. Anyone may open the first");
        await visit(page, server.url, "rounds");
        expect(await textOf(page)).to.contain("No round was opened yet");
        expect(errors).to.deep.equal([]);
      } finally {
        await context.close();
        federation.close();
        await chain.stop();
      }
    });

    it("stays up while the node is down, and reads a chain that was reset from its beginning", async () => {
      let chain = await startAnvil();
      const { port, rpcUrl } = chain;
      let federation = await createFederation(chain, { stakes: [1000n * TOKEN, 1000n * TOKEN] });
      const { consensus } = federation;
      await federation.miners[0]!.chain.openRound();
      const server = await serve({ rpcUrl, consensus });
      servers.push(server);
      const { page, context } = await openPage(browser, server.url);
      try {
        await visit(page, server.url, "rounds");
        expect(await page.locator("tbody tr").count()).to.equal(1);
        federation.close();
        await chain.stop();
        await page.waitForSelector(".banner.bad", { timeout: 15_000 });
        expect(await textOf(page, ".banner")).to.contain("What you see is what was read last");
        expect(await page.locator("tbody tr").count()).to.equal(1);
        chain = await startAnvil(port);
        federation = await createFederation(chain, { stakes: [1000n * TOKEN, 1000n * TOKEN] });
        expect(federation.consensus).to.equal(consensus);
        await page.waitForSelector(".banner.warn", { timeout: 20_000 });
        expect(await textOf(page, ".banner")).to.contain("The chain was reset while this page was open");
        await settled(page);
        expect(await textOf(page)).to.contain("No round was opened yet");
        await federation.miners[0]!.chain.openRound();
        await page.waitForSelector("tbody tr", { timeout: 15_000 });
      } finally {
        await context.close();
        federation.close();
        await chain.stop();
      }
    });
  });
