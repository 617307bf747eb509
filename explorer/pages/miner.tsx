import { sameHex } from "../../coordinator/protocol/bytes.ts";
import type { RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import { weightOf } from "../../coordinator/protocol/views/queries.ts";
import { formatBps, formatWad } from "../format/text.ts";
import { reasonInWords } from "../format/words.ts";
import { dutiesOf, hasSigned } from "../state/duties.ts";
import { minerSeries } from "../state/series.ts";
import { useApp } from "../ui/app-context.tsx";
import { Card, Facts, Loading, Notice, Title } from "../ui/layout.tsx";
import { Plot } from "../ui/plot.tsx";
import { type Column, Exports, Table } from "../ui/table.tsx";
import { Address, From, Num, Pill, Round, Time, Tokens } from "../ui/values.tsx";
import { short } from "./miners.tsx";

/** Rounds listed of one miner. */
const ROUNDS_SHOWN = 50;

/** One miner: its standing, and what it did in each round. */
export function MinerPage() {
  const { route, view, complete, label } = useApp();
  if (!complete) return <Loading text="Reading the history …" />;
  const miner = view.miners.get(route.key.toLowerCase());
  if (!miner)
    return (
      <Notice>
        No miner “{route.key}” has registered here; see <a href="#/miners">all miners</a>.
      </Notice>
    );
  const nameOf = (address: string) => label(address)?.name ?? address;
  const rounds = [...view.rounds.values()].filter(({ roster }) =>
    roster.some((seat) => sameHex(seat.miner, miner.miner)),
  );
  const shown = rounds.slice(-ROUNDS_SHOWN).reverse();
  const columns = columnsOf(miner.miner);
  const { drawn, proposed, lastSeen } = dutiesOf(view, miner);
  return (
    <>
      <Title note={<Pill text={miner.status} />}>{nameOf(miner.miner)}</Title>
      <div class="columns">
        <Card title="Standing">
          <Facts
            rows={[
              ["account", <Address key="a" value={miner.miner} full />],
              ["voting key", <Address key="k" value={miner.key} />],
              sameHex(miner.key, miner.nextKey)
                ? null
                : ["from the next opening", <Address key="n" value={miner.nextKey} />],
              [
                "endpoint",
                <code key="e" class="endpoint">
                  {miner.endpoint}
                </code>,
              ],
              ["stake", <Tokens key="s" units={miner.stake} exact />],
              miner.unbonding > 0n
                ? [
                    "unbonding",
                    <span key="u">
                      <Tokens units={miner.unbonding} exact /> until <Time at={miner.releaseAt} both />
                    </span>,
                  ]
                : null,
              miner.slashed > 0n ? ["slashed so far", <Tokens key="x" units={miner.slashed} exact />] : null,
              ["reputation", formatWad(miner.reputation)],
              ["weight", <Tokens key="w" units={miner.weight} exact />],
              [
                "votes",
                <span key="v">
                  <Num value={miner.voted} /> met, <Num value={miner.missed} /> missed
                </span>,
              ],
              [
                "proposals",
                <span key="p">
                  <Num value={proposed} /> of <Num value={drawn} /> times drawn first or second
                </span>,
              ],
              [
                "last seen",
                lastSeen === null ? (
                  "never"
                ) : (
                  <span key="l">
                    <Round number={lastSeen} word />
                  </span>
                ),
              ],
            ]}
          />
        </Card>
        <Card title="Reputation and stake over rounds">
          <Plot
            title="reputation after each round"
            series={minerSeries(view, "reputation", nameOf, miner.miner)}
            format={(y) => String(Math.round(y * 100) / 100)}
          />
          <Plot
            title="stake, tokens"
            series={minerSeries(view, "stake", nameOf, miner.miner)}
            format={short}
          />
        </Card>
      </div>
      <Card title="Rounds" side={<Exports name={`miner-${miner.miner}`} columns={columns} rows={shown} />}>
        <Table
          caption="what the miner did in each round"
          columns={columns}
          rows={shown}
          keyOf={({ round }) => String(round)}
          empty="It has had no seat in a round yet."
        />
      </Card>
    </>
  );
}

function columnsOf(miner: string): Column<RoundRecord>[] {
  const voteOf = (record: RoundRecord) => record.countedVotes.find((vote) => sameHex(vote.miner, miner));
  const scoreOf = (record: RoundRecord) => record.scores.find((score) => sameHex(score.miner, miner));
  return [
    {
      name: "round",
      number: true,
      show: ({ round }) => <Round number={round} />,
      value: ({ round }) => round,
    },
    { name: "result", show: ({ status }) => <Pill text={status} />, value: ({ status }) => status },
    {
      name: "proposed",
      show: (record) =>
        hasSigned(record, miner) ? (
          <From at={record.candidates[0]?.posted ?? null} event="CandidatePosted">
            signed
          </From>
        ) : (
          "–"
        ),
      value: (record) => hasSigned(record, miner),
    },
    {
      name: "vote",
      show: (record) => {
        const vote = voteOf(record);
        if (vote)
          return (
            <>
              <From at={record.ended} event="VotesCounted">
                <Pill text={vote.support ? "yes" : "no"} />
              </From>{" "}
              {formatBps(vote.confidence)} {reasonInWords(vote.reason)}
            </>
          );
        return record.ballot === null ? "–" : <span class="negative">missed</span>;
      },
      value: (record) => {
        const vote = voteOf(record);
        return vote ? (vote.support ? "yes" : "no") : null;
      },
    },
    {
      name: "weight",
      number: true,
      show: (record) => <Tokens units={weightOf(record, miner as `0x${string}`)} />,
      value: (record) => weightOf(record, miner as `0x${string}`),
    },
    {
      name: "reputation after",
      number: true,
      show: (record) => {
        const score = scoreOf(record);
        return score ? (
          <From at={record.ended} event="VotesCounted">
            {formatWad(score.reputation)}
          </From>
        ) : (
          "–"
        );
      },
      value: (record) => scoreOf(record)?.reputation ?? null,
    },
  ];
}
