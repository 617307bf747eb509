// Runs in a worker thread: the kernels are synchronous, and a miner must answer its peers while they work.
import { parentPort, workerData } from "node:worker_threads";
import type { Architecture } from "../../protocol/learning/architecture.ts";
import { coalitionScore, coalitionScores } from "../../protocol/learning/coalitions.ts";
import type { Dataset } from "../../protocol/learning/dataset.ts";
import type { Kernels } from "../../protocol/learning/kernels.ts";
import { loadKernels } from "../../protocol/learning/load.ts";
import type { Model } from "../../protocol/model/model.ts";
import type { Job, Reply, Results } from "./jobs.ts";

const dataset = workerData as Dataset;
let loading: Promise<Kernels> | undefined;

parentPort!.on("message", (job: Job) => {
  run(job).then(
    (result) => reply({ result }),
    (error) => reply({ error: describe(error) }),
  );
});

async function run(job: Job): Promise<Results[keyof Results]> {
  loading ??= loadKernels();
  const kernels = await loading;
  switch (job.kind) {
    case "train": {
      const onProgress = (done: number, total: number): void => reply({ progress: { done, total } });
      return kernels.train({ ...job.job, onProgress }).model;
    }
    case "score":
      return kernels.score(architectureOf(job.model), job.model, dataset);
    case "coalitionScores":
      return coalitionScores({ ...job, kernels, architecture: architectureOf(job.base), dataset });
    case "coalitionScore": {
      const setting = { ...job, kernels, architecture: architectureOf(job.base), dataset };
      return coalitionScore(setting, job.members);
    }
  }
}

/** The layers that a model's tensors describe; the kernels refuse the model if any other tensor is there. */
function architectureOf({ tensors }: Model): Architecture {
  const layers: number[] = [];
  for (let layer = 1; ; layer++) {
    const weight = tensors.find(({ name }) => name === `fc${layer}.weight`);
    if (!weight) return { kind: "dense", layers };
    const [outputs = 0, inputs = 0] = weight.shape;
    if (layer === 1) layers.push(inputs);
    layers.push(outputs);
  }
}

function describe(error: unknown): Extract<Reply, { error: unknown }>["error"] {
  const {
    code = "LEARNING_FAILED",
    message,
    details = {},
  } = error as Partial<typeof error & { code: string }> & Error & { details?: Record<string, unknown> };
  return { code, message, details };
}

function reply(message: Reply): void {
  parentPort!.postMessage(message);
}
