// Entries of manifests that no honest miner writes, found and proven by TypeScript, judged by the contract.
import { expect } from "chai";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import {
  buildReferenceProof,
  findOutOfDomain,
  findWrongReference,
  type WrongReference,
} from "../../coordinator/protocol/faults/reference.ts";
import { type UpdateReference, updatesHash } from "../../coordinator/protocol/round/references.ts";
import { type Aggregation, aggregate, committedReferenceProof, FEDAVG_ON_CHAIN } from "./support/disputes.ts";
import { deployFederation, type Federation } from "./support/federation.ts";
import { type Content, propose } from "./support/round.ts";

/** ReferenceFault by number. */
const FAULT = { "not-ascending": 1, "sample-count": 2, "not-client": 3, "over-cap": 4, "out-of-domain": 5 };
const CAP = 100_000n;

describe("proof of a wrong manifest entry", () => {
  let f: Federation;
  let right: Aggregation;

  before(() => {
    right = aggregate(3);
  });
  beforeEach(async () => {
    f = await deployFederation({ rule: FEDAVG_ON_CHAIN });
  });

  const limitsOf = (client: Hex) => {
    const known = f.clients.some(({ address }) => address.toLowerCase() === client.toLowerCase());
    return known ? { active: true, sampleCap: CAP } : undefined;
  };

  /** The entries as those of the registered clients, ascending. */
  function entries(of: Aggregation): UpdateReference[] {
    const clients = f.clients.map(({ address }) => address as Hex);
    clients.sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
    return of.references.map((entry, k) => ({ ...entry, client: clients[k]! }));
  }

  function holding(of: Aggregation, references: UpdateReference[]): Content {
    return { ...of.content, updatesHash: updatesHash(references) };
  }

  async function proves(wrong: WrongReference, of: Aggregation, references: UpdateReference[]) {
    const content = holding(of, references);
    await propose(f, content, [0]);
    const model = wrong.verdict === "out-of-domain" ? of.models[wrong.index] : undefined;
    const call = await committedReferenceProof(f, content, buildReferenceProof(wrong, references, model));
    await expect(f.faultProofs!.connect(f.stranger).proveReference(...call))
      .to.emit(f.faultProofs!, "ReferenceWrong")
      .withArgs(call[0].claim.candidate, wrong.index, FAULT[wrong.verdict]);
  }

  it("holds for a stranger's update", async () => {
    const references = entries(right);
    references[2] = { ...references[2]!, client: `0x${"ff".repeat(20)}` };
    const wrong = findWrongReference(references, limitsOf)!;
    expect([wrong.index, wrong.verdict]).to.deep.equal([2, "not-client"]);
    await proves(wrong, right, references);
  });

  it("holds for too many samples, for none, and for more than the client may have", async () => {
    for (const [samples, verdict] of [
      [0n, "sample-count"],
      [2n ** 32n + 1n, "sample-count"],
      [CAP + 1n, "over-cap"],
    ] as const) {
      f = await deployFederation({ rule: FEDAVG_ON_CHAIN });
      const references = entries(right);
      references[1] = { ...references[1]!, sampleCount: samples };
      const wrong = findWrongReference(references, limitsOf)!;
      expect([wrong.index, wrong.verdict]).to.deep.equal([1, verdict]);
      await proves(wrong, right, references);
    }
  });

  it("holds for a client counted twice", async () => {
    const references = entries(right);
    references[1] = { ...references[1]!, client: references[0]!.client };
    const wrong = findWrongReference(references, limitsOf)!;
    expect([wrong.index, wrong.verdict]).to.deep.equal([1, "not-ascending"]);
    await proves(wrong, right, references);
  });

  it("holds for a value nobody can compute with", async () => {
    let update = 0;
    const huge = aggregate(3, (weights) => {
      if (update++ === 1) weights[77] = 2 ** 20;
    });
    const wrong = findOutOfDomain(huge.models, FEDAVG_ON_CHAIN.maxExponent)!;
    expect(wrong).to.deep.equal({ index: 1, verdict: "out-of-domain", coordinate: 77 });
    await proves(wrong, huge, entries(huge));
  });

  it("does not hold where nothing is wrong", async () => {
    const references = entries(right);
    expect(findWrongReference(references, limitsOf)).to.equal(undefined);
    expect(findOutOfDomain(right.models, FEDAVG_ON_CHAIN.maxExponent)).to.equal(undefined);
    const content = holding(right, references);
    await propose(f, content, [0]);
    const built = buildReferenceProof({ index: 1, verdict: "over-cap", coordinate: 0 }, references);
    const call = await committedReferenceProof(f, content, built);
    await expect(f.faultProofs!.connect(f.stranger).proveReference(...call)).to.be.revertedWithCustomError(
      f.faultProofs!,
      "ReferenceRight",
    );
  });
});
