import { deadlinesOf, isFinal, tokenTotals, winnerOf } from "../../coordinator/protocol/views/queries.ts";
import { phaseOf } from "../../coordinator/protocol/views/summary.ts";
import { formatShare, formatSpan } from "../format/text.ts";
import { linkTo } from "../state/route.ts";
import { accuracySeries, ratioSeries } from "../state/series.ts";
import { useApp } from "../ui/app-context.tsx";
import { Card, Facts, Loading, Stat, Title } from "../ui/layout.tsx";
import { Plot } from "../ui/plot.tsx";
import { Address, Cid, From, Hash, Num, Pill, Round, Time, Tokens } from "../ui/values.tsx";
import { LatestRounds } from "./rounds.tsx";

/** Where the federation stands. */
export function OverviewPage() {
  const { view, complete } = useApp();
  const totals = tokenTotals(view);
  const active = [...view.miners.values()].filter(({ status }) => status === "active").length;
  const clients = [...view.clients.values()].filter(({ terms }) => terms.at(-1)?.active).length;
  const agreed = [...view.rounds.values()].findLast(({ status }) => status === "agreed");
  // Before anything is read, nothing is said.
  const known = complete || view.rounds.size > 0;
  return (
    <>
      <Title note="rounds, votes, payouts and gas, read from the chain’s events">Federation</Title>
      {view.pause ? (
        <p class="notice">
          Paused since <Time at={view.pause.since} both />: no round, vote or dispute moves, and no time runs
          out. Exits and claims stay open. From <Time at={view.pause.until} both /> on anyone may end it.
        </p>
      ) : null}
      <div class="stats">
        <Stat
          name="newest round"
          note={agreed ? <>newest agreed {String(agreed.round)}</> : known && "none agreed yet"}
        >
          {known ? <Round number={view.latestRound} /> : "…"}
        </Stat>
        <Stat name="accuracy on the validation set" note="of the newest agreed model">
          <Accuracy />
        </Stat>
        <Stat
          name="miners"
          note={
            complete && (
              <>
                <Tokens units={totals.staked} /> staked
              </>
            )
          }
        >
          {complete ? active : "…"}
        </Stat>
        <Stat
          name="clients"
          note={
            complete && (
              <>
                <Tokens units={totals.promised} /> earned
              </>
            )
          }
        >
          {complete ? clients : "…"}
        </Stat>
        <Stat
          name="in the pot"
          note={
            complete && (
              <>
                <Tokens units={totals.claimed} /> claimed
              </>
            )
          }
        >
          {complete ? <Tokens units={totals.funded - totals.claimed} /> : "…"}
        </Stat>
      </div>
      <div class="columns">
        <Card title="Accuracy over rounds">
          <AccuracyPlot />
        </Card>
        <Card title="Agreement over rounds">
          <RatioPlot />
        </Card>
      </div>
      <CurrentRound />
      <Card title="Newest rounds" side={<a href="#/rounds">all rounds</a>}>
        <LatestRounds count={8} />
      </Card>
    </>
  );
}

function Accuracy() {
  const { view, federation } = useApp();
  const agreed = [...view.rounds.values()].findLast(({ status }) => status === "agreed");
  const won = agreed && winnerOf(agreed);
  if (!won) return <>–</>;
  return (
    <From at={won.posted} event="CandidatePosted">
      {formatShare(won.candidate.validationScore, federation.validationSize)}
    </From>
  );
}

export function AccuracyPlot() {
  const { history, federation, complete } = useApp();
  if (!complete) return <Loading text="Reading the history …" />;
  const series = accuracySeries(history.points, federation.validationSize);
  return (
    <Plot title="right answers on the validation set, %" series={series} format={(y) => `${round(y)}`} />
  );
}

function RatioPlot() {
  const { history, complete, view } = useApp();
  if (!complete) return <Loading text="Reading the history …" />;
  const quorum = Number(view.parameters?.quorumBps ?? 6_700n) / 100;
  return (
    <Plot
      title="weighted yes of all active weight, %"
      series={ratioSeries(history.points)}
      format={(y) => `${round(y)}`}
      floor={0}
      mark={{ y: quorum, name: `${quorum} % needed` }}
    />
  );
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function CurrentRound() {
  const { view, time, complete } = useApp();
  const record = view.rounds.get(view.latestRound);
  if (!record && !complete)
    return (
      <Card title="Current round">
        <Loading text="Reading the newest rounds …" />
      </Card>
    );
  if (!record)
    return (
      <Card title="Current round">
        <p class="notice">
          No round was opened yet. Anyone may open the first: it needs two active miners and a funded pot.
        </p>
      </Card>
    );
  const phase = record.status === "open" ? phaseOf(record, time) : "ended";
  const { collectMaxEnd, lastSlotEnd, graceEnd } = deadlinesOf(record);
  const end = graceEnd ?? (phase === "collect" ? collectMaxEnd : lastSlotEnd);
  return (
    <Card
      title={<a href={linkTo("round", record.round)}>Round {String(record.round)}</a>}
      side={<Pill text={record.status} />}
    >
      <Facts
        rows={[
          ["phase", <Pill key="p" text={phase} />],
          ["opened", <Time key="t" at={record.opened.time} both />],
          record.status === "open"
            ? [
                "this phase ends",
                end > time
                  ? `in ${formatSpan(end - time)}${view.pause ? " of federation time, which stands still" : ""}`
                  : `${formatSpan(time - end)} ago: the next block decides`,
              ]
            : ["final", isFinal(record, time) ? "yes" : "not yet"],
          ["base model", <Hash key="b" value={record.baseRoot} what="model root" />],
          [
            "its CID",
            <Cid key="c" digest={record.baseCid} none="the genesis model, made from the task’s seed" />,
          ],
          complete
            ? [
                "miners",
                <span key="m" class="list">
                  {record.roster.map(({ miner }) => (
                    <Address key={miner} value={miner} />
                  ))}
                </span>,
              ]
            : null,
          ["candidates", <Num key="n" value={record.candidates.length} />],
        ]}
      />
    </Card>
  );
}
