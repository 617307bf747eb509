import type { RawTransaction } from "../chain/types.ts";
import { formatWei } from "../format/text.ts";
import { type App, useApp } from "./app-context.tsx";
import { type Column, Exports, Table } from "./table.tsx";
import { Address, Block, Tx } from "./values.tsx";

/** Transactions with what they call. */
export function TransactionTable({ rows, empty }: { rows: readonly RawTransaction[]; empty: string }) {
  const columns = columnsOf(useApp());
  return (
    <>
      <Table caption="transactions" columns={columns} rows={rows} keyOf={({ hash }) => hash} empty={empty} />
      {rows.length > 0 ? <Exports name="transactions" columns={columns} rows={rows} /> : null}
    </>
  );
}

function columnsOf({ federation }: App): Column<RawTransaction>[] {
  const method = ({ to, input }: RawTransaction) =>
    to === null
      ? "new contract"
      : input === "0x"
        ? "transfer"
        : (federation.abi.call(input)?.name ?? input.slice(0, 10));
  return [
    { name: "transaction", show: ({ hash }) => <Tx hash={hash} />, value: ({ hash }) => hash },
    { name: "method", show: (row) => <code>{method(row)}</code>, value: method },
    { name: "from", show: ({ from }) => <Address value={from} />, value: ({ from }) => from },
    {
      name: "to",
      show: ({ to }) => (to ? <Address value={to} /> : <span class="dim">new contract</span>),
      value: ({ to }) => to,
    },
    {
      name: "value",
      number: true,
      show: ({ value }) => (BigInt(value) === 0n ? "–" : formatWei(BigInt(value))),
      value: ({ value }) => BigInt(value),
    },
    {
      name: "block",
      number: true,
      show: ({ blockNumber }) => (blockNumber ? <Block number={Number(blockNumber)} /> : "pending"),
      value: ({ blockNumber }) => (blockNumber ? Number(blockNumber) : null),
    },
  ];
}
