import { formatInteger } from "../format/text.ts";
import type { AppState, Store } from "../state/store.ts";

/** What is wrong or unfinished, above every page. */
export function Banner({ state, store }: { state: AppState; store: Store }) {
  const { connection, problem, restarted, federation, reading, latestBlock } = state;
  if (problem && connection === "lost")
    return (
      <div class="banner bad" role="alert">
        {problem.message} {federation ? "What you see is what was read last. " : ""}Trying again every few
        seconds.
      </div>
    );
  if (problem)
    return (
      <div class="banner bad" role="alert">
        {problem.message}
      </div>
    );
  if (restarted)
    return (
      <div class="banner warn" role="status">
        The chain was reset while this page was open; everything was read again from its beginning.{" "}
        <button type="button" class="button" onClick={() => store.set({ restarted: false })}>
          all right
        </button>
      </div>
    );
  if (connection === "reading" && federation && reading > 0) {
    const span = Math.max(1, latestBlock - federation.firstBlock);
    const share = Math.round((100 * (reading - federation.firstBlock)) / span);
    return (
      <div class="banner" role="status">
        Reading the history: block {formatInteger(reading)} of {formatInteger(latestBlock)} ({share} %)
        <progress max="100" value={share} aria-label="history read" />
      </div>
    );
  }
  return null;
}
