import { ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import type { AnchorRecord } from "../../coordinator/protocol/views/anchors.ts";
import { formatInteger } from "../format/text.ts";
import { useApp } from "../ui/app-context.tsx";
import { Card, Loading, Title } from "../ui/layout.tsx";
import { type Column, Exports, Table } from "../ui/table.tsx";
import { Address, Block, From, Time, Tx } from "../ui/values.tsx";

/** What the miners' replicas decided and anchored, newest first. */
export function CheckpointsPage() {
  const { view, complete, federation } = useApp();
  if (!complete) return <Loading text="Reading the history …" />;
  const rows = view.anchors.toReversed();
  const registry = federation.addresses.CheckpointRegistry!;
  return (
    <>
      <Title
        note={view.heldConfig ? `${formatInteger(rows.length)} anchored` : "no committee was founded yet"}
      >
        Checkpoints and decisions
      </Title>
      <Card side={<Exports name="checkpoints" columns={COLUMNS} rows={rows} />}>
        <Table
          caption="checkpoints"
          columns={COLUMNS}
          rows={rows}
          keyOf={({ count }) => String(count)}
          empty="No checkpoint is anchored yet."
        />
      </Card>
      <Card title="Proving a decision">
        <p>
          Replicas order and decide off the chain; the chain keeps the root over all their decisions. Whoever
          has a proof file checks one decision against it with <code>quorate decision verify</code>, or a
          contract does by <code>isDecision</code> of <Address value={registry} />.
        </p>
        <p>
          Committee that anchors now: <code>{view.heldConfig ?? "none"}</code>
        </p>
      </Card>
    </>
  );
}

const hash = (name: string, of: (row: AnchorRecord) => string): Column<AnchorRecord> => ({
  name,
  show: (row) => <code title={of(row)}>{of(row) === ZERO_HASH ? "–" : `${of(row).slice(0, 10)}…`}</code>,
  value: of,
});

const COLUMNS: Column<AnchorRecord>[] = [
  { name: "number", number: true, show: ({ count }) => String(count), value: ({ count }) => count },
  { name: "epoch", number: true, show: ({ epoch }) => String(epoch), value: ({ epoch }) => epoch },
  {
    name: "height",
    number: true,
    show: ({ height, anchored }) => (
      <From at={anchored} event="Anchored">
        {formatInteger(height)}
      </From>
    ),
    value: ({ height }) => height,
  },
  hash("block hash", ({ blockHash }) => blockHash),
  hash("state root", ({ stateRoot }) => stateRoot),
  hash("decisions root", ({ decisionsRoot }) => decisionsRoot),
  hash("next committee", ({ nextConfigHash }) => nextConfigHash),
  {
    name: "signers",
    number: true,
    show: ({ signers }) => String(membersIn(signers)),
    value: ({ signers }) => membersIn(signers),
  },
  {
    name: "time",
    show: ({ anchored }) => <Time at={anchored.time} />,
    value: ({ anchored }) => anchored.time,
  },
  {
    name: "block",
    number: true,
    show: ({ anchored }) => <Block number={anchored.block} />,
    value: ({ anchored }) => anchored.block,
  },
  {
    name: "transaction",
    show: ({ anchored }) => <Tx hash={anchored.transaction} />,
    value: ({ anchored }) => anchored.transaction,
  },
];

function membersIn(bits: bigint): number {
  return bits.toString(2).replaceAll("0", "").length;
}
