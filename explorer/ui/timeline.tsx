import type { ComponentChildren } from "preact";
import type { RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import { deadlinesOf, endEvent } from "../../coordinator/protocol/views/queries.ts";
import { formatSpan } from "../format/text.ts";
import { useApp } from "./app-context.tsx";
import { Address, From, Time } from "./values.tsx";

interface Step {
  readonly at: number;
  readonly what: ComponentChildren;
  /** Something that happened, not a limit. */
  readonly happened: boolean;
  /** Matters after the end of the round, too. */
  readonly lasts?: boolean;
}

/** What happened in a round and the limits of its phases, in order of time. */
export function Timeline({ record }: { record: RoundRecord }) {
  const { time } = useApp();
  const ended = record.ended?.time ?? Number.POSITIVE_INFINITY;
  // Limits that the end of the round overtook never mattered.
  const kept = limits(record).filter(({ at, lasts }) => at <= ended || lasts);
  const steps = [...happenings(record), ...kept].sort((a, b) => a.at - b.at);
  const opened = record.opened.time;
  return (
    <ol class="timeline">
      {steps.map((step, i) => (
        <li key={i} class={step.happened ? "happened" : step.at > time ? "ahead" : "limit"}>
          <span class="offset" title="since the opening">
            +{formatSpan(step.at - opened)}
          </span>
          <span>{step.what}</span>
          <span class="dim">
            <Time at={step.at} />
          </span>
        </li>
      ))}
    </ol>
  );
}

function happenings(record: RoundRecord): Step[] {
  const step = (at: number, what: ComponentChildren): Step => ({ at, what, happened: true });
  const { opened, ended } = record;
  return [
    step(
      opened.time,
      <From at={opened} event="RoundOpened">
        opened
      </From>,
    ),
    ...record.candidates.map(({ index, posted, signers }) =>
      step(
        posted.time,
        <>
          <From at={posted} event="CandidatePosted">
            candidate {index + 1} posted
          </From>{" "}
          by{" "}
          {signers.map(({ miner }, i) => (
            <span key={miner}>
              {i > 0 ? ", " : ""}
              <Address value={miner} />
            </span>
          ))}
        </>,
      ),
    ),
    ...record.castVotes.map(({ cast, miner }) =>
      step(
        cast.time,
        <>
          <From at={cast} event="VoteCast">
            vote on chain
          </From>{" "}
          by <Address value={miner} />
        </>,
      ),
    ),
    ...(ended
      ? [
          step(
            ended.time,
            <From at={ended} event={endEvent(record)}>
              {record.status}
            </From>,
          ),
        ]
      : []),
  ];
}

function limits(record: RoundRecord): Step[] {
  const { collectMinEnd, collectMaxEnd, proposeDeadline, voteDeadline, graceEnd } = deadlinesOf(record);
  const step = (at: number | null, what: string, lasts = false): Step[] =>
    at === null ? [] : [{ at, what, happened: false, lasts }];
  return [
    ...step(collectMinEnd, "collect: proposals from here on, if all updates are in"),
    ...step(collectMaxEnd, "collect ends"),
    ...step(proposeDeadline, "last moment of primary and secondary"),
    ...step(voteDeadline, "vote deadline"),
    ...step(graceEnd, "end of grace"),
    ...step(
      record.finalAt,
      ["agreed", "ratified", "failed"].includes(record.status) ? "final" : "would be final",
      true,
    ),
  ];
}
