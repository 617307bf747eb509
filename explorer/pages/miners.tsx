import type { MinerView } from "../../coordinator/protocol/views/federation-view.ts";
import { formatBps, formatWad } from "../format/text.ts";
import { type Duties, dutiesOf } from "../state/duties.ts";
import { linkTo } from "../state/route.ts";
import { minerSeries } from "../state/series.ts";
import { type App, useApp } from "../ui/app-context.tsx";
import { Card, Loading, Title } from "../ui/layout.tsx";
import { Plot } from "../ui/plot.tsx";
import { type Column, Exports, Table } from "../ui/table.tsx";
import { Address, Pill, Round, Tokens } from "../ui/values.tsx";

type Row = MinerView & Duties;

/** All miners in one table, and how their standing changed. */
export function MinersPage() {
  const app = useApp();
  const { view, complete, label } = app;
  if (!complete) return <Loading text="Reading the history …" />;
  const rows = [...view.miners.values()].map((miner): Row => ({ ...miner, ...dutiesOf(view, miner) }));
  const columns = columnsOf(app);
  const nameOf = (miner: string) => label(miner)?.name ?? miner;
  return (
    <>
      <Title note={`${rows.filter(({ status }) => status === "active").length} of ${rows.length} active`}>
        Miners
      </Title>
      <Card side={<Exports name="miners" columns={columns} rows={rows} />}>
        <Table
          caption="miners"
          columns={columns}
          rows={rows}
          keyOf={({ miner }) => miner}
          empty="No miner has registered yet."
        />
      </Card>
      <div class="columns">
        <Card title="Reputation over rounds">
          <Plot
            title="reputation after each round"
            series={minerSeries(view, "reputation", nameOf)}
            format={(y) => String(Math.round(y * 100) / 100)}
          />
        </Card>
        <Card title="Weight over rounds">
          <Plot
            title="stake × reputation, tokens"
            series={minerSeries(view, "weight", nameOf)}
            format={short}
          />
        </Card>
      </div>
    </>
  );
}

export function short(value: number): string {
  return Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 }).format(value);
}

function columnsOf({ view }: App): Column<Row>[] {
  const all = [...view.miners.values()].reduce((sum, { weight }) => sum + weight, 0n);
  const share = (weight: bigint) => Number(all === 0n ? 0n : (weight * 10_000n) / all);
  return [
    {
      name: "miner",
      show: ({ miner }) => (
        <>
          <Address value={miner} />{" "}
          <a class="dim" href={linkTo("miner", miner)}>
            record
          </a>
        </>
      ),
      value: ({ miner }) => miner,
    },
    { name: "status", show: ({ status }) => <Pill text={status} />, value: ({ status }) => status },
    {
      name: "stake",
      number: true,
      show: ({ stake }) => <Tokens units={stake} />,
      value: ({ stake }) => stake,
    },
    {
      name: "reputation",
      number: true,
      show: ({ reputation }) => formatWad(reputation),
      value: ({ reputation }) => reputation,
    },
    {
      name: "weight",
      title: "stake × reputation, as it counts in the open round",
      number: true,
      show: ({ weight }) => <Tokens units={weight} />,
      value: ({ weight }) => weight,
    },
    { name: "share", number: true, show: ({ weight }) => formatBps(share(weight)) },
    {
      name: "votes met / missed",
      number: true,
      show: ({ voted, missed }) => (
        <>
          {voted} / <span class={missed > 0 ? "negative" : ""}>{missed}</span>
        </>
      ),
      value: ({ voted, missed }) => `${voted} / ${missed}`,
    },
    {
      name: "proposals met / drawn",
      number: true,
      show: ({ drawn, proposed }) => `${proposed} / ${drawn}`,
      value: ({ drawn, proposed }) => `${proposed} / ${drawn}`,
    },
    {
      name: "last seen",
      number: true,
      show: ({ lastSeen }) =>
        lastSeen === null ? <span class="dim">never</span> : <Round number={lastSeen} word />,
      value: ({ lastSeen }) => lastSeen,
    },
    {
      name: "endpoint",
      show: ({ endpoint }) => <code class="endpoint">{endpoint}</code>,
      value: ({ endpoint }) => endpoint,
    },
  ];
}
