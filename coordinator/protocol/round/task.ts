import { utf8ToBytes } from "@noble/hashes/utils.js";
import { parseRule, type Rule } from "../aggregation/rule.ts";
import type { Hex } from "../bytes.ts";
import { isQuorateError, QuorateError } from "../errors.ts";
import type { Architecture } from "../learning/architecture.ts";

/** What a federation learns and how: pinned to IPFS, its digest on chain, equal for every node. */
export interface Task {
  readonly name: string;
  readonly architecture: Architecture;
  /** Version of the deterministic kernels that train and score. */
  readonly kernels: string;
  /** The first model is drawn by the kernels from this seed. */
  readonly genesisSeed: string;
  /** How a round's updates become its model. */
  readonly rule: Rule;
  /** Digest of the validation set's dag-pb root, and how many samples it has; null without an evaluator. */
  readonly validation: { readonly cid: Hex; readonly size: number } | null;
}

/**
 * Canonical bytes of the task file. Its dag-pb digest is the task hash stored on chain.
 * @throws QuorateError AGGREGATION_RULE, AGGREGATION_PARAMETER
 */
export function encodeTask(task: Task): Uint8Array {
  return utf8ToBytes(
    `${JSON.stringify(
      {
        format: "quorate-task",
        version: 1,
        name: task.name,
        architecture: { kind: task.architecture.kind, layers: task.architecture.layers },
        kernels: task.kernels,
        genesisSeed: task.genesisSeed,
        rule: parseRule(task.rule),
        validation: task.validation && { cid: task.validation.cid.toLowerCase(), size: task.validation.size },
      },
      null,
      2,
    )}\n`,
  );
}

/**
 * Reads a task file.
 * @throws QuorateError TASK_MALFORMED naming the field that is wrong
 */
export function decodeTask(bytes: Uint8Array): Task {
  let json: Record<string, never>;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new QuorateError("TASK_MALFORMED", `the task file is not JSON: ${(error as Error).message}`);
  }
  const task = json as unknown as Task & { format: string; version: number };
  expect(task.format === "quorate-task" && task.version === 1, "format", `${task.format} ${task.version}`);
  expect(typeof task.name === "string" && task.name.length <= 200, "name", task.name);
  const { layers } = task.architecture ?? {};
  expect(task.architecture?.kind === "dense", "architecture.kind", task.architecture?.kind);
  expect(
    Array.isArray(layers) && layers.length >= 2 && layers.length <= 16 && layers.every((n) => isWidth(n)),
    "architecture.layers",
    layers,
  );
  expect(typeof task.kernels === "string", "kernels", task.kernels);
  expect(
    typeof task.genesisSeed === "string" && task.genesisSeed.length <= 100,
    "genesisSeed",
    task.genesisSeed,
  );
  const rule = readRule(task.rule);
  const { validation } = task;
  const validationOk =
    validation === null ||
    (/^0x[0-9a-f]{64}$/.test(validation?.cid ?? "") &&
      Number.isInteger(validation.size) &&
      validation.size > 0);
  expect(validationOk, "validation", validation);
  const { name, architecture, kernels, genesisSeed } = task;
  return { name, architecture, kernels, genesisSeed, rule, validation };
}

function readRule(json: unknown): Rule {
  try {
    return parseRule(json);
  } catch (error) {
    if (!isQuorateError(error)) throw error;
    const field = error.code === "AGGREGATION_PARAMETER" ? `rule.${error.details.parameter}` : "rule.name";
    throw new QuorateError("TASK_MALFORMED", `the task file's rule is not usable: ${error.message}`, {
      field,
      value: json,
    });
  }
}

function isWidth(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= 1 << 20;
}

function expect(ok: boolean, field: string, value: unknown): void {
  if (!ok)
    throw new QuorateError(
      "TASK_MALFORMED",
      `the task file's ${field} is not usable: ${JSON.stringify(value)?.slice(0, 200)}`,
      { field, value },
    );
}
