import type { RoundRecord, ScoreRecord } from "../../coordinator/protocol/views/federation-view.ts";
import { formatWad } from "../format/text.ts";
import { Card } from "../ui/layout.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Address, From, Tokens } from "../ui/values.tsx";

/** How the round changed the miners' reputation and weight. */
export function RoundScores({ record }: { record: RoundRecord }) {
  if (record.ballot === null) return null;
  const present = new Set(record.scores.map(({ miner }) => miner.toLowerCase()));
  const absent = record.roster.filter(({ miner }) => !present.has(miner.toLowerCase()));
  return (
    <Card title="Reputation">
      <Table
        caption="reputation before and after the round"
        columns={columnsOf(record)}
        rows={record.scores}
        keyOf={({ miner }) => miner}
        empty="Nobody’s vote was counted."
      />
      {absent.length > 0 ? (
        <p class="note">
          Missed their duty to vote, and lose reputation:{" "}
          <span class="list">
            {absent.map(({ miner }) => (
              <Address key={miner} value={miner} />
            ))}
          </span>
        </p>
      ) : null}
    </Card>
  );
}

function columnsOf(record: RoundRecord): Column<ScoreRecord>[] {
  const from = (value: string) => (
    <From at={record.ended} event="VotesCounted">
      {value}
    </From>
  );
  return [
    { name: "miner", show: ({ miner }) => <Address value={miner} /> },
    { name: "before", number: true, show: ({ before }) => formatWad(before) },
    {
      name: "after",
      number: true,
      show: ({ before, reputation }) => (
        <span class={reputation < before ? "negative" : reputation > before ? "positive" : ""}>
          {from(formatWad(reputation))}
        </span>
      ),
    },
    { name: "stake", number: true, show: ({ stake }) => <Tokens units={stake} /> },
    { name: "weight from then on", number: true, show: ({ weight }) => <Tokens units={weight} /> },
  ];
}
