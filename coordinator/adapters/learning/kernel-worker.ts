import { Worker } from "node:worker_threads";
import { QuorateError } from "../../protocol/errors.ts";
import type { Dataset } from "../../protocol/learning/dataset.ts";
import type { Job, Reply, Results } from "./jobs.ts";

const THREAD = new URL("kernel-thread.ts", import.meta.url);

export type Progress = (done: number, total: number) => void;

interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: Progress | undefined;
}

interface Pending {
  readonly job: Job;
  readonly onProgress: Progress | undefined;
  resolve(result: Results[keyof Results]): void;
  reject(error: unknown): void;
}

/**
 * A thread that runs one job after the other. It starts with the first job, is replaced after a crash or an abort, and
 * does not keep the process alive while it has nothing to do.
 */
export class KernelWorker {
  readonly #dataset: Dataset | undefined;
  #thread: Worker | undefined;
  #active: Pending | undefined;
  #queue: Pending[] = [];
  #stopped = false;

  /** @param dataset what models are scored on; a trainer needs none */
  constructor(dataset?: Dataset) {
    this.#dataset = dataset;
  }

  /**
   * Runs a job; an aborted signal rejects with its reason.
   * @throws QuorateError LEARNING_STOPPED, LEARNING_FAILED, or what the kernels threw
   */
  async run<J extends Job>(job: J, { signal, onProgress }: RunOptions = {}): Promise<Results[J["kind"]]> {
    signal?.throwIfAborted();
    if (this.#stopped) throw stopped();
    const { promise, resolve, reject } = Promise.withResolvers<Results[keyof Results]>();
    const pending = { job, onProgress, resolve, reject };
    const onAbort = (): void => this.#abandon(pending, signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#queue.push(pending);
    this.#next();
    try {
      return (await promise) as Results[J["kind"]];
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Ends the thread; pending jobs are rejected. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const left = [...(this.#active ? [this.#active] : []), ...this.#queue];
    this.#active = undefined;
    this.#queue = [];
    await this.#discard();
    for (const { reject } of left) reject(stopped());
  }

  #next(): void {
    if (this.#active || this.#stopped) return;
    this.#active = this.#queue.shift();
    if (!this.#active) return;
    this.#thread ??= this.#start();
    this.#thread.ref();
    this.#thread.postMessage(this.#active.job);
  }

  #start(): Worker {
    const worker = new Worker(THREAD, { workerData: this.#dataset });
    worker.on("message", (reply: Reply) => {
      if ("progress" in reply) this.#active?.onProgress?.(reply.progress.done, reply.progress.total);
      else if ("error" in reply) this.#settle(({ reject }) => reject(errorOf(reply.error)));
      else this.#settle(({ resolve }) => resolve(reply.result));
    });
    const crash = (error: unknown): void => {
      void this.#discard();
      this.#settle(({ reject }) => reject(failed(error)));
    };
    worker.on("error", crash);
    worker.on("exit", (code) => crash(new Error(`the thread ended with code ${code}`)));
    return worker;
  }

  #settle(end: (pending: Pending) => void): void {
    const pending = this.#active;
    this.#active = undefined;
    this.#thread?.unref();
    if (pending) end(pending);
    this.#next();
  }

  #abandon(pending: Pending, reason: unknown): void {
    this.#queue = this.#queue.filter((other) => other !== pending);
    pending.reject(reason);
    if (this.#active !== pending) return;
    // Kernels can't be interrupted: the thread goes, and the next job gets a new one.
    void this.#discard();
    this.#settle(() => {});
  }

  async #discard(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    thread?.removeAllListeners().on("error", () => {});
    await thread?.terminate();
  }
}

function errorOf({ code, message, details }: Extract<Reply, { error: unknown }>["error"]): QuorateError {
  return new QuorateError(code, message, details);
}

function failed(cause: unknown): QuorateError {
  return new QuorateError(
    "LEARNING_FAILED",
    `the learning thread failed: ${(cause as Error).message}`,
    {},
    { cause },
  );
}

function stopped(): QuorateError {
  return new QuorateError("LEARNING_STOPPED", "training and scoring were stopped");
}
