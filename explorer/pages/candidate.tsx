import type {
  CandidateRecord,
  RoundRecord,
  VoteRecord,
} from "../../coordinator/protocol/views/federation-view.ts";
import { orderOf, tallyOf, weightOf } from "../../coordinator/protocol/views/queries.ts";
import { fileSize } from "../chain/files.ts";
import { formatBps, formatBytes, formatShare } from "../format/text.ts";
import { reasonInWords } from "../format/words.ts";
import { useApp, useLoad } from "../ui/app-context.tsx";
import { Ballot } from "../ui/ballot.tsx";
import { Card, Facts } from "../ui/layout.tsx";
import { type Column, Exports, Table } from "../ui/table.tsx";
import { Address, Cid, From, Hash, Num, Pill, Tokens } from "../ui/values.tsx";

/** One candidate: what was proposed, by whom, and how it was voted on. */
export function CandidateCard({ record, candidate }: { record: RoundRecord; candidate: CandidateRecord }) {
  const { outcome } = tallyOf(record, candidate);
  const won = record.winner === candidate.id;
  return (
    <Card
      title={<>Candidate {candidate.index + 1}</>}
      side={
        <>
          <Pill text={outcome} /> {won ? <Pill text="winner" tone="good" /> : null}
        </>
      }
    >
      <Ballot record={record} candidate={candidate} />
      <div class="columns inner">
        <Content record={record} candidate={candidate} />
        <Votes record={record} candidate={candidate} />
      </div>
    </Card>
  );
}

function Content({ record, candidate }: { record: RoundRecord; candidate: CandidateRecord }) {
  const { federation } = useApp();
  const { candidate: content, posted } = candidate;
  const from = (value: preact.ComponentChildren) => (
    <From at={posted} event="CandidatePosted">
      {value}
    </From>
  );
  return (
    <Facts
      rows={[
        ["candidate id", <Hash key="i" value={candidate.id} what="candidate id" />],
        ["proposed by", <Signers key="s" record={record} candidate={candidate} />],
        ["model", <Hash key="m" value={content.modelRoot} what="model root" />],
        [
          "model’s CID",
          <span key="c">
            <Cid digest={content.modelCid} /> <ModelSize digest={content.modelCid} />
          </span>,
        ],
        ["manifest’s CID", <Cid key="f" digest={content.manifestCid} />],
        [
          "validation score",
          from(
            <>
              <Num value={content.validationScore} /> of <Num value={federation.validationSize} /> (
              {formatShare(content.validationScore, federation.validationSize)})
            </>,
          ),
        ],
        [
          "updates",
          from(
            <>
              <Num value={content.updateCount} /> with <Num value={content.totalSamples} /> samples
            </>,
          ),
        ],
        ["payouts, all rounds", from(<Tokens units={content.payoutsTotal} exact />)],
        ["payout root", <Hash key="p" value={content.payoutsRoot} />],
        ["updates hash", <Hash key="u" value={content.updatesHash} />],
      ]}
    />
  );
}

function Signers({ record, candidate }: { record: RoundRecord; candidate: CandidateRecord }) {
  const order = orderOf(record) ?? [];
  return (
    <span class="list">
      {candidate.signers.map(({ miner }) => {
        const rank = order.findIndex((drawn) => drawn.toLowerCase() === miner.toLowerCase());
        return (
          <span key={miner}>
            <Address value={miner} />{" "}
            <span class="dim">
              {rank < 0 ? "" : rank === 0 ? "primary" : rank === 1 ? "secondary" : `reserve ${rank - 1}`}
            </span>
          </span>
        );
      })}
    </span>
  );
}

function ModelSize({ digest }: { digest: CandidateRecord["id"] }) {
  const { federation } = useApp();
  const size = useLoad(
    async () => (federation.content === null ? null : fileSize(federation, digest)),
    [digest],
  );
  if (federation.content === null) return <span class="dim">(size unknown: no source of files)</span>;
  if (size.error)
    return (
      <span class="dim" title={size.error.message}>
        (not available)
      </span>
    );
  return <span class="dim">{size.value === null ? "…" : formatBytes(size.value)}</span>;
}

function Votes({ record, candidate }: { record: RoundRecord; candidate: CandidateRecord }) {
  const all: readonly VoteRecord[] = record.ended ? record.countedVotes : record.castVotes;
  const votes = all.filter((vote) => vote.candidate === candidate.id);
  const columns = voteColumns(record);
  return (
    <div>
      <Table
        caption={`votes on candidate ${candidate.index + 1}`}
        columns={columns}
        rows={votes}
        keyOf={({ miner }) => miner}
        empty={
          record.ended
            ? "No vote on this candidate was counted."
            : "Votes are collected by the miners; none is on chain yet."
        }
      />
      {votes.length > 0 ? (
        <Exports name={`round-${record.round}-votes-${candidate.index + 1}`} columns={columns} rows={votes} />
      ) : null}
    </div>
  );
}

function voteColumns(record: RoundRecord): Column<VoteRecord>[] {
  const share = (weight: bigint) => Number((weight * 10_000n) / (record.activeWeight || 1n));
  const event = record.ended ? "VotesCounted" : "VoteCast";
  return [
    { name: "miner", show: ({ miner }) => <Address value={miner} />, value: ({ miner }) => miner },
    {
      name: "vote",
      show: (vote) => (
        <From at={record.ended} event={event}>
          <Pill text={vote.support ? "yes" : "no"} />
        </From>
      ),
      value: ({ support }) => (support ? "yes" : "no"),
    },
    {
      name: "confidence",
      number: true,
      show: ({ confidence }) => formatBps(confidence),
      value: ({ confidence }) => confidence,
    },
    {
      name: "weight",
      number: true,
      show: ({ miner }) => <Tokens units={weightOf(record, miner)} />,
      value: ({ miner }) => weightOf(record, miner),
    },
    { name: "share", number: true, show: ({ miner }) => formatBps(share(weightOf(record, miner))) },
    {
      name: "reason",
      show: (vote) =>
        reasonInWords(vote.reason, "reasonIndex" in vote ? (vote.reasonIndex as bigint) : undefined),
      value: ({ reason }) => reason,
    },
  ];
}
