import { sameHex } from "../protocol/bytes.ts";
import { candidateId, type Domain } from "../protocol/round/messages.ts";
import type { CandidateRecord } from "../protocol/views/federation-view.ts";
import { orderOf } from "../protocol/views/queries.ts";
import type { Audit } from "./verify-round.ts";

/** Every posted candidate has the id of its content and is signed by miners drawn for it. */
export async function checkCandidates(audit: Audit): Promise<void> {
  const { domain } = await audit.options.chain.federation();
  for (const posted of audit.record.candidates) {
    audit.checks.equal(`candidate ${posted.index}: id`, candidateId(posted.candidate), posted.id);
    checkSigners(audit, domain, posted);
  }
}

function checkSigners({ checks, record, options }: Audit, domain: Domain, posted: CandidateRecord): void {
  const order = orderOf(record);
  if (posted.signers.length === 0) checks.blocked(`candidate ${posted.index}: signers`, "it has none");
  for (const { miner, signature } of posted.signers) {
    const name = `candidate ${posted.index}: signature of ${miner}`;
    const seat = record.roster.find((member) => sameHex(member.miner, miner));
    const signer = options.recoverer.recover(domain, "Candidate", posted.candidate, signature);
    checks.equal(name, seat?.key, signer, "voting key at the opening, against the recovered signer");
    const rank = order?.findIndex((drawn) => sameHex(drawn, miner)) ?? -1;
    // Reserves post alone, in a slot of their own; ranks 0 and 1 may sign one candidate together.
    const allowed = rank === 0 || rank === 1 || (rank > 1 && posted.signers.length === 1);
    checks.holds(
      `candidate ${posted.index}: rank of ${miner}`,
      allowed,
      rank < 0 ? "not drawn" : `rank ${rank}`,
    );
  }
}
