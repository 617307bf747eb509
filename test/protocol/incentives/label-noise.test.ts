import { expect } from "chai";
import { loadMnist, type Mnist } from "../../../coordinator/adapters/data/mnist.ts";
import { fedAvg } from "../../../coordinator/protocol/aggregation/fedavg.ts";
import { roundPayouts } from "../../../coordinator/protocol/incentives/payouts.ts";
import { exactShapley } from "../../../coordinator/protocol/incentives/shapley.ts";
import { initialModel } from "../../../coordinator/protocol/learning/architecture.ts";
import { coalitionScores } from "../../../coordinator/protocol/learning/coalitions.ts";
import { selectSamples } from "../../../coordinator/protocol/learning/dataset.ts";
import type { Kernels } from "../../../coordinator/protocol/learning/kernels.ts";
import { loadKernels } from "../../../coordinator/protocol/learning/load.ts";
import { partition } from "../../../coordinator/protocol/learning/partition.ts";
import { withFloats } from "../../../coordinator/protocol/model/model.ts";

const SOFTMAX = { kind: "dense", layers: [784, 10] } as const;
const LABEL_NOISE = [0, 0.1, 0.2, 0.3, 0.4];
const ROUNDS = 4;
const BUDGET = 100n * 10n ** 18n;
const CLIENTS = LABEL_NOISE.map((_, k) => `0x${`${k + 1}`.repeat(40)}`);

/** Trains five clients for a few rounds; returns what each was paid in all, and the last score. */
function pay(kernels: Kernels, mnist: Mnist, seed: number): { paid: bigint[]; score: number } {
  const parts = partition({ labels: mnist.train.labels, clients: 5, seed, labelNoise: LABEL_NOISE });
  const datasets = parts.map(({ indices, labels }) => selectSamples(mnist.train, indices, labels));
  let base = initialModel(SOFTMAX, seed);
  let paid = CLIENTS.map(() => 0n);
  for (let round = 1; round <= ROUNDS; round++) {
    const updates = datasets.map((dataset, k) => {
      const job = {
        architecture: SOFTMAX,
        model: base,
        dataset,
        epochs: 1,
        batchSize: 10,
        learningRate: 0.1,
      };
      const { model } = kernels.train({ ...job, seed: `${seed}/${round}/${k}` });
      return { floats: model.floats, sampleCount: dataset.count };
    });
    const scores = coalitionScores({
      kernels,
      architecture: SOFTMAX,
      base,
      updates,
      dataset: mnist.validation,
    });
    const payouts = roundPayouts(exactShapley(scores).numerators, CLIENTS, BUDGET);
    paid = paid.map((sum, k) => sum + (payouts[k] as bigint));
    base = withFloats(base, fedAvg(updates));
  }
  return { paid, score: kernels.score(SOFTMAX, base, mnist.validation) };
}

describe("pay under label noise", () => {
  for (const seed of [1, 2]) {
    it(`falls with every step of noise, and the budgets are paid in full: seed ${seed}`, async () => {
      const { paid, score } = pay(await loadKernels(), await loadMnist(), seed);
      for (let k = 1; k < paid.length; k++)
        expect((paid[k - 1] as bigint) > (paid[k] as bigint)).to.equal(true);
      expect(paid.reduce((a, b) => a + b, 0n)).to.equal(BigInt(ROUNDS) * BUDGET);
      expect(score).to.be.greaterThan(0.88 * 6000);
    });
  }
});
