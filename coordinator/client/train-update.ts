import type { ChainReader } from "../ports/chain.ts";
import type { Content } from "../ports/content.ts";
import type { LoadedFederation } from "../ports/federation.ts";
import type { Trainer } from "../ports/learning.ts";
import type { Hex } from "../protocol/bytes.ts";
import type { Dataset } from "../protocol/learning/dataset.ts";
import type { Sha256 } from "../protocol/model/merkle.ts";
import type { Model } from "../protocol/model/model.ts";
import { encodeModel } from "../protocol/model/safetensors.ts";
import { baseModel, openRound } from "./open-round.ts";

export interface TrainUpdateOptions {
  readonly chain: ChainReader;
  readonly content: Content;
  readonly federation: LoadedFederation;
  readonly trainer: Trainer;
  /** This client's own samples. */
  readonly dataset: Dataset;
  readonly epochs: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Seed of the shuffles; by default the round number. */
  readonly seed?: string;
  /** Replaces the trained values before they are encoded: how a hostile client is simulated. */
  readonly tamper?: (trained: Float32Array, base: Float32Array) => Float32Array;
  readonly sha256?: Sha256;
  readonly signal?: AbortSignal;
}

export interface TrainedUpdate {
  readonly round: bigint;
  readonly baseRoot: Hex;
  readonly model: Model;
  /** Canonical safetensors. */
  readonly bytes: Uint8Array;
  readonly sampleCount: bigint;
}

/**
 * Trains the open round's base model on a client's own samples with the reference trainer.
 * @throws QuorateError NO_OPEN_ROUND, CONTENT_UNAVAILABLE, LEARNING_*
 */
export async function trainUpdate(options: TrainUpdateOptions): Promise<TrainedUpdate> {
  const { chain, federation, trainer, dataset, epochs, batchSize, learningRate, signal } = options;
  const view = await openRound(chain);
  const base = await baseModel(options, view);
  const { architecture } = federation.task;
  const seed = options.seed ?? String(view.round);
  const job = { architecture, model: base, dataset, epochs, batchSize, learningRate, seed };
  const trained = await trainer.train(job, signal);
  // Training may leave −0, which canonical bytes must not hold: x + 0 turns it into +0 and changes nothing else.
  const floats = trained.floats.map((value) => value + 0);
  const model: Model = { ...trained, floats: options.tamper?.(floats, base.floats) ?? floats };
  return {
    round: view.round,
    baseRoot: view.baseRoot,
    model,
    bytes: encodeModel(model),
    sampleCount: BigInt(dataset.count),
  };
}
