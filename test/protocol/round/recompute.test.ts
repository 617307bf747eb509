import { expect } from "chai";
import fc from "fast-check";
import { fedAvg } from "../../../coordinator/protocol/aggregation/fedavg.ts";
import { aggregate } from "../../../coordinator/protocol/aggregation/reference.ts";
import { FEDAVG, parseRuleText } from "../../../coordinator/protocol/aggregation/rule.ts";
import { type Hex, keccak } from "../../../coordinator/protocol/bytes.ts";
import { payoutTree } from "../../../coordinator/protocol/incentives/payouts.ts";
import { initialModel } from "../../../coordinator/protocol/learning/architecture.ts";
import { createPrng, permutation } from "../../../coordinator/protocol/learning/prng.ts";
import { type Model, withFloats } from "../../../coordinator/protocol/model/model.ts";
import { modelRoot } from "../../../coordinator/protocol/model/model-root.ts";
import { encodeModel } from "../../../coordinator/protocol/model/safetensors.ts";
import { decodeManifestFile } from "../../../coordinator/protocol/round/manifest-file.ts";
import {
  type Aggregator,
  type RoundInput,
  recompute,
  type Scorer,
} from "../../../coordinator/protocol/round/recompute.ts";
import { canonicalUpdates } from "../../../coordinator/protocol/round/references.ts";
import { expectRejection } from "../../ports/expect-rejection.ts";
import { drawCase } from "../aggregation/drawn-cases.ts";

const word = (byte: string): Hex => `0x${byte.repeat(32)}`;
const base = initialModel({ kind: "dense", layers: [3, 2] }, "1");

/** Each client k adds k + 1 to every value; the score is the rounded mean difference from the base, times 10. */
const scoreOf = (model: Model) =>
  Math.round(10 * model.floats.reduce((sum, value, j) => sum + (value - base.floats[j]!), 0));
const scorer: Scorer = {
  score: async (model) => scoreOf(model),
  coalitionScores: async (from, updates) =>
    Array.from({ length: 1 << updates.length }, (_, mask) => {
      const members = updates.filter((_update, k) => mask & (1 << k));
      return scoreOf(members.length === 0 ? from : withFloats(from, fedAvg(members)));
    }),
  coalitionScore: async (from, updates, members) =>
    scoreOf(members.length === 0 ? from : withFloats(from, fedAvg(members.map((k) => updates[k]!)))),
};

function input(clients: number, change: Partial<RoundInput> = {}): RoundInput {
  const updates = Array.from({ length: clients }, (_, k) => {
    const model = withFloats(
      base,
      base.floats.map((value) => Math.fround(value + (k + 1) / 8)),
    );
    const client: Hex = `0x${(k + 1).toString(16).padStart(40, "0")}`;
    const update = {
      round: 3n,
      openingHash: word("01"),
      baseRoot: word("02"),
      modelRoot: modelRoot(model),
      modelCid: word("0c"),
      sampleCount: 100n,
    };
    return { model, signed: { client, update, signature: `0x${"05".repeat(64)}` as Hex } };
  });
  return {
    round: 3n,
    openingHash: word("01"),
    baseRoot: word("02"),
    base,
    rule: FEDAVG,
    updates,
    previousPayouts: [],
    budget: 1_000n,
    scorer,
    digest: async (bytes) => keccak(bytes),
    ...change,
  };
}

describe("recomputing a round", () => {
  it("names the aggregate, its score, the manifest and the payouts", async () => {
    const given = input(3);
    const { candidate, model, modelBytes, manifest, manifestBytes } = await recompute(given);
    const expected = fedAvg(given.updates.map((row) => ({ floats: row.model.floats, sampleCount: 100n })));
    expect(model.floats).to.deep.equal(expected);
    expect(candidate.modelRoot).to.equal(modelRoot(model));
    expect(candidate.modelCid).to.equal(keccak(encodeModel(model)));
    expect(modelBytes).to.deep.equal(encodeModel(model));
    expect(candidate.manifestCid).to.equal(keccak(manifestBytes));
    expect(decodeManifestFile(manifestBytes)).to.deep.equal(manifest);
    expect(candidate.validationScore).to.equal(scoreOf(model));
    expect(manifest.coalitionScores).to.have.length(8);
    expect(manifest.shapley!.denominator).to.equal(6n);
    const paid = manifest.payouts.reduce((sum, row) => sum + row.cumulative, 0n);
    expect([paid, candidate.payoutsTotal, candidate.totalSamples]).to.deep.equal([1_000n, 1_000n, 300n]);
    expect(candidate.payoutsRoot).to.equal(payoutTree(manifest.payouts).root);
    // The client that moved the model further earned more.
    const paidTo = (k: number) =>
      manifest.payouts.find(({ client }) => client === given.updates[k]!.signed.client)?.cumulative ?? 0n;
    expect(paidTo(2) > paidTo(0)).to.equal(true);
  });

  it("gives equal bytes for equal inputs", async () => {
    expect(await recompute(input(4))).to.deep.equal(await recompute(input(4)));
  });

  it("adds to what was paid before", async () => {
    const stranger = `0x${"99".repeat(20)}`;
    const previousPayouts = [{ client: stranger, cumulative: 7n }];
    const { manifest, candidate } = await recompute(input(1, { previousPayouts }));
    expect(manifest.payouts.map((row) => row.cumulative)).to.deep.equal([1_000n, 7n]);
    expect(candidate.payoutsTotal).to.equal(1_007n);
  });

  it("pays nobody and scores nothing without an evaluator", async () => {
    const { scorer: _, ...without } = input(2);
    const { manifest, candidate } = await recompute(without);
    expect(manifest.shapley).to.equal(null);
    expect(manifest.coalitionScores).to.equal(null);
    expect([candidate.validationScore, candidate.payoutsTotal]).to.deep.equal([0, 0n]);
  });

  it("samples Shapley values above ten updates, the same for everyone", async () => {
    const first = await recompute(input(11));
    expect(first.manifest.coalitionScores).to.equal(null);
    expect(first.manifest.shapley!.numerators).to.have.length(11);
    expect(first.candidate.validationScore).to.equal(scoreOf(first.model));
    expect(await recompute(input(11))).to.deep.equal(first);
  });

  describe("by a rule other than FedAvg", () => {
    const ruled = (text: string, clients = 7) => recompute(input(clients, { rule: parseRuleText(text) }));

    it("aggregates around the base model and scores the result itself", async () => {
      const given = input(7);
      const updates = given.updates.map(({ model }) => ({ floats: model.floats, sampleCount: 100 }));
      for (const text of ["median", "krum:1", "centred-clipping:0.25", "nnm:1+trimmed-mean:1"]) {
        const { model, candidate } = await ruled(text);
        const expected = aggregate(parseRuleText(text), updates, { centre: base.floats }).floats;
        expect(model.floats).to.deep.equal(expected);
        expect(candidate.validationScore).to.equal(scoreOf(model));
      }
    });

    it("says which updates had no part and why, and pays them nothing", async () => {
      const { manifest, manifestBytes } = await ruled("multi-krum:2");
      const { rule, weights, unweighted } = manifest.selection!;
      expect(rule).to.equal("multi-krum:2:blanchard");
      expect(weights.filter((weight) => weight === 0)).to.have.length(2);
      expect(weights.filter((weight) => weight === 2_000)).to.have.length(5);
      expect(unweighted.map(({ reason }) => reason)).to.deep.equal(
        new Array(2).fill("left out by multi-krum"),
      );
      expect(manifest.coalitionScores).to.have.length(32);
      for (const { client } of unweighted) {
        const k = manifest.updates.findIndex((signed) => signed.client === client);
        expect(weights[k]).to.equal(0);
        expect(manifest.shapley!.numerators[k]).to.equal(0n);
        expect(manifest.payouts.some((row) => row.client === client)).to.equal(false);
      }
      expect(manifest.shapley!.numerators).to.have.length(7);
      expect(decodeManifestFile(manifestBytes)).to.deep.equal(manifest);
    });

    it("names no weights where coordinates decide", async () => {
      const { selection } = (await ruled("median")).manifest;
      expect(selection).to.deep.equal({ rule: "median", weights: new Array(7).fill(null), unweighted: [] });
    });

    it("draws buckets from the round, not from what a proposer could choose", async () => {
      const rule = parseRuleText("bucketing:3+median");
      const first = await recompute(input(7, { rule }));
      expect(await recompute(input(7, { rule }))).to.deep.equal(first);
      const other = ["03", "04", "05", "06"].map((byte) =>
        recompute(input(7, { rule, openingHash: word(byte) })),
      );
      const roots = (await Promise.all(other)).map(({ candidate }) => candidate.modelRoot);
      expect(new Set(roots).size).to.be.above(1);
    });

    it("takes another engine", async () => {
      const asked: string[] = [];
      const aggregator: Aggregator = async (rule, updates, context) => {
        asked.push(rule.name);
        return aggregate(rule, updates, context);
      };
      const plain = await ruled("median");
      expect(await recompute(input(7, { rule: parseRuleText("median"), aggregator }))).to.deep.equal(plain);
      expect(asked).to.deep.equal(["median"]);
    });

    it("gives the same bytes in whatever order the updates arrived", async () => {
      const outcomeOf = (given: RoundInput) =>
        recompute(given).then(
          ({ candidate }) => candidate,
          ({ code }) => code,
        );
      await fc.assert(
        fc.asyncProperty(fc.nat(5_000), fc.string(), async (number, seed) => {
          const given = input(1 + (number % 12), { rule: drawCase(number).rule });
          const arrived = [...permutation(given.updates.length, createPrng(seed))].map(
            (k) => given.updates[k]!,
          );
          const sorted = canonicalUpdates(arrived.map(({ signed }) => signed));
          const updates = sorted.map((signed) => given.updates.find((entry) => entry.signed === signed)!);
          expect(await outcomeOf({ ...given, updates })).to.deep.equal(await outcomeOf(given));
        }),
        { numRuns: 60 },
      );
    });

    it("refuses a round with too few updates", async () => {
      await expectRejection("AGGREGATION_TOO_FEW", ruled("krum:1", 4));
    });

    it("keeps the version 1 manifest for FedAvg alone", async () => {
      const text = async (rule: string) => new TextDecoder().decode((await ruled(rule)).manifestBytes);
      expect(await text("fedavg"))
        .to.contain('"version":1')
        .and.not.contain("selection");
      expect(await text("norm-clipping:1+fedavg"))
        .to.contain('"version":2')
        .and.contain("selection");
    });
  });
});
