import { sameHex } from "../protocol/bytes.ts";
import {
  type ReputationRule,
  reputationStep,
  stepReputation,
  WAD_PER_REPUTATION_STEP,
} from "../protocol/round/reputation.ts";
import type { RoundRecord, ScoreRecord } from "../protocol/views/federation-view.ts";
import { isLone, orderOf, tallyOf } from "../protocol/views/queries.ts";
import type { Audit } from "./verify-round.ts";

/** 1.0 in the contract's unit of reputation. */
const ONE = 10_000n;

/** Every voter got the step it earned, and the weight that follows; nobody else got one. */
export function checkReputation({ checks, record }: Audit): void {
  if (record.candidates.length === 0) return;
  // What one miner decides alone is nobody's merit and nobody's absence.
  if (isLone(record) && record.ballot === null) {
    checks.equal("reputations", 0, record.scores.length, "unchanged by a round that one miner decided");
    return;
  }
  const voters = new Set(record.countedVotes.map((vote) => vote.miner.toLowerCase()));
  const scored = record.scores.map((score) => score.miner.toLowerCase());
  checks.equal(
    "miners present",
    [...voters].sort().join(" "),
    scored.sort().join(" "),
    "who voted, against whose reputation was written",
  );
  const rule: ReputationRule = {
    min: record.parameters.reputationMin,
    max: record.parameters.reputationMax,
    gain: record.parameters.reputationGain,
    loss: record.parameters.reputationLoss,
  };
  for (const score of record.scores) {
    const after = stepReputation(score.before, stepOf(record, score, rule), rule);
    checks.equal(`reputation of ${score.miner}`, after, score.reputation, `WAD, ${score.before} before`);
    const weight = (score.stake * (after / WAD_PER_REPUTATION_STEP)) / ONE;
    checks.equal(`weight of ${score.miner}`, weight, score.weight, "stake × reputation");
  }
}

function stepOf(record: RoundRecord, { miner }: ScoreRecord, rule: ReputationRule): bigint {
  const order = orderOf(record) ?? [];
  const conduct = record.candidates.map((posted) => ({
    outcome: tallyOf(record, posted).outcome,
    signed: posted.signers.some((signer) => sameHex(signer.miner, miner)),
    support: record.countedVotes.find(
      (vote) => sameHex(vote.miner, miner) && sameHex(vote.candidate, posted.id),
    )?.support,
  }));
  const drawn = order.slice(0, 2).some((proposer) => sameHex(proposer, miner));
  return reputationStep(conduct, { drawn, agreed: record.winner !== null, rule });
}
