// Trains and scores a small job and prints a digest of every bit that came out. Run in a process of its own by a test.
import { initialModel } from "../../../coordinator/protocol/learning/architecture.ts";
import type { Kernels } from "../../../coordinator/protocol/learning/kernels.ts";
import { loadKernels } from "../../../coordinator/protocol/learning/load.ts";
import { modelRoot } from "../../../coordinator/protocol/model/model-root.ts";
import { randomDataset } from "./reference.ts";

export function referenceTraining(kernels: Kernels): string {
  const architecture = { kind: "dense", layers: [100, 37, 23, 10] } as const;
  const dataset = randomDataset("digest", { count: 500, rows: 10, columns: 10, classes: 10 });
  const model = initialModel(architecture, "digest");
  const settings = { epochs: 3, batchSize: 7, learningRate: 0.05, seed: "digest" };
  const trained = kernels.train({ architecture, model, dataset, ...settings }).model;
  return `${modelRoot(trained)} ${kernels.score(architecture, trained, dataset)}`;
}

if (import.meta.main) console.log(referenceTraining(await loadKernels()));
