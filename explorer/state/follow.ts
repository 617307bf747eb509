import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { isQuorateError, QuorateError } from "../../coordinator/protocol/errors.ts";
import type { ContractParameters } from "../../coordinator/protocol/views/events.ts";
import { connect, type Federation } from "../chain/federation.ts";
import { advance, emptyHistory, glimpse, type History } from "../chain/history.ts";
import { quantity, type Rpc } from "../chain/rpc.ts";
import type { RawBlock } from "../chain/types.ts";
import type { Store } from "./store.ts";

/** Time between two looks at the chain, and after a failure, milliseconds. */
const POLL_MS = 2_000;
const RETRY_MS = 3_000;
/** While the history is read the page is redrawn at most this often, milliseconds. */
const REDRAW_MS = 250;
/** Longest wait for a frame, milliseconds. */
const FRAME_MS = 200;

/** Follows the chain until the page is closed; recovers from a node that stops and from a chain that is reset. */
export async function follow(rpc: Rpc, store: Store): Promise<never> {
  for (;;) {
    try {
      await session(rpc, store);
    } catch (error) {
      const problem = isQuorateError(error)
        ? error
        : new QuorateError(
            "PAGE_FAILED",
            `The explorer could not read the chain: ${(error as Error).message}`,
          );
      const lost = problem.code === "NODE_DOWN" || problem.code === "SERVER_DOWN";
      store.set({ connection: lost ? "lost" : "unusable", problem });
      await sleep(RETRY_MS);
    }
  }
}

/** One federation on one chain; returns when the chain turns out to be another. */
async function session(rpc: Rpc, store: Store): Promise<void> {
  const federation = await connect(rpc);
  const before = store.get();
  const same = before.federation?.genesis === federation.genesis && before.history !== null;
  const history = same && (await stillHolds(federation, before)) ? before.history : emptyHistory(federation);
  const fresh = history !== before.history;
  store.set({
    federation,
    history,
    ...(fresh && { view: null, glimpse: null }),
    restarted: before.restarted || (before.history !== null && fresh),
    connection: fresh ? "reading" : "live",
    problem: null,
  });
  if (fresh) await readAll(federation, history, store);
  for (;;) {
    await sleep(POLL_MS);
    if (store.get().connection === "paused" || document.hidden) continue;
    if (!(await look(federation, history, store))) return;
  }
}

async function readAll(federation: Federation, history: History, store: Store): Promise<void> {
  const [latest, parameters] = await Promise.all([newest(federation), parametersOf(federation)]);
  const blockTime = timeNow(federation, latest);
  const first = parameters && (await glimpse(federation, Number(latest.number), parameters));
  store.set({ latestBlock: Number(latest.number), blockTime: await blockTime, glimpse: first });
  await painted();
  let drawn = 0;
  await advance(federation, history, Number(latest.number), (reading) => {
    if (Date.now() - drawn < REDRAW_MS) return;
    drawn = Date.now();
    store.set({ reading });
  });
  tip = { number: latest.number, hash: latest.hash };
  store.set({ view: history.view, connection: "live", problem: null });
}

async function parametersOf(federation: Federation): Promise<ContractParameters | null> {
  const values = await federation.call<Record<string, number>>("RoundLens", "parameters").catch(() => null);
  if (!values) return null;
  const parameters = Object.entries(values).map(([name, value]) => [name, BigInt(value)]);
  return Object.fromEntries(parameters) as ContractParameters;
}

/** The newest block that was folded: it must stay in the chain. */
let tip: { number: Hex; hash: Hex } | null = null;

/** Reads what is new; false if the chain is no longer the one that was read. */
async function look(federation: Federation, history: History, store: Store): Promise<boolean> {
  const latest = await newest(federation);
  if (!(await sameChain(federation))) return false;
  const number = Number(latest.number);
  if (number > history.readTo) await advance(federation, history, number, () => {});
  tip = { number: latest.number, hash: latest.hash };
  // Paused while it was read: what is shown stays.
  if (store.get().connection === "paused") return true;
  store.set({
    view: history.view,
    latestBlock: number,
    blockTime: await timeNow(federation, latest),
    connection: "live",
    problem: null,
  });
  return true;
}

async function sameChain({ rpc }: Federation): Promise<boolean> {
  if (!tip) return true;
  const block = await rpc<RawBlock | null>("eth_getBlockByNumber", tip.number, false);
  return block?.hash === tip.hash;
}

async function stillHolds(federation: Federation, { history }: ReturnType<Store["get"]>): Promise<boolean> {
  const first = history?.view.rounds.values().next().value?.opened;
  if (!first) return sameChain(federation);
  const block = await federation.rpc<RawBlock | null>("eth_getBlockByNumber", quantity(first.block), false);
  return block?.hash === first.blockHash && (await sameChain(federation));
}

/** Time the next block would have, by which contracts judge; the newest block's where the node does not tell. */
async function timeNow({ rpc }: Federation, latest: RawBlock): Promise<number> {
  const pending = await rpc<RawBlock | null>("eth_getBlockByNumber", "pending", false).catch(() => null);
  return Math.max(Number(latest.timestamp), Number(pending?.timestamp ?? 0));
}

async function newest({ rpc }: Federation): Promise<RawBlock> {
  const block = await rpc<RawBlock | null>("eth_getBlockByNumber", "latest", false);
  if (!block) throw new QuorateError("NODE_DOWN", "The node has no newest block.");
  return block;
}

/** The next frame at the latest: reading on at once would keep the page from drawing what it has. */
function painted(): Promise<void> {
  const drawn = new Promise<void>((done) => requestAnimationFrame(() => setTimeout(done)));
  // Hidden pages draw no frames.
  return Promise.race([drawn, sleep(FRAME_MS)]);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
