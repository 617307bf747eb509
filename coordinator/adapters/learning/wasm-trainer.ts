import type { Trainer } from "../../ports/learning.ts";
import { KernelWorker, type Progress } from "./kernel-worker.ts";

/** A trainer that runs the WASM kernels in a thread of its own. */
export function createWasmTrainer(options: { readonly onProgress?: Progress } = {}): Trainer {
  const worker = new KernelWorker();
  const { onProgress } = options;
  return {
    train: (job, signal) => worker.run({ kind: "train", job }, { signal, onProgress }),
    stop: () => worker.stop(),
  };
}
