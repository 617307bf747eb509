import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { linkTo } from "../state/route.ts";
import { type App, useApp } from "../ui/app-context.tsx";
import { Card, Title } from "../ui/layout.tsx";
import { type Column, Exports, Table } from "../ui/table.tsx";
import { Block, Tx } from "../ui/values.tsx";

interface Row {
  readonly name: string;
  readonly address: Hex;
}

/** Created by another contract, in the transaction that deployed that one. */
const DEPLOYED_BY: Readonly<Record<string, string>> = {
  RoundLens: "ClientRegistry",
  RoundRecovery: "RoundConsensus",
  CheckpointRegistry: "MinerRegistry",
};

/** The federation's contracts. */
export function ContractsPage() {
  const app = useApp();
  const { federation } = app;
  const rows = Object.entries(federation.addresses).map(([name, address]): Row => ({ name, address }));
  const columns = columnsOf(app);
  return (
    <>
      <Title
        note={
          federation.commit ? (
            <>
              compiled from commit <code>{federation.commit.slice(0, 12)}</code>
            </>
          ) : null
        }
      >
        Contracts
      </Title>
      <Card side={<Exports name="contracts" columns={columns} rows={rows} />}>
        <Table caption="contracts" columns={columns} rows={rows} keyOf={({ name }) => name} empty="" />
      </Card>
    </>
  );
}

function columnsOf({ federation }: App): Column<Row>[] {
  const deployed = (name: string) => federation.deployments[name];
  return [
    {
      name: "contract",
      show: ({ name }) => <a href={linkTo("contract", name)}>{name}</a>,
      value: ({ name }) => name,
    },
    {
      name: "address",
      show: ({ address }) => (
        <a href={linkTo("address", address)}>
          <code>{address}</code>
        </a>
      ),
      value: ({ address }) => address,
    },
    {
      name: "deployed in",
      show: ({ name }) => {
        const at = deployed(name);
        return at ? (
          <Tx hash={at.transaction} />
        ) : (
          <span class="dim">
            {DEPLOYED_BY[name] ? `by ${DEPLOYED_BY[name]}` : "not in the deployment file"}
          </span>
        );
      },
      value: ({ name }) => deployed(name)?.transaction ?? null,
    },
    {
      name: "block",
      number: true,
      show: ({ name }) => {
        const at = deployed(name);
        return at ? <Block number={at.block} /> : "–";
      },
      value: ({ name }) => deployed(name)?.block ?? null,
    },
  ];
}
