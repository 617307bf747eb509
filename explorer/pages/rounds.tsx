import type { RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import { endEvent, isFinal, winnerOf } from "../../coordinator/protocol/views/queries.ts";
import { viewAround } from "../chain/history.ts";
import { formatBps, formatShare, formatUtc } from "../format/text.ts";
import { withQuery } from "../state/route.ts";
import { type App, useApp, useLoad } from "../ui/app-context.tsx";
import { Await, Card, Title } from "../ui/layout.tsx";
import { type Column, Exports, Pager, Table } from "../ui/table.tsx";
import { From, Hash, Num, Pill, Round, Time, Tokens } from "../ui/values.tsx";

const PAGE_SIZE = 25;
const STATUSES = ["open", "agreed", "degraded", "ratified", "failed", "reverted", "voided"];

/** All rounds, newest first. */
export function RoundsPage() {
  const app = useApp();
  const { route, view, history, federation, complete } = app;
  const status = route.query.get("status");
  const before = Number(route.query.get("before") ?? 0) || Number(view.latestRound) + 1;
  const numbers = roundNumbers(app, before, status);
  const oldest = numbers.at(-1) ?? 0;
  const held = numbers.every((number) => view.rounds.has(BigInt(number)));
  const older = useLoad(
    async () => (held || numbers.length === 0 ? null : viewAround(federation, history, BigInt(oldest))),
    [held, oldest],
  );
  const columns = columnsOf(app);
  return (
    <>
      <Title note={<>{String(view.latestRound)} so far</>}>Rounds</Title>
      <Card side={<Filters status={status} />}>
        <Await of={held ? { value: view, error: null, loading: false } : older}>
          {(from) => {
            const rows = numbers.flatMap(
              (number) => view.rounds.get(BigInt(number)) ?? from?.rounds.get(BigInt(number)) ?? [],
            );
            return (
              <>
                <Table
                  caption="rounds, newest first"
                  columns={columns}
                  rows={rows}
                  keyOf={({ round }) => String(round)}
                  empty={
                    status
                      ? `No round is ${status}.`
                      : complete
                        ? "No round was opened yet."
                        : "Reading the history …"
                  }
                />
                <RoundPages before={before} numbers={numbers} status={status}>
                  <Exports name="rounds" columns={columns} rows={rows} />
                </RoundPages>
              </>
            );
          }}
        </Await>
      </Card>
    </>
  );
}

/** The newest rounds alone. */
export function LatestRounds({ count }: { count: number }) {
  const app = useApp();
  const rows = [...app.view.rounds.values()].slice(-count).reverse();
  return (
    <Table
      caption="the newest rounds"
      columns={columnsOf(app)}
      rows={rows}
      keyOf={({ round }) => String(round)}
      empty={app.complete ? "No round was opened yet." : "Reading the history …"}
    />
  );
}

/** Numbers of the rounds on a page; before the history is read only those that are there. */
function roundNumbers({ view, history, complete }: App, before: number, status: string | null): number[] {
  const numbers: number[] = [];
  for (
    let number = Math.min(before - 1, Number(view.latestRound));
    number > 0 && numbers.length < PAGE_SIZE;
    number--
  ) {
    const known = complete ? history.points.get(number)?.status : view.rounds.get(BigInt(number))?.status;
    if (known !== undefined && (status === null || known === status)) numbers.push(number);
  }
  return numbers;
}

function Filters({ status }: { status: string | null }) {
  const { route } = useApp();
  return (
    <span class="filters">
      <a
        href={withQuery(route, { status: null, before: null })}
        aria-current={status === null ? "true" : undefined}
      >
        all
      </a>
      {STATUSES.map((name) => (
        <a
          key={name}
          href={withQuery(route, { status: name, before: null })}
          aria-current={status === name ? "true" : undefined}
        >
          {name}
        </a>
      ))}
    </span>
  );
}

function RoundPages(props: {
  before: number;
  numbers: readonly number[];
  status: string | null;
  children: preact.ComponentChildren;
}) {
  const { before, numbers, children } = props;
  const { route, view } = useApp();
  const newest = Number(view.latestRound);
  const [first, last] = [numbers[0], numbers.at(-1)];
  const newer =
    before <= newest
      ? withQuery(route, { before: before + PAGE_SIZE > newest ? null : before + PAGE_SIZE })
      : null;
  const older =
    last !== undefined && last > 1 && numbers.length === PAGE_SIZE
      ? withQuery(route, { before: last })
      : null;
  return (
    <Pager newer={newer} older={older}>
      {first === undefined ? null : `rounds ${last} … ${first} `}
      {children}
    </Pager>
  );
}

function columnsOf({ federation, time, complete }: App): Column<RoundRecord>[] {
  const { validationSize } = federation;
  return [
    {
      name: "round",
      number: true,
      show: ({ round }) => <Round number={round} />,
      value: ({ round }) => round,
    },
    {
      name: "status",
      show: (record) => (
        <>
          <Pill text={record.status} />{" "}
          {["agreed", "degraded", "ratified"].includes(record.status) && !isFinal(record, time) ? (
            <Pill text="not final" />
          ) : null}
        </>
      ),
      value: ({ status }) => status,
    },
    {
      name: "ended",
      show: ({ ended }) => (ended ? <Time at={ended.time} /> : <span class="dim">running</span>),
      value: ({ ended }) => (ended ? formatUtc(ended.time) : null),
    },
    {
      name: "model",
      show: (record) => {
        const won = winnerOf(record);
        return won ? <Hash value={won.candidate.modelRoot} what="model root" /> : <span class="dim">–</span>;
      },
      value: (record) => winnerOf(record)?.candidate.modelRoot ?? null,
    },
    {
      name: "accuracy",
      number: true,
      show: (record) => {
        const won = winnerOf(record);
        if (!won) return "–";
        return (
          <From at={won.posted} event="CandidatePosted">
            {formatShare(won.candidate.validationScore, validationSize)}
          </From>
        );
      },
      value: (record) => winnerOf(record)?.candidate.validationScore ?? null,
    },
    {
      name: "ratio",
      title: "weighted yes of all active weight",
      number: true,
      show: (record) => <Bps of={record.ratioBps} record={record} />,
      value: ({ ratioBps }) => ratioBps,
    },
    {
      name: "participation",
      number: true,
      show: (record) => <Bps of={record.participationBps} record={record} />,
      value: ({ participationBps }) => participationBps,
    },
    {
      name: "yes / no",
      number: true,
      show: (record) => `${countVotes(record, true)} / ${countVotes(record, false)}`,
      value: (record) => `${countVotes(record, true)} / ${countVotes(record, false)}`,
    },
    {
      name: "updates",
      number: true,
      show: (record) => <Num value={winnerOf(record)?.candidate.updateCount ?? 0} />,
      value: (record) => winnerOf(record)?.candidate.updateCount ?? null,
    },
    {
      name: "paid",
      number: true,
      show: (record) => (complete ? <Tokens units={paidOf(record)} /> : "…"),
      value: (record) => (complete ? paidOf(record) : null),
    },
  ];
}

function Bps({ of, record }: { of: number | null; record: RoundRecord }) {
  if (of === null) return <>–</>;
  return (
    <From at={record.ended} event={endEvent(record)}>
      {formatBps(of)}
    </From>
  );
}

function countVotes(record: RoundRecord, support: boolean): number {
  const votes = record.ended ? record.countedVotes : record.castVotes;
  return votes.filter((vote) => vote.support === support).length;
}

/** What a round added to the payouts; totals are cumulative. */
export function paidOf(record: RoundRecord): bigint {
  // A degraded round pays nobody, ratified or not.
  const won = record.settlement === null ? undefined : winnerOf(record);
  return won ? won.candidate.payoutsTotal - record.payoutsTotal : 0n;
}
