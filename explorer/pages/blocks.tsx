import { readBlocks } from "../chain/blocks.ts";
import type { RawBlock } from "../chain/types.ts";
import { formatBps, formatInteger } from "../format/text.ts";
import { withQuery } from "../state/route.ts";
import { useApp, useLoad } from "../ui/app-context.tsx";
import { Await, Card, Title } from "../ui/layout.tsx";
import { type Column, Exports, Pager, Table } from "../ui/table.tsx";
import { Address, Block, Hash, Num, Time } from "../ui/values.tsx";

const PAGE_SIZE = 25;

/** Blocks, newest first. */
export function BlocksPage() {
  const { route, state, federation } = useApp();
  const latest = state.latestBlock;
  const asked = route.query.get("from");
  const from = asked !== null && /^\d{1,15}$/.test(asked) ? Math.min(Number(asked), latest) : latest;
  const blocks = useLoad(() => readBlocks(federation, from, PAGE_SIZE), [from]);
  return (
    <>
      <Title note={<>newest {formatInteger(latest)}</>}>Blocks</Title>
      <Card>
        <Await of={blocks}>
          {(rows) => (
            <>
              <Table
                caption="blocks, newest first"
                columns={COLUMNS}
                rows={rows}
                keyOf={({ hash }) => hash}
                empty="There is no block here."
              />
              <Pager
                newer={
                  from < latest
                    ? withQuery(route, { from: from + PAGE_SIZE >= latest ? null : from + PAGE_SIZE })
                    : null
                }
                older={from >= PAGE_SIZE ? withQuery(route, { from: from - PAGE_SIZE }) : null}
              >
                blocks {formatInteger(Math.max(0, from - PAGE_SIZE + 1))} … {formatInteger(from)}{" "}
                <Exports name="blocks" columns={COLUMNS} rows={rows} />
              </Pager>
            </>
          )}
        </Await>
      </Card>
    </>
  );
}

const COLUMNS: Column<RawBlock>[] = [
  {
    name: "block",
    number: true,
    show: ({ number }) => <Block number={Number(number)} />,
    value: ({ number }) => Number(number),
  },
  {
    name: "time",
    show: ({ timestamp }) => <Time at={Number(timestamp)} />,
    value: ({ timestamp }) => Number(timestamp),
  },
  { name: "hash", show: ({ hash }) => <Hash value={hash} />, value: ({ hash }) => hash },
  {
    name: "transactions",
    number: true,
    show: ({ transactions }) => <Num value={transactions.length} />,
    value: ({ transactions }) => transactions.length,
  },
  {
    name: "gas used",
    number: true,
    show: ({ gasUsed }) => <Num value={BigInt(gasUsed)} />,
    value: ({ gasUsed }) => BigInt(gasUsed),
  },
  {
    name: "of its limit",
    number: true,
    show: ({ gasUsed, gasLimit }) => formatBps((BigInt(gasUsed) * 10_000n) / (BigInt(gasLimit) || 1n)),
  },
  { name: "fee recipient", show: ({ miner }) => <Address value={miner} />, value: ({ miner }) => miner },
];
