import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { type Architecture, initialModel } from "../../../coordinator/protocol/learning/architecture.ts";
import { type Dataset, selectSamples } from "../../../coordinator/protocol/learning/dataset.ts";
import type { Kernels } from "../../../coordinator/protocol/learning/kernels.ts";
import { loadKernels } from "../../../coordinator/protocol/learning/load.ts";
import { createPrng, permutation } from "../../../coordinator/protocol/learning/prng.ts";
import { type Model, withFloats } from "../../../coordinator/protocol/model/model.ts";
import { expectCode } from "../expect-code.ts";
import { floatsOf, gradient, meanLoss, networkOf, outputs, randomDataset } from "./reference.ts";
import { referenceTraining } from "./training-digest.ts";

/** [layers, rows, columns of the images, samples]; widths on and off multiples of four and of eight */
const SHAPES: [number[], number, number, number][] = [
  [[6, 3], 2, 3, 5],
  [[9, 4, 2], 3, 3, 7],
  [[20, 13, 8, 5], 4, 5, 10],
  [[1, 1, 2], 1, 1, 4],
];
const dense = (...layers: readonly number[]): Architecture => ({ kind: "dense", layers });

/** The initial model with biases that are not zero, so that a forgotten bias shows. */
function modelFor(architecture: Architecture): Model {
  const model = initialModel(architecture, "test");
  const prng = createPrng("biases");
  return withFloats(
    model,
    model.floats.map((x) => (x === 0 ? (prng.below(200) - 99.5) / 400 : x)),
  );
}

describe("kernels", () => {
  let kernels: Kernels;
  before(async () => {
    kernels = await loadKernels();
  });
  const job = (architecture: Architecture, dataset: Dataset) => {
    const model = modelFor(architecture);
    return { architecture, model, dataset, epochs: 1, batchSize: dataset.count, learningRate: 1, seed: "s" };
  };

  for (const [layers, rows, columns, count] of SHAPES) {
    const architecture = dense(...layers);
    const dataset = randomDataset("data", { count, rows, columns, classes: layers.at(-1) as number });

    it(`step along the gradient of the loss, by finite differences: ${layers.join("-")}`, () => {
      const before = modelFor(architecture).floats;
      const { model, loss } = kernels.train(job(architecture, dataset));
      expect(loss).to.be.closeTo(meanLoss(networkOf(architecture, before), dataset), 1e-6);
      gradient(architecture, [...before], dataset).forEach((slope, i) => {
        expect((before[i] as number) - (model.floats[i] as number)).to.be.closeTo(slope, 1e-6);
      });
    });

    it(`count the answers a plain implementation counts: ${layers.join("-")}`, () => {
      const model = modelFor(architecture);
      const network = networkOf(architecture, model.floats);
      const features = rows * columns;
      const correct = dataset.labels.filter((label, i) => {
        const values = outputs(network, dataset.images.subarray(i * features, (i + 1) * features));
        return values.indexOf(Math.max(...values)) === label;
      });
      expect(kernels.score(architecture, model, dataset)).to.equal(correct.length);
    });
  }

  it("train in batches, the last one smaller, for several epochs in the order of the seed", () => {
    const architecture = dense(6, 5, 3);
    const dataset = randomDataset("batches", { count: 7, rows: 2, columns: 3, classes: 3 });
    const settings = { ...job(architecture, dataset), epochs: 2, batchSize: 3, learningRate: 0.5 };
    let expected = [...settings.model.floats];
    const prng = createPrng("s");
    for (let epoch = 0; epoch < 2; epoch++) {
      const order = permutation(7, prng);
      for (let from = 0; from < 7; from += 3) {
        const batch = selectSamples(dataset, order.slice(from, from + 3));
        const slopes = gradient(architecture, expected, batch);
        expected = expected.map((x, i) => x - 0.5 * (slopes[i] as number));
      }
    }
    const { floats } = kernels.train(settings).model;
    expected.forEach((value, i) => {
      expect(floats[i]).to.be.closeTo(value, 2e-6);
    });
  });

  it("report progress up to the end", () => {
    const dataset = randomDataset("progress", { count: 250, rows: 1, columns: 2, classes: 2 });
    const seen: [number, number][] = [];
    const onProgress = (done: number, total: number) => seen.push([done, total]);
    kernels.train({ ...job(dense(2, 2), dataset), epochs: 2, batchSize: 1, learningRate: 0.01, onProgress });
    expect(seen.map(([done]) => done)).to.deep.equal([100, 200, 250, 350, 450, 500]);
    expect(new Set(seen.map(([, total]) => total))).to.deep.equal(new Set([500]));
  });

  it("give the lowest class when outputs are equal", () => {
    const architecture = dense(4, 3);
    const model = withFloats(initialModel(architecture, 1), new Float32Array(15));
    const images = new Uint8Array(12).fill(9);
    const dataset = { images, labels: Uint8Array.of(0, 1, 2), count: 3, rows: 2, columns: 2 };
    expect(kernels.score(architecture, model, dataset)).to.equal(1);
    const later = withFloats(model, Float32Array.of(0, 1, 1, ...new Array(12).fill(0)));
    expect(kernels.score(architecture, later, dataset)).to.equal(1);
  });

  it("keep nothing of an earlier job", () => {
    const dataset = randomDataset("again", { count: 9, rows: 3, columns: 3, classes: 2 });
    const first = kernels.train(job(dense(9, 7, 2), dataset));
    kernels.train(job(dense(9, 30, 30, 3), dataset));
    const model = modelFor(dense(9, 5, 2));
    kernels.score(dense(9, 5, 2), model, dataset);
    expect(kernels.train(job(dense(9, 7, 2), dataset))).to.deep.equal(first);
  });

  it("leave the model they were given as it was, and follow the seed", () => {
    const dataset = randomDataset("seeds", { count: 9, rows: 3, columns: 3, classes: 2 });
    const settings = { ...job(dense(9, 7, 2), dataset), batchSize: 2 };
    const before = Float32Array.from(settings.model.floats);
    const one = kernels.train(settings).model.floats;
    const other = kernels.train({ ...settings, seed: "t" }).model.floats;
    expect(settings.model.floats).to.deep.equal(before);
    expect(one).to.not.deep.equal(other);
  });

  it("compute the same bits in another process, the ones recorded here", async () => {
    const recorded = "0x6bfe5c9c931ddc320aaf47623826b87de22c7b404f42ea364b4281ea05e737d1 80";
    const script = fileURLToPath(new URL("training-digest.ts", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script]);
    expect(stdout.trim()).to.equal(recorded);
    expect(referenceTraining(kernels)).to.equal(recorded);
  });

  it("report divergence instead of returning NaN", () => {
    const dataset = randomDataset("far", { count: 50, rows: 2, columns: 2, classes: 3 });
    const settings = { ...job(dense(4, 8, 3), dataset), epochs: 30, batchSize: 5 };
    let reports = 0;
    const onProgress = () => {
      reports++;
    };
    expectCode("LEARNING_DIVERGED", () => kernels.train({ ...settings, learningRate: 1e30, onProgress }));
    // It stops at the first loss that is not a number, not after thirty epochs.
    expect(reports).to.be.lessThan(5);
    expectCode("LEARNING_DIVERGED", () => kernels.train({ ...settings, learningRate: 5000, epochs: 1 }));
  });

  it("refuse parameters and data that make no sense", () => {
    const dataset = randomDataset("bad", { count: 5, rows: 2, columns: 2, classes: 3 });
    const good = job(dense(4, 3), dataset);
    const parameters = [
      { epochs: 0 },
      { epochs: 1.5 },
      { batchSize: 0 },
      { batchSize: -1 },
      { learningRate: 0 },
      { learningRate: Number.NaN },
      { learningRate: Number.POSITIVE_INFINITY },
      { learningRate: 1e39 },
    ];
    for (const change of parameters) {
      expectCode("LEARNING_PARAMETERS", () => kernels.train({ ...good, ...change }));
    }
    const datasets = [
      { ...dataset, columns: 3 },
      { ...dataset, count: 4 },
      { ...dataset, rows: 4, columns: 4, images: new Uint8Array(80) },
      { ...dataset, labels: Uint8Array.of(0, 1, 2, 3, 0) },
      { ...dataset, count: 0, images: new Uint8Array(0), labels: new Uint8Array(0) },
    ];
    for (const broken of datasets) {
      expectCode("LEARNING_DATASET", () => kernels.train({ ...good, dataset: broken }));
      expectCode("LEARNING_DATASET", () => kernels.score(good.architecture, good.model, broken));
    }
    expectCode("MODEL_SHAPE_MISMATCH", () => kernels.score(dense(4, 4), good.model, dataset));
    expectCode("MODEL_NAME_MISMATCH", () => kernels.train({ ...good, architecture: dense(4, 3, 3) }));
  });
});

describe("loading the kernels", () => {
  it("says what to do when they were not built or are another version's", async () => {
    const failure = async (file: URL) =>
      loadKernels(file).then(
        () => "loaded",
        (error) => error.code,
      );
    expect(await failure(new URL("no-such-file.wasm", import.meta.url))).to.equal("KERNELS_MISSING");
    expect(await failure(new URL("kernels.test.ts", import.meta.url))).to.equal("KERNELS_MISMATCH");
  });

  it("round-trips the reference implementation's layout", () => {
    const architecture = dense(5, 4, 3);
    const { floats } = initialModel(architecture, 3);
    expect(floatsOf(networkOf(architecture, floats))).to.deep.equal([...floats]);
  });
});
