import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

const CANDIDATES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** No sandbox: containers have no user namespaces. The rest keeps the browser from talking to anyone by itself. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Title of what is skipped without a browser. */
export const NEEDS_CHROMIUM = "need Chromium (apt-get install chromium)";

/** Path of an installed Chromium; undefined if there is none. QUORATE_CHROMIUM names another. */
export function findChromium(): string | undefined {
  return [process.env.QUORATE_CHROMIUM ?? "", ...CANDIDATES].find((path) => path !== "" && existsSync(path));
}

export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: FLAGS, headless: true });
}

/** A page, and all that went wrong in it or left its origin. */
export interface WatchedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of the page and on its console. */
  readonly errors: string[];
  /** Requests to other hosts; they are refused. */
  readonly foreign: string[];
}

export interface PageOptions {
  readonly scheme?: "light" | "dark";
  readonly width?: number;
  readonly height?: number;
  /** Device pixels per pixel. */
  readonly scale?: number;
}

/** Opens a fresh profile in which only `origin` can be reached. */
export async function openPage(
  browser: Browser,
  origin: string,
  options: PageOptions = {},
): Promise<WatchedPage> {
  const { scheme = "light", width = 1280, height = 900, scale = 1 } = options;
  const context = await browser.newContext({
    colorScheme: scheme,
    viewport: { width, height },
    deviceScaleFactor: scale,
    acceptDownloads: true,
  });
  const [errors, foreign]: [string[], string[]] = [[], []];
  await context.route(
    (url) => url.origin !== origin && url.protocol !== "blob:",
    (route) => {
      foreign.push(route.request().url());
      return route.abort();
    },
  );
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  return { page, context, errors, foreign };
}
