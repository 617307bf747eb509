import type { ComponentType } from "preact";
import { useEffect, useErrorBoundary, useState } from "preact/hooks";
import { formatInteger, formatUtc } from "../format/text.ts";
import { AddressPage } from "../pages/address.tsx";
import { BlockPage } from "../pages/block.tsx";
import { BlocksPage } from "../pages/blocks.tsx";
import { CheckpointsPage } from "../pages/checkpoints.tsx";
import { ClientsPage } from "../pages/clients.tsx";
import { ContractPage } from "../pages/contract.tsx";
import { ContractsPage } from "../pages/contracts.tsx";
import { EventsPage } from "../pages/events.tsx";
import { GasPage } from "../pages/gas.tsx";
import { MinerPage } from "../pages/miner.tsx";
import { MinersPage } from "../pages/miners.tsx";
import { OverviewPage } from "../pages/overview.tsx";
import { RoundPage } from "../pages/round.tsx";
import { RoundsPage } from "../pages/rounds.tsx";
import { SearchPage } from "../pages/search.tsx";
import { TransactionPage } from "../pages/transaction.tsx";
import { linkTo, parseRoute, type Route } from "../state/route.ts";
import type { AppState, Store } from "../state/store.ts";
import { toggleTheme } from "../state/theme.ts";
import { AppProvider, appOf } from "./app-context.tsx";
import { Banner } from "./banner.tsx";
import { Icon } from "./icon.tsx";
import { Loading, Notice } from "./layout.tsx";
import { SearchBox } from "./search-box.tsx";

const PAGES: Readonly<Record<string, ComponentType>> = {
  overview: OverviewPage,
  rounds: RoundsPage,
  round: RoundPage,
  miners: MinersPage,
  miner: MinerPage,
  clients: ClientsPage,
  checkpoints: CheckpointsPage,
  gas: GasPage,
  blocks: BlocksPage,
  block: BlockPage,
  tx: TransactionPage,
  address: AddressPage,
  events: EventsPage,
  contracts: ContractsPage,
  contract: ContractPage,
  search: SearchPage,
};

const MENU = [
  "overview",
  "rounds",
  "miners",
  "clients",
  "checkpoints",
  "gas",
  "blocks",
  "events",
  "contracts",
];
/** Pages that stand below an entry of the menu. */
const PARENT: Readonly<Record<string, string>> = {
  round: "rounds",
  miner: "miners",
  block: "blocks",
  tx: "blocks",
  contract: "contracts",
};

/** The frame of every page: menu, search, state of the connection, the page itself. */
export function Shell({ store }: { store: Store }) {
  const state = useStore(store);
  const route = useRoute();
  const app = appOf(state, route);
  return (
    <>
      <button type="button" class="skip" onClick={skipToMain}>
        skip to the page
      </button>
      <header class="top">
        <a class="brand" href="#/">
          <img src="./favicon.svg" alt="" width="22" height="22" />
          Quorate
        </a>
        <nav aria-label="pages">
          {MENU.map((page) => (
            <a
              key={page}
              href={linkTo(page === "overview" ? "" : page)}
              aria-current={(PARENT[route.page] ?? route.page) === page ? "page" : undefined}
            >
              {page}
            </a>
          ))}
        </nav>
        <SearchBox app={app} />
        <Status state={state} store={store} />
      </header>
      <Banner state={state} store={store} />
      <main id="main" tabIndex={-1}>
        {app ? (
          <AppProvider value={app}>
            <Page key={`${route.page}/${route.key}`} route={route} />
          </AppProvider>
        ) : state.problem ? null : (
          <Loading text="Connecting to the node …" />
        )}
      </main>
      <footer>{app ? <Footer state={state} /> : null}</footer>
    </>
  );
}

function Page({ route }: { route: Route }) {
  const [error, reset] = useErrorBoundary();
  useEffect(() => {
    document.title = `${route.page === "overview" ? "" : `${route.page} ${route.key.slice(0, 12)} · `}Quorate explorer`;
  }, [route.page, route.key]);
  const Content = PAGES[route.page];
  if (error)
    return (
      <Notice tone="bad">
        This page could not be drawn: {String((error as Error).message)}.{" "}
        <button type="button" class="button" onClick={reset}>
          try again
        </button>
      </Notice>
    );
  if (Content) return <Content />;
  return (
    <Notice>
      There is no page “{route.page}”. Go to the <a href="#/">overview</a>, or search with the / key.
    </Notice>
  );
}

function Status({ state, store }: { state: AppState; store: Store }) {
  const { connection, latestBlock } = state;
  const paused = connection === "paused";
  const toggle = () => store.set({ connection: paused ? "live" : "paused" });
  return (
    <div class="status">
      <span class={`dot ${connection}`} aria-hidden="true" />
      <span class="status-text">
        {connection}
        {latestBlock ? <span class="dim"> · block {formatInteger(latestBlock)}</span> : null}
      </span>
      {connection === "live" || paused ? (
        <button
          type="button"
          class="icon-button"
          onClick={toggle}
          aria-label={paused ? "go on" : "pause"}
          title={paused ? "go on" : "pause"}
        >
          <Icon name={paused ? "play" : "pause"} />
        </button>
      ) : null}
      <button
        type="button"
        class="icon-button"
        onClick={toggleTheme}
        aria-label="light or dark"
        title="light or dark"
      >
        <Icon name="sun" />
      </button>
    </div>
  );
}

function Footer({ state }: { state: AppState }) {
  const { federation, blockTime } = state;
  return (
    <>
      chain {String(federation!.chain)} · {federation!.network ?? "no deployment file"} · node{" "}
      {federation!.node} ({federation!.software.split("/").slice(0, 2).join(" ")}) · files{" "}
      {federation!.content ?? "not configured"}
      {blockTime > 0 && ` · block time ${formatUtc(blockTime)}`}
    </>
  );
}

function skipToMain(): void {
  document.getElementById("main")?.focus();
}

function useStore(store: Store): AppState {
  const [state, set] = useState(store.get());
  useEffect(() => {
    set(store.get());
    return store.subscribe(() => set(store.get()));
  }, [store]);
  return state;
}

function useRoute(): Route {
  const [route, set] = useState(parseRoute(location.hash));
  useEffect(() => {
    const read = () => {
      set(parseRoute(location.hash));
      scrollTo(0, 0);
    };
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  return route;
}
