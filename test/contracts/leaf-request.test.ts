// Leaves of real models, asked for and shown: openings built by TypeScript, judged by the contract.
import { expect } from "chai";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { leafOpening, leafRequestId, leafToAsk } from "../../coordinator/protocol/faults/leaf.ts";
import {
  type Aggregation,
  accusedOf,
  aggregate,
  askForLeaf,
  committedReceiptProof,
  FEDAVG_ON_CHAIN,
  LEAF,
} from "./support/disputes.ts";
import { deployFederation, type Federation, LEAF_BOND } from "./support/federation.ts";
import { propose } from "./support/round.ts";

const LAST = 3_112;

describe("requests for leaves", () => {
  let f: Federation;
  let right: Aggregation;

  before(() => {
    right = aggregate(3);
  });
  beforeEach(async () => {
    f = await deployFederation({ rule: FEDAVG_ON_CHAIN });
    await propose(f, right.content, [0]);
  });

  const proofs = () => f.faultProofs!.connect(f.clients[0]);

  for (const [what, index] of [
    ["an update", 1],
    ["the model itself", null],
  ] as const)
    it(`are answered for ${what}`, async () => {
      const { asked } = await askForLeaf(f, right, index);
      const { requester, state } = await proofs().requestOf(leafRequestId(asked));
      expect([requester, state]).to.deep.equal([f.stranger.address, 1n]);
      const model = index === null ? right.claimed : right.models[index]!;
      await expect(proofs().answerLeaf(asked, leafOpening(model, LEAF + 1))).to.be.revertedWithCustomError(
        f.faultProofs!,
        "WrongOpening",
      );
      await proofs().answerLeaf(asked, leafOpening(model, LEAF));
      expect(await f.token.balanceOf(f.clients[0]!.address)).to.equal(LEAF_BOND / 2n);
    });

  it("strike the candidate if nobody answers", async () => {
    const { asked, claim } = await askForLeaf(f, right, 2);
    await f.helpers.time.increase(601);
    await expect(proofs().concludeLeaf(asked, claim.opening, await accusedOf(f, right.content)))
      .to.emit(f.consensus, "CandidateStruck")
      .withArgs(1n, claim.candidate);
    expect(await f.token.balanceOf(f.faultProofs!)).to.equal(0n);
  });

  it("name leaves that exist, others for others", () => {
    const about = { candidate: right.references[0]!.modelRoot, asker: right.references[0]!.client };
    const asked = Array.from({ length: 50 }, (_, k) => leafToAsk({ ...about, asked: k, dimension: 199_210 }));
    expect(Math.max(...asked)).to.be.at.most(LAST);
    expect(new Set(asked).size).to.be.above(45);
    const other = { ...about, asker: right.references[1]!.client };
    expect(leafToAsk({ ...other, asked: 0, dimension: 199_210 })).to.not.equal(asked[0]);
    expect(leafToAsk({ ...about, asked: 0, dimension: 64 })).to.equal(0);
  });
});

describe("proof of a broken receipt", () => {
  it("costs the signer a tenth, and the candidate that it signed alone", async () => {
    const f = await deployFederation({ rule: FEDAVG_ON_CHAIN });
    const right = aggregate(3);
    await propose(f, right.content, [0]);
    const update = { client: f.clients[0]!.address, modelRoot: `0x${"5a".repeat(32)}` as Hex };
    const call = await committedReceiptProof(f, right, update);
    const proofs = f.faultProofs!.connect(f.stranger);
    await expect(proofs.proveBrokenReceipt(...call))
      .to.emit(f.faultProofs!, "ReceiptBroken")
      .and.to.emit(f.consensus, "CandidateStruck");
    const kept = { client: right.references[1]!.client, modelRoot: update.modelRoot };
    const again = await committedReceiptProof(f, right, kept);
    await expect(proofs.proveBrokenReceipt(...again)).to.be.revertedWithCustomError(proofs, "ReceiptKept");
  });
});
