import { expect } from "chai";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import type { FederationView, RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import { contestable } from "../../coordinator/watch/contestable.ts";

const [PROVEN, OTHER] = ["0x01", "0x02"] as const satisfies readonly Hex[];
const NOW = 100;

/** What is looked at of a round with two candidates, the first proven wrong at a rate. */
function lookedAt(status: RoundRecord["status"], slashBps: number, finalAt: number | null = NOW + 1) {
  const candidates = [PROVEN, OTHER].map((id) => ({ id }));
  const faults = slashBps > 0 ? [{ candidate: PROVEN, slashBps }] : [];
  const record = { status, finalAt, candidates, faults } as unknown as RoundRecord;
  const view = { rounds: new Map([[1n, record]]) } as unknown as FederationView;
  return contestable(view, NOW).map(([, { id }]) => id);
}

describe("what can be contested", () => {
  it("is every candidate of a round until it is final", () => {
    for (const status of ["open", "failed", "agreed", "degraded"] as const)
      expect(lookedAt(status, 0), status).to.have.members([PROVEN, OTHER]);
    expect(lookedAt("agreed", 0, NOW)).to.deep.equal([]);
    expect(lookedAt("degraded", 0, null)).to.have.length(2);
    expect(lookedAt("voided", 0)).to.deep.equal([]);
  });

  it("is a candidate proven wrong at a low rate, and not at the highest", () => {
    expect(lookedAt("failed", 100)).to.have.members([PROVEN, OTHER]);
    expect(lookedAt("failed", 5_000)).to.deep.equal([OTHER]);
  });

  it("is of a round that was taken back what it fell for", () => {
    expect(lookedAt("reverted", 100)).to.deep.equal([PROVEN]);
    expect(lookedAt("reverted", 5_000)).to.deep.equal([]);
    expect(lookedAt("reverted", 0)).to.deep.equal([]);
  });
});
