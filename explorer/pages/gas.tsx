import type { TransactionTrace } from "../../coordinator/protocol/ledger/attribute.ts";
import {
  type GasDimension,
  type GasGroup,
  gasBy,
  gasTotal,
} from "../../coordinator/protocol/ledger/report.ts";
import { LEDGER_COLUMNS, type LedgerRow, PHASES } from "../../coordinator/protocol/ledger/row.ts";
import { formatBps, formatInteger } from "../format/text.ts";
import { ledgerRows } from "../state/ledger.ts";
import { withQuery } from "../state/route.ts";
import { useApp, useLoad } from "../ui/app-context.tsx";
import { Await, Card, Loading, Notice, Stat, Title } from "../ui/layout.tsx";
import { Plot, type Series } from "../ui/plot.tsx";
import { type Column, Exports, Table } from "../ui/table.tsx";
import { Address, Block, Fee, Num, Pill, Round, Tx } from "../ui/values.tsx";

/** Transactions looked at unless the reader asks for all. */
const NEWEST = 300;
const ROWS_SHOWN = 50;

/** What the federation's transactions cost. */
export function GasPage() {
  const { route, federation, history, complete } = useApp();
  const all = route.query.get("range") === "all";
  const traces = [...history.traces.values()];
  const wanted: readonly TransactionTrace[] = all ? traces : traces.slice(-NEWEST);
  const rows = useLoad(
    () => ledgerRows(federation, history, wanted),
    [complete, all, wanted.length, wanted.at(-1)?.hash],
  );
  if (!complete) return <Loading text="Reading the history …" />;
  const part = wanted.length < traces.length;
  return (
    <>
      <Title
        note={
          part
            ? `the newest ${NEWEST} of ${formatInteger(traces.length)} transactions`
            : `all ${formatInteger(traces.length)} transactions that left an event; failed ones leave none, the senders’ own ledgers have them`
        }
        side={
          part ? (
            <a class="button" href={withQuery(route, { range: "all" })}>
              read all receipts
            </a>
          ) : null
        }
      >
        Gas
      </Title>
      {part ? (
        <Notice>Sums are over the transactions read; “read all receipts” gives the whole history.</Notice>
      ) : null}
      <Await of={rows}>{(known) => <GasOf rows={known} />}</Await>
    </>
  );
}

function GasOf({ rows }: { rows: readonly LedgerRow[] }) {
  const total = gasTotal(rows);
  const rounds = new Set(rows.filter(({ round }) => round !== null).map(({ round }) => round)).size;
  const inRounds = gasTotal(rows.filter(({ round }) => round !== null)).gasUsed;
  const newest = [...rows].reverse();
  return (
    <>
      <div class="stats">
        <Stat name="gas" note={`${total.transactions} transactions`}>
          {formatInteger(total.gasUsed)}
        </Stat>
        <Stat name="fees" note="paid by the senders">
          <Fee wei={total.fee} />
        </Stat>
        <Stat name="per round" note={`over ${rounds} rounds`}>
          {rounds === 0 ? "–" : formatInteger(inRounds / BigInt(rounds))}
        </Stat>
      </div>
      <Card title="Gas per phase and round">
        <Plot
          title="gas, thousands"
          wide
          stacked
          series={phaseSeries(rows)}
          format={(y) => formatInteger(Math.round(y))}
        />
      </Card>
      <div class="columns">
        <GroupCard title="By phase" dimension="phase" rows={rows} />
        <GroupCard title="By method" dimension="method" rows={rows} />
      </div>
      <GroupCard title="By sender" dimension="actor" rows={rows} />
      <Card title="Transactions" side={<Exports name="gas" columns={ROW_COLUMNS} rows={rows} />}>
        <Table
          caption="transactions, newest first"
          columns={SHOWN_COLUMNS}
          rows={newest.slice(0, ROWS_SHOWN)}
          keyOf={({ hash }) => hash}
          empty="No transaction yet."
        />
        {rows.length > ROWS_SHOWN ? (
          <p class="note">
            The newest {ROWS_SHOWN} of {rows.length}; CSV and JSON hold all of them.
          </p>
        ) : null}
      </Card>
    </>
  );
}

function phaseSeries(rows: readonly LedgerRow[]): Series[] {
  const sums = new Map<number, Map<string, bigint>>();
  for (const { round, phase, gasUsed } of rows) {
    if (round === null) continue;
    const phases = sums.get(Number(round)) ?? new Map<string, bigint>();
    phases.set(phase, (phases.get(phase) ?? 0n) + gasUsed);
    sums.set(Number(round), phases);
  }
  const rounds = [...sums.keys()].sort((a, b) => a - b);
  return PHASES.filter((phase) => phase !== "setup").map((phase) => ({
    name: phase,
    points: rounds.map((x) => ({ x, y: Number(sums.get(x)!.get(phase) ?? 0n) / 1_000 })),
  }));
}

function GroupCard({
  title,
  dimension,
  rows,
}: {
  title: string;
  dimension: GasDimension;
  rows: readonly LedgerRow[];
}) {
  const total = gasTotal(rows).gasUsed;
  const groups = gasBy(dimension, rows);
  const columns: Column<GasGroup>[] = [
    {
      name: dimension === "actor" ? "sender" : dimension,
      show: ({ key }) => (dimension === "actor" ? <Address value={key} /> : key),
      value: ({ key }) => key,
    },
    {
      name: "transactions",
      number: true,
      show: (group) => <Num value={group.transactions} />,
      value: ({ transactions }) => transactions,
    },
    {
      name: "gas",
      number: true,
      show: ({ gasUsed }) => <Num value={gasUsed} />,
      value: ({ gasUsed }) => gasUsed,
    },
    {
      name: "share",
      number: true,
      show: ({ gasUsed }) => formatBps(total === 0n ? 0n : (gasUsed * 10_000n) / total),
    },
    { name: "fee", number: true, show: ({ fee }) => <Fee wei={fee} />, value: ({ fee }) => fee },
  ];
  return (
    <Card title={title} side={<Exports name={`gas-by-${dimension}`} columns={columns} rows={groups} />}>
      <Table
        caption={title}
        columns={columns}
        rows={groups}
        keyOf={({ key }) => key}
        empty="No transaction yet."
      />
    </Card>
  );
}

/** Exports hold the ledger's own columns, as `quorate gas --csv` writes them. */
const ROW_COLUMNS: Column<LedgerRow>[] = LEDGER_COLUMNS.map((name) => ({
  name,
  show: () => null,
  value: (row) => row[name],
}));

const SHOWN_COLUMNS: Column<LedgerRow>[] = [
  { name: "transaction", show: ({ hash }) => <Tx hash={hash} /> },
  { name: "round", number: true, show: ({ round }) => (round === null ? "–" : <Round number={round} />) },
  { name: "phase", show: ({ phase }) => phase },
  { name: "method", show: ({ method }) => <code>{method}</code> },
  { name: "sender", show: ({ actor }) => <Address value={actor} /> },
  { name: "gas", number: true, show: ({ gasUsed }) => <Num value={gasUsed} /> },
  { name: "fee", number: true, show: ({ fee }) => <Fee wei={fee} /> },
  { name: "block", number: true, show: ({ block }) => <Block number={block} /> },
  { name: "", show: ({ status }) => (status === "reverted" ? <Pill text="reverted" /> : null) },
];
