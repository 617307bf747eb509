import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { EVENT_FIELDS, EVENT_SOURCES } from "../../coordinator/protocol/views/events.ts";
import { type EventFilter, type EventRow, scanEvents } from "../chain/event-scan.ts";
import { jsonText } from "../format/export.ts";
import { type Route, withQuery } from "../state/route.ts";
import { useApp, useLoad } from "../ui/app-context.tsx";
import { Values } from "../ui/decoded.tsx";
import { Await, Card, Title } from "../ui/layout.tsx";
import { type Column, Exports, Pager, Table } from "../ui/table.tsx";
import { Address, Block, Time, Tx } from "../ui/values.tsx";

const PAGE_SIZE = 25;

/** Events of the federation's contracts, newest first, by name, contract, round and account. */
export function EventsPage() {
  const { route } = useApp();
  const filter = filterOf(route);
  return (
    <>
      <Title>Events</Title>
      <Card>
        <FilterForm filter={filter} />
        <EventList key={route.query.toString()} filter={filter} />
      </Card>
    </>
  );
}

function filterOf({ query }: Route): EventFilter {
  const round = query.get("round") ?? "";
  const address = query.get("address") ?? "";
  return {
    name: query.get("name") || null,
    contract: query.get("contract") || null,
    round: /^\d{1,18}$/.test(round) ? BigInt(round) : null,
    address: /^0x[0-9a-f]{40}$/i.test(address) ? (address as Hex) : null,
  };
}

/** The events that match, with links to older ones. */
export function EventList({ filter }: { filter: EventFilter }) {
  const { route, federation, state } = useApp();
  const before = positionOf(route.query.get("before"));
  const start = before ?? { block: state.latestBlock, logIndex: Number.MAX_SAFE_INTEGER };
  const page = useLoad(
    () => scanEvents(federation, filter, start, PAGE_SIZE),
    [
      JSON.stringify([filter.name, filter.contract, String(filter.round), filter.address]),
      before ? route.query.get("before") : state.latestBlock,
    ],
  );
  return (
    <Await of={page}>
      {({ rows, more }) => {
        const last = rows.at(-1)?.log;
        return (
          <>
            <Table
              caption="events, newest first"
              columns={COLUMNS}
              rows={rows}
              keyOf={({ log }) => `${log.blockNumber} ${log.logIndex}`}
              empty="No event matches."
            />
            <Pager
              newer={before ? withQuery(route, { before: null }) : null}
              older={
                more && last
                  ? withQuery(route, { before: `${Number(last.blockNumber)}.${Number(last.logIndex)}` })
                  : null
              }
            >
              {rows.length > 0 ? <Exports name="events" columns={COLUMNS} rows={rows} /> : null}
            </Pager>
          </>
        );
      }}
    </Await>
  );
}

function positionOf(text: string | null) {
  const match = /^(\d{1,15})\.(\d{1,9})$/.exec(text ?? "");
  return match ? { block: Number(match[1]), logIndex: Number(match[2]) } : null;
}

function FilterForm({ filter }: { filter: EventFilter }) {
  const { route } = useApp();
  const change = (name: string) => (event: Event) => {
    const { value } = event.currentTarget as HTMLInputElement;
    location.hash = withQuery(route, { [name]: value.trim(), before: null });
  };
  return (
    <form class="filter-form" onSubmit={(event) => event.preventDefault()}>
      <label>
        event
        <select value={filter.name ?? ""} onChange={change("name")}>
          <option value="">all</option>
          {Object.keys(EVENT_FIELDS)
            .sort()
            .map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
        </select>
      </label>
      <label>
        contract
        <select value={filter.contract ?? ""} onChange={change("contract")}>
          <option value="">all</option>
          {[...EVENT_SOURCES, "FederationToken"].map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        round
        <input
          type="text"
          inputMode="numeric"
          value={filter.round === null ? "" : String(filter.round)}
          onChange={change("round")}
        />
      </label>
      <label>
        account
        <input type="text" placeholder="0x…" value={filter.address ?? ""} onChange={change("address")} />
      </label>
    </form>
  );
}

const COLUMNS: Column<EventRow>[] = [
  {
    name: "block",
    number: true,
    show: ({ log }) => <Block number={Number(log.blockNumber)} />,
    value: ({ log }) => Number(log.blockNumber),
  },
  {
    name: "index",
    number: true,
    show: ({ log }) => Number(log.logIndex),
    value: ({ log }) => Number(log.logIndex),
  },
  { name: "time", show: ({ time }) => <Time at={time} />, value: ({ time }) => time },
  {
    name: "event",
    show: ({ decoded }) => <b>{decoded?.name ?? "unknown"}</b>,
    value: ({ decoded }) => decoded?.name ?? null,
  },
  { name: "contract", show: ({ log }) => <Address value={log.address} />, value: ({ log }) => log.address },
  {
    name: "values",
    show: ({ decoded }) =>
      decoded ? (
        <details>
          <summary>{brief(decoded.values)}</summary>
          <Values values={decoded.values} />
        </details>
      ) : null,
    value: ({ decoded }) =>
      decoded
        ? jsonText(Object.fromEntries(decoded.values.map(({ name, value }) => [name, value]))).trim()
        : null,
  },
  {
    name: "transaction",
    show: ({ log }) => <Tx hash={log.transactionHash} />,
    value: ({ log }) => log.transactionHash,
  },
];

function brief(values: readonly { readonly name: string }[]): string {
  return (
    values
      .map(({ name }) => name)
      .slice(0, 4)
      .join(", ") + (values.length > 4 ? " …" : "")
  );
}
