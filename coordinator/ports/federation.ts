import type { Dataset } from "../protocol/learning/dataset.ts";
import type { Model } from "../protocol/model/model.ts";
import type { Task } from "../protocol/round/task.ts";
import type { Federation } from "./chain.ts";

/** A federation as the chain anchors it, with the files behind the anchors, all checked. */
export interface LoadedFederation {
  readonly federation: Federation;
  readonly task: Task;
  /** The model the first round starts from; its tensors are those of every model. */
  readonly genesis: Model;
  /** Length of every canonical model file, bytes: the limit of an upload. */
  readonly modelBytes: number;
  /** The validation set, if the federation has one. */
  readonly validation: Dataset | null;
}
