// Takes pictures of the explorer's pages in light and dark, for the README and to look at.
//
//   node scripts/explorer/screenshots.ts --url http://127.0.0.1:4600 [--out docs/images] [--round 6] [--all]
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findChromium, launch, openPage } from "./browser.ts";

const { values } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:4600" },
    out: { type: "string", default: "docs/images" },
    round: { type: "string", default: "6" },
    all: { type: "boolean", default: false },
  },
});

const PAGES: Readonly<Record<string, string>> = {
  overview: "",
  round: `round/${values.round}`,
  miners: "miners",
  gas: "gas",
};
const MORE: Readonly<Record<string, string>> = {
  rounds: "rounds",
  clients: "clients",
  blocks: "blocks",
  events: "events",
  contracts: "contracts",
  contract: "contract/RoundConsensus",
};

/** Until no plot, table or value is still on its way. */
function isSettled(): boolean {
  const status = document.querySelector(".status-text")?.textContent;
  return status?.startsWith("live") === true && document.querySelector(".loading") === null;
}

const executable = findChromium();
if (!executable) throw new Error("no Chromium found: install it, or name it in QUORATE_CHROMIUM");
const browser = await launch(executable);
mkdirSync(values.out, { recursive: true });
const pages = Object.entries(values.all ? { ...PAGES, ...MORE } : PAGES);
for (const scheme of ["light", "dark"] as const) {
  for (const width of values.all ? [1280, 390] : [1280]) {
    const { page, context, errors } = await openPage(browser, values.url, { scheme, width });
    for (const [name, path] of pages) {
      await page.goto(`${values.url}/#/${path}`);
      await page.waitForFunction(isSettled, undefined, { timeout: 30_000 });
      await page.waitForTimeout(600);
      const file = join(values.out, `${name}-${scheme}${width === 1280 ? "" : `-${width}`}.png`);
      await page.screenshot({ path: file, fullPage: values.all });
      console.log(file);
    }
    if (errors.length > 0) console.error(errors.join("\n"));
    await context.close();
  }
}
await browser.close();
