import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Goes to a page and waits until nothing is on its way any more. */
export async function visit(page: Page, url: string, hash: string, timeout?: number): Promise<void> {
  await page.goto(`${url}/#/${hash}`);
  await settled(page, timeout);
}

/** Until the history is read and no part of the page is still loading. */
export async function settled(page: Page, timeout = 20_000): Promise<void> {
  await page.waitForFunction(
    () =>
      /^(live|paused)/.test(document.querySelector(".status-text")?.textContent ?? "") &&
      document.querySelector(".loading") === null &&
      document.querySelector("main h1, main .notice") !== null,
    undefined,
    { timeout },
  );
}

/** Text of the page as one line. */
export async function textOf(page: Page, selector = "main"): Promise<string> {
  const text = await page.locator(selector).first().innerText();
  return text.replace(/\s+/g, " ");
}

/** Serious and critical findings of axe-core. */
export async function accessibilityFindings(page: Page): Promise<string[]> {
  // Through the debugger's protocol: the page's own policy allows no script from elsewhere.
  const session = await page.context().newCDPSession(page);
  await session.send("Runtime.evaluate", { expression: AXE });
  await session.detach();
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { impact: string; id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
  });
}
