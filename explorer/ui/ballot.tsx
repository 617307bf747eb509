import type { CandidateRecord, RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import { tallyOf, votesOn } from "../../coordinator/protocol/views/queries.ts";
import { formatBps } from "../format/text.ts";

const WHOLE = 10_000n;

/** Weight of yes (times confidence), of no, and of those who have not voted, against the line that must be reached. */
export function Ballot({ record, candidate }: { record: RoundRecord; candidate: CandidateRecord }) {
  const votes = votesOn(record, candidate.id);
  const { ratioBps } = tallyOf(record, candidate);
  const { activeWeight, parameters } = record;
  const no = votes.filter(({ support }) => !support).reduce((sum, { weight }) => sum + weight, 0n);
  const noBps = activeWeight === 0n ? 0 : Number((no * WHOLE) / activeWeight);
  const quorum = Number(parameters.quorumBps);
  const x = (bps: number) => bps / 20;
  return (
    <figure class="ballot">
      <svg
        viewBox="0 0 500 34"
        preserveAspectRatio="none"
        role="img"
        aria-label={`yes ${formatBps(ratioBps)}, no ${formatBps(noBps)}, needed ${formatBps(quorum)}`}
      >
        <rect class="rest" x="0" y="8" width="500" height="18" />
        <rect class="yes" x="0" y="8" width={x(ratioBps)} height="18" />
        <rect class="no" x={500 - x(noBps)} y="8" width={x(noBps)} height="18" />
        <line class="needed" x1={x(quorum)} x2={x(quorum)} y1="2" y2="32" />
      </svg>
      <figcaption>
        <span class="key yes">
          <i /> yes <b>{formatBps(ratioBps)}</b>
        </span>
        <span class="key no">
          <i /> no <b>{formatBps(noBps)}</b>
        </span>
        <span class="key rest">
          <i /> not voted or below full confidence
        </span>
        <span class="key needed">
          <i /> needed <b>{formatBps(quorum)}</b>
        </span>
      </figcaption>
    </figure>
  );
}
