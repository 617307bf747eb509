import { Worker } from "node:worker_threads";
import { QuorateError } from "../../protocol/errors.ts";
import type { Job, Reply, Result } from "./jobs.ts";

const THREAD = new URL("thread.ts", import.meta.url);

interface Pending {
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/** Threads that run jobs; started with the first ones, they do not keep the process alive while idle. */
export class ThreadPool {
  readonly #module: WebAssembly.Module;
  readonly #threads: Worker[] = [];
  readonly #pending = new Map<number, { readonly thread: number; readonly pending: Pending }>();
  #nextId = 0;
  #stopped = false;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  /**
   * Runs a job on the thread of that number.
   * @throws QuorateError AGGREGATION_STOPPED, AGGREGATION_FAILED, AGGREGATION_FILE_*; or what the system says of a
   *   file, with its own code
   */
  run(thread: number, job: Omit<Job, "id">): Promise<Result> {
    if (this.#stopped) return Promise.reject(stopped());
    const worker = this.#threads[thread] ?? this.#start(thread);
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#pending.set(id, { thread, pending: { resolve, reject } });
    worker.ref();
    worker.postMessage({ ...job, id });
    return promise;
  }

  /** Ends the threads; what runs is rejected. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const thread of this.#threads.keys()) this.#fail(thread, stopped());
    await Promise.all(this.#threads.map((worker) => worker?.removeAllListeners().terminate()));
    this.#threads.length = 0;
  }

  #start(thread: number): Worker {
    const worker = new Worker(THREAD, { workerData: this.#module });
    this.#threads[thread] = worker;
    worker.on("message", (reply: Reply) => this.#settle(worker, reply));
    const crash = (cause: unknown): void => {
      delete this.#threads[thread];
      const message = `an aggregation thread failed: ${(cause as Error).message}`;
      this.#fail(thread, new QuorateError("AGGREGATION_FAILED", message, {}, { cause }));
    };
    worker.on("error", crash);
    worker.on("exit", (code) => crash(new Error(`it ended with code ${code}`)));
    return worker;
  }

  #settle(worker: Worker, reply: Reply): void {
    const entry = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (![...this.#pending.values()].some(({ thread }) => thread === entry?.thread)) worker.unref();
    if ("result" in reply) entry?.pending.resolve(reply.result);
    else {
      const { code, message, details } = reply.error;
      entry?.pending.reject(new QuorateError(code, message, details));
    }
  }

  #fail(thread: number, error: unknown): void {
    for (const [id, entry] of this.#pending) {
      if (entry.thread !== thread) continue;
      this.#pending.delete(id);
      entry.pending.reject(error);
    }
  }
}

function stopped(): QuorateError {
  return new QuorateError("AGGREGATION_STOPPED", "the aggregation was stopped");
}
