import type { RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import { endEvent, isFinal, orderOf } from "../../coordinator/protocol/views/queries.ts";
import { summaryOfRound } from "../../coordinator/protocol/views/summary.ts";
import { viewAround } from "../chain/history.ts";
import { download, jsonText } from "../format/export.ts";
import { formatBps } from "../format/text.ts";
import { faultInWords } from "../format/words.ts";
import { linkTo } from "../state/route.ts";
import { useApp, useLoad } from "../ui/app-context.tsx";
import { Await, Card, Facts, Loading, Notice, Title } from "../ui/layout.tsx";
import { Table } from "../ui/table.tsx";
import { Timeline } from "../ui/timeline.tsx";
import { Address, Cid, From, Hash, Num, Pill, Round, Time, Tokens, Tx } from "../ui/values.tsx";
import { CandidateCard } from "./candidate.tsx";
import { RoundFaults } from "./round-faults.tsx";
import { RoundGas } from "./round-gas.tsx";
import { RoundPayouts } from "./round-payouts.tsx";
import { RoundReceipts, RoundRequests } from "./round-requests.tsx";
import { RoundScores } from "./round-scores.tsx";
import { paidOf } from "./rounds.tsx";

/** Everything about one round. */
export function RoundPage() {
  const { route, view, history, federation, complete } = useApp();
  const known = /^[1-9]\d{0,18}$/.test(route.key) ? view.rounds.get(BigInt(route.key)) : undefined;
  const wanted = /^[1-9]\d{0,18}$/.test(route.key) ? BigInt(route.key) : null;
  const beyond = wanted === null || wanted > view.latestRound;
  const older = useLoad(
    async () => (known || beyond || !complete ? null : viewAround(federation, history, wanted)),
    [route.key, complete, known === undefined],
  );
  if (!complete) return <Loading text="Reading the history …" />;
  if (known) return <RoundOf record={known} />;
  if (beyond)
    return (
      <Notice>
        There is no round “{route.key}”. Rounds so far: 1 to {String(view.latestRound)}; see{" "}
        <a href="#/rounds">all rounds</a>.
      </Notice>
    );
  return (
    <Await of={older}>
      {(from) => {
        const record = from?.rounds.get(wanted);
        return record ? <RoundOf record={record} /> : <Loading text="Reading this round again …" />;
      }}
    </Await>
  );
}

function RoundOf({ record }: { record: RoundRecord }) {
  const { time, view } = useApp();
  const { round, status } = record;
  const final = isFinal(record, time);
  const exportJson = () =>
    download(`round-${round}.json`, "application/json", jsonText(summaryOfRound(record, time)));
  return (
    <>
      <Title
        note={
          <>
            <Pill text={status} />{" "}
            {["agreed", "degraded", "ratified", "failed"].includes(status) ? (
              <Pill text={final ? "final" : "not final"} />
            ) : null}
          </>
        }
        side={
          <>
            {round > 1n ? (
              <a class="button" href={linkTo("round", round - 1n)}>
                ← {String(round - 1n)}
              </a>
            ) : null}
            {round < view.latestRound ? (
              <a class="button" href={linkTo("round", round + 1n)}>
                {String(round + 1n)} →
              </a>
            ) : null}
            <button type="button" class="button" onClick={exportJson}>
              JSON
            </button>
          </>
        }
      >
        Round {String(round)}
      </Title>
      <div class="columns">
        <Card title="Result">
          <Result record={record} />
        </Card>
        <Card title="Course">
          <Timeline record={record} />
        </Card>
      </div>
      {record.candidates.map((candidate) => (
        <CandidateCard key={candidate.id} record={record} candidate={candidate} />
      ))}
      {record.candidates.length === 0 ? (
        <Card title="Candidates">
          <p class="notice">No proposal reached the chain in this round.</p>
        </Card>
      ) : null}
      <RoundFaults record={record} />
      <RoundRequests record={record} />
      <RoundReceipts record={record} />
      <Refused record={record} />
      <RoundPayouts record={record} />
      <RoundScores record={record} />
      <RoundGas record={record} />
      <Card title="Transactions">
        <Table
          caption="transactions of the round"
          columns={[{ name: "transaction", show: (hash) => <Tx hash={hash} full /> }]}
          rows={record.transactions}
          keyOf={(hash) => hash}
          empty="None yet: the opening is part of the settlement before."
        />
      </Card>
    </>
  );
}

function Result({ record }: { record: RoundRecord }) {
  const { opened, ended } = record;
  const event = endEvent(record);
  const order = orderOf(record);
  return (
    <Facts
      rows={[
        [
          "opened",
          <From key="o" at={opened} event="RoundOpened">
            <Time at={opened.time} both />
          </From>,
        ],
        ended
          ? [
              "ended",
              <From key="e" at={ended} event={event}>
                <Time at={ended.time} both />
              </From>,
            ]
          : null,
        record.finalAt === null ? null : ["final from", <Time key="f" at={record.finalAt} both />],
        record.ratioBps === null
          ? null
          : [
              "ratio",
              <From key="r" at={ended} event={event}>
                {formatBps(record.ratioBps)}
              </From>,
            ],
        record.participationBps === null
          ? null
          : [
              "participation",
              <From key="p" at={ended} event={event}>
                {formatBps(record.participationBps)}
              </From>,
            ],
        record.settlement === null
          ? null
          : [
              "settlement",
              <From key="s" at={ended} event="RoundAgreed">
                <Num value={record.settlement} />
              </From>,
            ],
        record.standsOn.length === 0
          ? null
          : [
              "builds on degraded",
              <span key="g" class="list">
                {record.standsOn.map((earlier) => (
                  <Round key={String(earlier)} number={earlier} />
                ))}
              </span>,
            ],
        ["paid to clients", <Tokens key="t" units={paidOf(record)} exact />],
        ["base model", <Hash key="b" value={record.baseRoot} what="model root" />],
        [
          "its CID",
          <Cid key="c" digest={record.baseCid} none="the genesis model, made from the task’s seed" />,
        ],
        ["opening hash", <Hash key="h" value={record.openingHash} />],
        ["updates expected", <Num key="u" value={record.updateTarget} />],
        [
          "seed",
          record.seed === null ? (
            <span class="dim">not frozen yet</span>
          ) : (
            <From key="d" at={record.opened} event="RoundOpened">
              <Num value={record.seed} />
            </From>
          ),
        ],
        order
          ? [
              "drawn order",
              <span key="x" class="list">
                {order.map((miner, rank) => (
                  <span key={miner}>
                    <span class="dim">
                      {rank === 0 ? "primary" : rank === 1 ? "secondary" : `reserve ${rank - 1}`}
                    </span>{" "}
                    <Address value={miner} />
                  </span>
                ))}
              </span>,
            ]
          : null,
      ]}
    />
  );
}

function Refused({ record }: { record: RoundRecord }) {
  if (record.skippedVotes.length === 0) return null;
  return (
    <Card title="Refused votes">
      <Table
        caption="votes that did not count, and why"
        rows={record.skippedVotes}
        keyOf={({ position }) => position}
        empty=""
        columns={[
          { name: "position", number: true, show: ({ position }) => <Num value={position} /> },
          {
            name: "seat",
            show: ({ seat }) => {
              const miner = record.roster[seat]?.miner;
              return miner ? <Address value={miner} /> : `seat ${seat}`;
            },
          },
          {
            name: "why",
            show: ({ fault }) => (
              <From at={record.ended} event="VoteSkipped">
                {faultInWords(fault)}
              </From>
            ),
          },
        ]}
      />
    </Card>
  );
}
