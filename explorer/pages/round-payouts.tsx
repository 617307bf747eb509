import type { ManifestFile } from "../../coordinator/protocol/round/manifest-file.ts";
import type { RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import { clientTerms, winnerOf } from "../../coordinator/protocol/views/queries.ts";
import { readManifest } from "../chain/files.ts";
import { formatUnits } from "../format/text.ts";
import { type PaidClient, paidClients } from "../state/payouts.ts";
import { useApp, useLoad } from "../ui/app-context.tsx";
import { Await, Card } from "../ui/layout.tsx";
import { type Column, Exports, Table } from "../ui/table.tsx";
import { Address, Hash, Num, Pill, Tokens } from "../ui/values.tsx";

/** Which updates the winner used, what they were worth and what they were paid, from its manifest. */
export function RoundPayouts({ record }: { record: RoundRecord }) {
  const { federation } = useApp();
  const won = winnerOf(record);
  const digest = won?.candidate.manifestCid;
  const manifest = useLoad(async () => (digest ? readManifest(federation, digest) : null), [digest]);
  if (!won) return null;
  return (
    <Card title="Clients and payouts">
      <Await of={manifest}>{(file) => (file ? <Clients record={record} file={file} /> : null)}</Await>
    </Card>
  );
}

function Clients({ record, file }: { record: RoundRecord; file: ManifestFile }) {
  const { view } = useApp();
  const rows = paidClients(file);
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
        <span class={shapley.numerator < 0n ? "negative" : ""}>{fraction(shapley)}</span>
      ),
    value: ({ shapley }) => (shapley === null ? null : `${shapley.numerator}/${shapley.denominator}`),
  },
  {
    name: "paid, all rounds",
    number: true,
    show: ({ cumulative }) => <Tokens units={cumulative} exact />,
    value: ({ cumulative }) => cumulative,
  },
  { name: "", show: ({ cumulative }) => (cumulative === 0n ? <Pill text="nothing yet" /> : null) },
];

/** A fraction with two decimals. */
export function fraction({ numerator, denominator }: { numerator: bigint; denominator: bigint }): string {
  return formatUnits((numerator * 100n) / denominator, 2);
}
