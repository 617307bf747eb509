import { expect } from "chai";
import type { Browser, Page } from "playwright-core";
import { openPage, type PageOptions, type WatchedPage } from "../../scripts/explorer/browser.ts";

/**
 * Opens pages of an explorer for the tests of the suite that calls it, and closes them after each: none may have had an error
 * or asked another host for anything.
 */
export function watchedTabs(browser: () => Browser, url: () => string) {
  const open: WatchedPage[] = [];
  afterEach(async () => {
    for (const { context, errors, foreign } of open.splice(0)) {
      await context.close();
      expect(errors).to.deep.equal([]);
      expect(foreign).to.deep.equal([]);
    }
  });
  return async (options?: PageOptions): Promise<Page> => {
    const watched = await openPage(browser(), url(), options);
    open.push(watched);
    return watched.page;
  };
}
