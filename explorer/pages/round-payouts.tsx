import type { ManifestFile } from "../../coordinator/protocol/round/manifest-file.ts";
import type { RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import { clientTerms, winnerOf } from "../../coordinator/protocol/views/queries.ts";
import { readManifest } from "../chain/files.ts";
import { formatFraction } from "../format/text.ts";
import { type PaidClient, paidClients, unpaidClients } from "../state/payouts.ts";
import { useApp, useLoad } from "../ui/app-context.tsx";
import { Await, Card } from "../ui/layout.tsx";
import { type Column, Exports, Table } from "../ui/table.tsx";
import { Address, Hash, Num, Tokens } from "../ui/values.tsx";

/** Which updates the winner used, what they were worth and what they were paid, from its manifest. */
export function RoundPayouts({ record }: { record: RoundRecord }) {
  const { federation, view } = useApp();
  const won = winnerOf(record);
  const digest = won?.candidate.manifestCid;
  const base = view.rounds.get(view.settlements.get(record.baseSettlement)?.round ?? 0n);
  const baseDigest = base && winnerOf(base)?.candidate.manifestCid;
  const manifest = useLoad(async () => {
    if (!digest) return null;
    const before = baseDigest ? await readManifest(federation, baseDigest) : null;
    return { file: await readManifest(federation, digest), before };
  }, [digest, baseDigest]);
  if (!won) return null;
  return (
    <Card title="Clients and payouts">
      <Await of={manifest}>{(files) => (files ? <Clients record={record} {...files} /> : null)}</Await>
    </Card>
  );
}

function Clients(props: { record: RoundRecord; file: ManifestFile; before: ManifestFile | null }) {
  const { record, file, before } = props;
  const { view } = useApp();
  const rows = (record.settlement === null ? unpaidClients : paidClients)(file, before);
  const used = new Set(rows.map(({ client }) => client.toLowerCase()));
  const absent = [...view.clients.values()].filter(
    ({ client }) => !used.has(client.toLowerCase()) && clientTerms(view, client, record.round)?.active,
  );
  return (
    <>
      <Table
        caption="updates used and what they earned"
        columns={COLUMNS}
        rows={rows}
        keyOf={({ client }) => client}
        empty="The manifest names no update."
      />
      <Exports name={`round-${record.round}-clients`} columns={COLUMNS} rows={rows} />
      {absent.length > 0 ? (
        <p class="note">
          Registered, but no update of theirs was used:{" "}
          <span class="list">
            {absent.map(({ client }) => (
              <Address key={client} value={client} />
            ))}
          </span>
          . It came late, was refused or was not sent; the miners’ logs say which.
        </p>
      ) : null}
    </>
  );
}

const COLUMNS: Column<PaidClient>[] = [
  { name: "client", show: ({ client }) => <Address value={client} />, value: ({ client }) => client },
  {
    name: "samples",
    number: true,
    show: ({ samples }) => <Num value={samples} />,
    value: ({ samples }) => samples,
  },
  {
    name: "update’s model",
    show: ({ modelRoot }) => <Hash value={modelRoot} what="model root" />,
    value: ({ modelRoot }) => modelRoot,
  },
  {
    name: "Shapley value",
    title: "right answers on the validation set that the update is worth, averaged over all orders",
    number: true,
    show: ({ shapley }) =>
      shapley === null ? (
        "–"
      ) : (
        <span class={shapley.numerator < 0n ? "negative" : ""}>
          {formatFraction(shapley.numerator, shapley.denominator)}
        </span>
      ),
    value: ({ shapley }) => (shapley === null ? null : `${shapley.numerator}/${shapley.denominator}`),
  },
  {
    name: "paid",
    number: true,
    show: ({ paid }) => (paid === 0n ? <span class="dim">nothing</span> : <Tokens units={paid} exact />),
    value: ({ paid }) => paid,
  },
  {
    name: "paid, all rounds",
    number: true,
    show: ({ cumulative }) => <Tokens units={cumulative} exact />,
    value: ({ cumulative }) => cumulative,
  },
];
