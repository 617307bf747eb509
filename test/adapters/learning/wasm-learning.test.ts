import { expect } from "chai";
import { createWasmEvaluator } from "../../../coordinator/adapters/learning/wasm-evaluator.ts";
import { createWasmTrainer } from "../../../coordinator/adapters/learning/wasm-trainer.ts";
import type { TrainingJob } from "../../../coordinator/ports/learning.ts";
import { initialModel } from "../../../coordinator/protocol/learning/architecture.ts";
import { coalitionScores } from "../../../coordinator/protocol/learning/coalitions.ts";
import type { Dataset } from "../../../coordinator/protocol/learning/dataset.ts";
import { loadKernels } from "../../../coordinator/protocol/learning/load.ts";
import { expectRejection } from "../../ports/expect-rejection.ts";
import { generatedBytes } from "../../ports/generated-bytes.ts";

const architecture = { kind: "dense", layers: [16, 12, 10] } as const;

/** `count` images of 4 × 4 whose label is where their brightest corner is: something to be learned. */
function dataset(count: number): Dataset {
  const images = generatedBytes(16 * count).map((byte) => byte >> 3);
  const labels = new Uint8Array(count).map((_, i) => i % 4);
  labels.forEach((label, i) => {
    images[16 * i + [0, 3, 12, 15][label]!] = 255;
  });
  return { images, labels, count, rows: 4, columns: 4 };
}

const samples = dataset(400);
const model = initialModel(architecture, "genesis");
const job: TrainingJob = {
  architecture,
  model,
  dataset: samples,
  epochs: 20,
  batchSize: 10,
  learningRate: 0.1,
  seed: "1",
};
/** Far more work than any test waits for. */
const endless: TrainingJob = { ...job, epochs: 1_000_000 };

describe("training and scoring in a thread", () => {
  const seen: number[] = [];
  const trainer = createWasmTrainer({ onProgress: (done, total) => void seen.push(done / total) });
  const evaluator = createWasmEvaluator(dataset(200));
  after(async () => {
    await trainer.stop();
    await evaluator.stop();
  });

  it("trains to the same bits as the kernels themselves, and reports progress", async () => {
    const trained = await trainer.train(job);
    const expected = (await loadKernels()).train(job).model;
    expect(trained).to.deep.equal(expected);
    expect(model.floats, "the job is left as it was").to.deep.equal(
      initialModel(architecture, "genesis").floats,
    );
    expect(seen.at(-1)).to.equal(1);
    expect(await evaluator.score(trained)).to.be.above(150);
    expect(await evaluator.score(model)).to.be.below(150);
  });

  it("scores coalitions as the kernels do", async () => {
    const updates = ["a", "b", "c"].map((seed, i) => ({
      floats: initialModel(architecture, seed).floats,
      sampleCount: i + 1,
    }));
    const kernels = await loadKernels();
    const expected = coalitionScores({ kernels, architecture, base: model, updates, dataset: dataset(200) });
    expect(evaluator.size).to.equal(200);
    expect(await evaluator.coalitionScores(model, updates)).to.deep.equal(expected);
    expect(await evaluator.coalitionScore(model, updates, [2, 0])).to.equal(expected[0b101]);
    expect(await evaluator.coalitionScore(model, updates, [])).to.equal(expected[0]);
  });

  it("passes the kernels' errors on", async () => {
    await expectRejection("LEARNING_PARAMETERS", trainer.train({ ...job, epochs: 0 }));
    await expectRejection("LEARNING_DIVERGED", trainer.train({ ...job, learningRate: 1e30 }));
    const extra = { ...model, tensors: [...model.tensors, { name: "zz", dtype: "F32", shape: [1] }] };
    await expectRejection("MODEL_NAME_MISMATCH", evaluator.score(extra));
    expect(await evaluator.score(model), "still works").to.be.a("number");
  });

  it("leaves the event loop free", async () => {
    const controller = new AbortController();
    const training = trainer.train(endless, controller.signal).catch(() => {});
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    await new Promise((next) => setTimeout(next, 300));
    clearInterval(timer);
    controller.abort();
    await training;
    expect(ticks).to.be.above(10);
  });

  it("ends an aborted job at once, and goes on with the others", async () => {
    const controller = new AbortController();
    const reason = new Error("the round is over");
    const first = trainer.train(endless, controller.signal).catch((error: unknown) => error);
    const second = trainer.train(job);
    const waiting = trainer.train(endless, controller.signal).catch((error: unknown) => error);
    setTimeout(() => controller.abort(reason), 100);
    expect(await first).to.equal(reason);
    expect(await waiting).to.equal(reason);
    expect((await second).floats).to.have.length(model.floats.length);
    expect(await trainer.train(job, controller.signal).catch((error: unknown) => error)).to.equal(reason);
  });

  it("stops with work pending, and takes none afterwards", async () => {
    const stopped = createWasmTrainer();
    const pending = [stopped.train(endless), stopped.train(job)];
    const outcomes = pending.map((one) => expectRejection("LEARNING_STOPPED", one));
    await new Promise((next) => setTimeout(next, 100));
    await stopped.stop();
    await Promise.all(outcomes);
    await expectRejection("LEARNING_STOPPED", stopped.train(job));
  });
});
