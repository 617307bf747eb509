import type { Evaluator } from "../../ports/learning.ts";
import type { Dataset } from "../../protocol/learning/dataset.ts";
import { KernelWorker } from "./kernel-worker.ts";

/**
 * An evaluator that scores on `validation` with the WASM kernels, in a thread of its own. The layers are those that a
 * model's tensors describe.
 */
export function createWasmEvaluator(validation: Dataset): Evaluator {
  const worker = new KernelWorker(validation);
  return {
    size: validation.count,
    score: (model, signal) => worker.run({ kind: "score", model }, { signal }),
    coalitionScores: (base, updates, signal) =>
      worker.run({ kind: "coalitionScores", base, updates }, { signal }),
    coalitionScore: (base, updates, members, signal) =>
      worker.run({ kind: "coalitionScore", base, updates, members }, { signal }),
    stop: () => worker.stop(),
  };
}
