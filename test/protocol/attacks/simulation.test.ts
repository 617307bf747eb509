import { expect } from "chai";
import { parseRuleText } from "../../../coordinator/protocol/aggregation/rule.ts";
import { parseAttackText } from "../../../coordinator/protocol/attacks/attack.ts";
import { type Simulation, simulate } from "../../../coordinator/protocol/attacks/simulation.ts";
import { exponential, softmaxGradient, sparseImages } from "../../../coordinator/protocol/attacks/softmax.ts";
import { createPrng } from "../../../coordinator/protocol/learning/prng.ts";
import { expectCode } from "../expect-code.ts";

/** Images of 4 × 4 with one bright pixel, its position modulo 4 the class. */
function bars(count: number) {
  const prng = createPrng("bars");
  const images = new Uint8Array(count * 16);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const pixel = prng.below(16);
    images[16 * i + pixel] = 255;
    labels[i] = pixel % 4;
  }
  return sparseImages({ images, labels, count, rows: 4, columns: 4 });
}
const data = { train: bars(800), test: bars(200), classes: 4 };
const setting: Simulation = {
  rule: parseRuleText("fedavg"),
  attack: parseAttackText("none"),
  split: "iid",
  clients: 9,
  byzantine: 2,
  steps: 40,
  batchSize: 8,
  learningRate: 1,
  momentum: 0.5,
  seed: "1",
};
const run = (rule: string, attack: string, change: Partial<Simulation> = {}) =>
  simulate({ ...setting, rule: parseRuleText(rule), attack: parseAttackText(attack), ...change }, data);

describe("simulation", () => {
  it("shows the mean fall and robust rules survive", () => {
    expect(run("fedavg", "none").accuracy).to.equal(1);
    expect(run("fedavg", "ipm:5").accuracy).to.be.below(0.5);
    for (const rule of ["median", "trimmed-mean:2", "krum:2", "multi-krum:2", "nnm:2+median"])
      expect(run(rule, "ipm:5").accuracy, rule).to.be.above(0.9);
  });

  it("is the same on every run and another with another seed", () => {
    const once = run("geometric-median", "gaussian:10");
    expect(run("geometric-median", "gaussian:10")).to.deep.equal(once);
    const seeds = ["2", "3", "4"].map((seed) => run("krum:2", "gaussian:10", { seed, steps: 6 }).accuracy);
    expect(new Set(seeds).size).to.be.above(1);
  });

  it("refuses updates that are not finite or too large, as miners do", () => {
    for (const attack of ["nan", "infinity", "scaling:1e30", "ipm:1e6"]) {
      const { refused, accuracy } = run("multi-krum:2", attack);
      expect(refused).to.equal(2 * setting.steps);
      expect(accuracy).to.equal(1);
    }
  });

  it("reports what part the hostile had", () => {
    expect(run("fedavg", "ipm:5").hostileShare).to.be.closeTo(2 / 9, 1e-9);
    expect(run("multi-krum:2", "ipm:5").hostileShare).to.equal(0);
    expect(run("median", "ipm:5").hostileShare).to.equal(null);
  });

  it("deals one class per client", () => {
    expect(run("fedavg", "none", { split: "one-class" }).accuracy).to.equal(1);
    expect(run("krum:2", "none", { split: "one-class" }).accuracy).to.be.below(0.6);
  });

  it("refuses a setting without honest clients, steps or rate", () => {
    for (const change of [
      { byzantine: 9 },
      { byzantine: -1 },
      { steps: 0 },
      { learningRate: 0 },
      { momentum: 1 },
    ])
      expectCode("SIMULATION_PARAMETERS", () => run("fedavg", "none", change));
  });
});

describe("softmax regression", () => {
  it("has the exponential function right to 1e-14", () => {
    for (let x = -60; x <= 0; x += 0.37) {
      const exact = Math.exp(x);
      expect(Math.abs(exponential(x) - exact) / exact).to.be.below(3e-14);
    }
    expect(exponential(0)).to.equal(1);
    expect(exponential(-1000)).to.equal(0);
  });

  it("has the gradient of its loss", () => {
    const samples = [0, 1, 2, 3, 4];
    const weights = Float64Array.from({ length: 17 * 4 }, (_, j) => ((j * 37) % 11) / 10 - 0.5);
    const gradient = softmaxGradient(weights, { images: data.train, samples }, 4);
    const loss = (at: Float64Array) =>
      samples.reduce((sum, sample) => {
        const outputs = [0, 1, 2, 3].map((c) => {
          const pixel = data.train.positions[data.train.starts[sample]!]!;
          return at[pixel * 4 + c]! + at[64 + c]!;
        });
        const total = outputs.reduce((a, b) => a + Math.exp(b), 0);
        return sum - Math.log(Math.exp(outputs[data.train.labels[sample]!]!) / total) / samples.length;
      }, 0);
    for (let j = 0; j < weights.length; j++) {
      const moved = (by: number) => loss(weights.map((value, k) => (k === j ? value + by : value)));
      expect(gradient[j]).to.be.closeTo((moved(1e-5) - moved(-1e-5)) / 2e-5, 1e-8);
    }
  });
});
