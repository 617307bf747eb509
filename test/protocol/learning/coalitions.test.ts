import { expect } from "chai";
import { fedAvg } from "../../../coordinator/protocol/aggregation/fedavg.ts";
import { initialModel } from "../../../coordinator/protocol/learning/architecture.ts";
import { coalitionScore, coalitionScores } from "../../../coordinator/protocol/learning/coalitions.ts";
import type { Kernels } from "../../../coordinator/protocol/learning/kernels.ts";
import { loadKernels } from "../../../coordinator/protocol/learning/load.ts";
import { type Model, withFloats } from "../../../coordinator/protocol/model/model.ts";
import { expectCode } from "../expect-code.ts";
import { randomDataset } from "./reference.ts";

const architecture = { kind: "dense", layers: [16, 8, 4] } as const;
const dataset = randomDataset("coalitions", { count: 200, rows: 4, columns: 4, classes: 4 });
const base = initialModel(architecture, "base");
const updates = [3, 1, 2].map((sampleCount) => ({
  floats: initialModel(architecture, sampleCount).floats,
  sampleCount,
}));

describe("coalition scores", () => {
  let kernels: Kernels;
  before(async () => {
    kernels = await loadKernels();
  });

  it("are the scores of the averaged models, by bitmask", () => {
    const job = { kernels, architecture, base, updates, dataset };
    const scores = coalitionScores(job);
    const of = (...members: readonly number[]) => {
      const floats = fedAvg(updates.filter((_, k) => members.includes(k)));
      return kernels.score(architecture, withFloats(base, floats), dataset);
    };
    const expected = [of(0), of(1), of(0, 1), of(2), of(0, 2), of(1, 2), of(0, 1, 2)];
    expect(scores).to.deep.equal([kernels.score(architecture, base, dataset), ...expected]);
    expect(new Set(scores).size).to.be.greaterThan(4);
  });

  it("average members by ascending index, in whatever order they are named", () => {
    const seen: Float32Array[] = [];
    const score = (_: unknown, model: Model) => seen.push(model.floats);
    const values = [1000, 2 ** -44, 2 ** -44, -1000].map((value) => ({
      floats: new Float32Array(base.floats.length).fill(value),
      sampleCount: 1,
    }));
    const job = { kernels: { ...kernels, score }, architecture, base, updates: values, dataset };
    coalitionScore(job, [2, 1, 0, 3]);
    coalitionScore(job, [0, 1, 2, 3]);
    expect(seen[0]).to.deep.equal(seen[1]);
    expect(seen[0]?.[0]).to.equal(0);
  });

  it("of no update at all are the base model's alone", () => {
    const score = kernels.score(architecture, base, dataset);
    expect(coalitionScores({ kernels, architecture, base, updates: [], dataset })).to.deep.equal([score]);
  });

  it("are refused for more than ten updates", () => {
    const eleven = new Array(11).fill(updates[0]);
    expectCode("SHAPLEY_TOO_MANY", () =>
      coalitionScores({ kernels, architecture, base, updates: eleven, dataset }),
    );
  });
});
