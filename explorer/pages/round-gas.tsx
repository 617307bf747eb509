import { gasOfRound } from "../../coordinator/protocol/ledger/report.ts";
import { PHASES } from "../../coordinator/protocol/ledger/row.ts";
import type { RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import { formatInteger } from "../format/text.ts";
import { ledgerRows } from "../state/ledger.ts";
import { useApp, useLoad } from "../ui/app-context.tsx";
import { Await, Card, Stat } from "../ui/layout.tsx";

/** What a round cost, by phase. */
export function RoundGas({ record }: { record: RoundRecord }) {
  const { federation, history } = useApp();
  const traces = record.transactions.flatMap((hash) => history.traces.get(hash) ?? []);
  const rows = useLoad(() => ledgerRows(federation, history, traces), [traces.length, record.round]);
  return (
    <Card title="Gas" side={<a href="#/gas">gas of all rounds</a>}>
      <Await of={rows}>
        {(known) => {
          const gas = gasOfRound(known, record.round);
          return (
            <div class="stats small">
              {[...PHASES.filter((phase) => phase !== "setup"), "total" as const].map((phase) => (
                <Stat key={phase} name={phase}>
                  {formatInteger(gas[phase])}
                </Stat>
              ))}
            </div>
          );
        }}
      </Await>
    </Card>
  );
}
