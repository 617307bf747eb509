import { readBlock, transactionsOf } from "../chain/blocks.ts";
import type { RawBlock } from "../chain/types.ts";
import { formatBps, formatInteger, formatWei } from "../format/text.ts";
import { linkTo } from "../state/route.ts";
import { useApp, useLoad } from "../ui/app-context.tsx";
import { Await, Card, Facts, Notice, Title } from "../ui/layout.tsx";
import { TransactionTable } from "../ui/transaction-table.tsx";
import { Address, Hash, Num, PublicLink, Time } from "../ui/values.tsx";

/** One block with its transactions. */
export function BlockPage() {
  const { route, federation, state } = useApp();
  const block = useLoad(() => readBlock(federation, route.key).then((found) => ({ found })), [route.key]);
  return (
    <Await of={block}>
      {({ found }) =>
        found ? (
          <BlockOf block={found} />
        ) : (
          <Notice>
            There is no block “{route.key}” on this chain. The newest is{" "}
            <a href={linkTo("block", state.latestBlock)}>{formatInteger(state.latestBlock)}</a>.
          </Notice>
        )
      }
    </Await>
  );
}

function BlockOf({ block }: { block: RawBlock }) {
  const { state } = useApp();
  const number = Number(block.number);
  const gasUsed = BigInt(block.gasUsed);
  return (
    <>
      <Title
        side={
          <>
            {number > 0 ? (
              <a class="button" href={linkTo("block", number - 1)}>
                ← {formatInteger(number - 1)}
              </a>
            ) : null}
            {number < state.latestBlock ? (
              <a class="button" href={linkTo("block", number + 1)}>
                {formatInteger(number + 1)} →
              </a>
            ) : null}
            <PublicLink page="block" value={number} />
          </>
        }
      >
        Block {formatInteger(number)}
      </Title>
      <Card>
        <Facts
          rows={[
            ["time", <Time key="t" at={Number(block.timestamp)} both />],
            ["hash", <Hash key="h" value={block.hash} full />],
            [
              "parent",
              <a key="p" href={linkTo("block", block.parentHash)}>
                <code>{block.parentHash}</code>
              </a>,
            ],
            ["fee recipient", <Address key="m" value={block.miner} full />],
            [
              "gas used",
              <span key="g">
                <Num value={gasUsed} /> of <Num value={BigInt(block.gasLimit)} /> (
                {formatBps((gasUsed * 10_000n) / (BigInt(block.gasLimit) || 1n))})
              </span>,
            ],
            block.baseFeePerGas ? ["base fee", formatWei(BigInt(block.baseFeePerGas))] : null,
            ["state root", <Hash key="s" value={block.stateRoot} />],
          ]}
        />
      </Card>
      <Card title="Transactions">
        <TransactionTable rows={transactionsOf(block)} empty="This block holds no transaction." />
      </Card>
    </>
  );
}
