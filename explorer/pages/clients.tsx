import { sameHex } from "../../coordinator/protocol/bytes.ts";
import type { ManifestFile } from "../../coordinator/protocol/round/manifest-file.ts";
import type { ClientView, FederationView } from "../../coordinator/protocol/views/federation-view.ts";
import { winnerOf } from "../../coordinator/protocol/views/queries.ts";
import type { Federation } from "../chain/federation.ts";
import { readManifest } from "../chain/files.ts";
import { paidClients } from "../state/payouts.ts";
import { useApp, useLoad } from "../ui/app-context.tsx";
import { Await, Card, Loading, Title } from "../ui/layout.tsx";
import { Plot, type Series } from "../ui/plot.tsx";
import { type Column, Exports, Table } from "../ui/table.tsx";
import { Address, Num, Pill, Round, Tokens } from "../ui/values.tsx";

/** Manifests read for the plots, of the newest agreed rounds. */
const MANIFESTS_READ = 30;
const CLIENTS_PER_PAGE = 100;

interface RoundFile {
  readonly round: bigint;
  readonly file: ManifestFile;
}

/** All clients: what their updates were worth, what they earned and claimed. */
export function ClientsPage() {
  const { view, complete, federation } = useApp();
  const agreed = [...view.rounds.values()].filter(({ status }) => status === "agreed").slice(-MANIFESTS_READ);
  const files = useLoad(() => readFiles(federation, view), [complete, agreed.length, agreed.at(-1)?.round]);
  if (!complete) return <Loading text="Reading the history …" />;
  return (
    <>
      <Title note={`${view.clients.size} known`}>Clients</Title>
      <ClientTable newest={files.value?.at(-1) ?? null} />
      <div class="columns">
        <Card title="Shapley value over rounds">
          <Await of={files}>
            {(known) => (
              <ClientPlot
                files={known}
                title="right answers an update is worth"
                value={({ shapley }) =>
                  shapley ? Number((shapley.numerator * 100n) / shapley.denominator) / 100 : null
                }
              />
            )}
          </Await>
        </Card>
        <Card title="Earned over rounds">
          <Await of={files}>
            {(known) => (
              <ClientPlot
                files={known}
                title="all payouts up to a round, tokens"
                value={({ cumulative }) => Number(cumulative) / 1e18}
              />
            )}
          </Await>
        </Card>
      </div>
    </>
  );
}

function readFiles(federation: Federation, view: FederationView): Promise<RoundFile[]> {
  const agreed = [...view.rounds.values()].filter(({ status }) => status === "agreed").slice(-MANIFESTS_READ);
  return Promise.all(
    agreed.map(async (record) => ({
      round: record.round,
      file: await readManifest(federation, winnerOf(record)!.candidate.manifestCid),
    })),
  );
}

interface Row {
  readonly client: ClientView;
  readonly earned: bigint | null;
}

function ClientTable({ newest }: { newest: RoundFile | null }) {
  const { view, route } = useApp();
  const page = Math.max(0, Number(route.query.get("page") ?? 0) || 0);
  const all = [...view.clients.values()].map((client): Row => {
    const row = newest?.file.payouts.find((payout) => sameHex(payout.client, client.client));
    return { client, earned: newest ? (row?.cumulative ?? 0n) : null };
  });
  const rows = all.slice(page * CLIENTS_PER_PAGE, (page + 1) * CLIENTS_PER_PAGE);
  return (
    <Card side={<Exports name="clients" columns={COLUMNS} rows={all} />}>
      <Table
        caption="clients"
        columns={COLUMNS}
        rows={rows}
        keyOf={({ client }) => client.client}
        empty="No client has registered yet."
      />
      {all.length > CLIENTS_PER_PAGE ? (
        <nav class="pager" aria-label="pages">
          {Array.from({ length: Math.ceil(all.length / CLIENTS_PER_PAGE) }, (_, i) => (
            <a
              key={i}
              class="button"
              href={`#/clients?page=${i}`}
              aria-current={i === page ? "page" : undefined}
            >
              {i + 1}
            </a>
          ))}
        </nav>
      ) : null}
    </Card>
  );
}

const COLUMNS: Column<Row>[] = [
  {
    name: "client",
    show: ({ client }) => <Address value={client.client} />,
    value: ({ client }) => client.client,
  },
  {
    name: "status",
    show: ({ client }) => <Pill text={client.terms.at(-1)?.active ? "active" : "inactive"} />,
    value: ({ client }) => (client.terms.at(-1)?.active ? "active" : "inactive"),
  },
  {
    name: "from round",
    number: true,
    show: ({ client }) => {
      const from = client.terms.at(-1)?.fromRound;
      return from ? <Round number={from} /> : "–";
    },
    value: ({ client }) => client.terms.at(-1)?.fromRound ?? null,
  },
  {
    name: "samples at most",
    number: true,
    show: ({ client }) => <Num value={client.terms.at(-1)?.sampleCap ?? 0n} />,
    value: ({ client }) => client.terms.at(-1)?.sampleCap ?? null,
  },
  {
    name: "earned",
    title: "from the newest manifest",
    number: true,
    show: ({ earned }) =>
      earned === null ? (
        <span class="dim" title="needs the newest manifest">
          unknown
        </span>
      ) : (
        <Tokens units={earned} />
      ),
    value: ({ earned }) => earned,
  },
  {
    name: "claimed",
    number: true,
    show: ({ client }) => (
      <a class="from" href={`#/events?name=Claimed&address=${client.client}`} title="from the events Claimed">
        <Tokens units={client.claimed} />
      </a>
    ),
    value: ({ client }) => client.claimed,
  },
];

function ClientPlot(props: {
  files: readonly RoundFile[];
  title: string;
  value: (row: ReturnType<typeof paidClients>[number]) => number | null;
}) {
  const { label } = useApp();
  const lines = new Map<string, { x: number; y: number }[]>();
  for (const { round, file } of props.files)
    for (const row of paidClients(file, null)) {
      const y = props.value(row);
      if (y === null) continue;
      const line = lines.get(row.client) ?? [];
      line.push({ x: Number(round), y });
      lines.set(row.client, line);
    }
  const series: Series[] = [...lines].map(([client, points]) => ({
    name: label(client)?.name ?? client.slice(0, 8),
    points,
  }));
  series.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  return <Plot title={props.title} series={series} format={(y) => String(Math.round(y * 100) / 100)} />;
}
