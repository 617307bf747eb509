import type { LeafRequestRecord } from "../../coordinator/protocol/views/dispute-records.ts";
import type { RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import { Card } from "../ui/layout.tsx";
import { Table } from "../ui/table.tsx";
import { Address, From, Hash, Time, Tokens } from "../ui/values.tsx";

const STATES: Readonly<Record<LeafRequestRecord["state"], string>> = {
  open: "open",
  answered: "shown",
  withheld: "not shown in time",
  released: "decided otherwise",
};
const EVENTS = {
  answered: "LeafAnswered",
  withheld: "LeafWithheld",
  released: "BondReleased",
} as const;

/** Data of the round's candidates that was asked for with a bond, and what came of it. */
export function RoundRequests({ record }: { record: RoundRecord }) {
  if (record.requests.length === 0) return null;
  return (
    <Card title="Data asked for">
      <Table
        caption="leaves of updates or models that somebody demanded to see, with a bond"
        rows={record.requests}
        keyOf={({ id }) => id}
        empty=""
        columns={[
          { name: "candidate", show: ({ candidate }) => <Hash value={candidate} what="candidate" /> },
          { name: "of", show: ({ index }) => (index === null ? "its model" : `update ${index}`) },
          { name: "leaf", number: true, show: ({ leaf }) => leaf },
          { name: "asked by", show: ({ requester }) => <Address value={requester} /> },
          {
            name: "bond",
            number: true,
            show: ({ bond, asked }) => (
              <From at={asked} event="LeafRequested">
                <Tokens units={bond} />
              </From>
            ),
          },
          { name: "until", show: ({ dueAt }) => <Time at={dueAt} /> },
          { name: "outcome", show: (request) => <Outcome request={request} /> },
        ]}
      />
    </Card>
  );
}

function Outcome({ request: { state, decided, answerer } }: { request: LeafRequestRecord }) {
  if (state === "open" || !decided) return <>{STATES[state]}</>;
  return (
    <From at={decided} event={EVENTS[state]}>
      {STATES[state]}
      {answerer ? (
        <>
          {" by "}
          <Address value={answerer} />
        </>
      ) : null}
    </From>
  );
}

/** Signers that left out a client they had acknowledged. */
export function RoundReceipts({ record }: { record: RoundRecord }) {
  if (record.brokenReceipts.length === 0) return null;
  return (
    <Card title="Broken receipts">
      <Table
        caption="miners that acknowledged an update and signed a manifest without its client"
        rows={record.brokenReceipts}
        keyOf={({ candidate, miner }) => `${candidate} ${miner}`}
        empty=""
        columns={[
          { name: "miner", show: ({ miner }) => <Address value={miner} /> },
          { name: "client", show: ({ client }) => <Address value={client} /> },
          { name: "candidate", show: ({ candidate }) => <Hash value={candidate} what="candidate" /> },
          {
            name: "update",
            show: ({ modelRoot, proven }) => (
              <From at={proven} event="ReceiptBroken">
                <Hash value={modelRoot} what="model root" />
              </From>
            ),
          },
        ]}
      />
    </Card>
  );
}
