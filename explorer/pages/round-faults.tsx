import type { RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import { formatBps } from "../format/text.ts";
import { Card } from "../ui/layout.tsx";
import { Table } from "../ui/table.tsx";
import { Address, From, Hash } from "../ui/values.tsx";

/** Candidates of the round that were proven wrong to the contract. */
export function RoundFaults({ record }: { record: RoundRecord }) {
  if (record.faults.length === 0) return null;
  return (
    <Card title="Proven wrong">
      <Table
        caption="candidates proven wrong, by whom, and what their signers lost"
        rows={record.faults}
        keyOf={({ candidate, slashBps }) => `${candidate} ${slashBps}`}
        empty=""
        columns={[
          { name: "candidate", show: ({ candidate }) => <Hash value={candidate} what="candidate" /> },
          { name: "found by", show: ({ finder }) => <Address value={finder} /> },
          {
            name: "slash",
            number: true,
            show: ({ slashBps, proven }) => (
              <From at={proven} event="CandidateDisproven">
                {formatBps(slashBps)}
              </From>
            ),
          },
        ]}
      />
      {record.jailed.length > 0 ? (
        <p class="note">
          Slashed while the round was open, so their votes count for nothing in it:{" "}
          <span class="list">
            {record.jailed.map((miner) => (
              <Address key={miner} value={miner} />
            ))}
          </span>
        </p>
      ) : null}
    </Card>
  );
}
