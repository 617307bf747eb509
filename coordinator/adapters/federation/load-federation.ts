import type { ChainReader, Federation } from "../../ports/chain.ts";
import type { Content } from "../../ports/content.ts";
import type { LoadedFederation } from "../../ports/federation.ts";
import { type Hex, sameHex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { type ContractRule, contractRule } from "../../protocol/faults/judge.ts";
import { initialModel } from "../../protocol/learning/architecture.ts";
import { type Dataset, parseDataset } from "../../protocol/learning/dataset.ts";
import { KERNEL_VERSION } from "../../protocol/learning/kernel-version.ts";
import type { Sha256 } from "../../protocol/model/merkle.ts";
import type { Model } from "../../protocol/model/model.ts";
import { modelRoot } from "../../protocol/model/model-root.ts";
import { canonicalSize } from "../../protocol/model/safetensors.ts";
import { decodeTask, type Task } from "../../protocol/round/task.ts";

/** Largest task file read, bytes. */
const TASK_MAX_BYTES = 64 * 1024;
/** Largest validation set read, bytes. */
const VALIDATION_MAX_BYTES = 1024 * 1024 * 1024;

export interface LoadFederationOptions {
  readonly chain: ChainReader;
  readonly content: Content;
  /** Refuse any other chain. */
  readonly expectedChainId?: bigint;
  /** Fetch the validation set too; true by default. Clients need none. */
  readonly withValidation?: boolean;
  readonly sha256?: Sha256;
  readonly signal?: AbortSignal;
}

/**
 * Reads what the chain anchors of a federation and the files behind it, and checks one against the other.
 * @throws QuorateError CHAIN_MISMATCH, GENESIS_MISMATCH, RULE_MISMATCH, KERNELS_MISMATCH, VALIDATION_MISMATCH, TASK_MALFORMED,
 * CONTENT_UNAVAILABLE, RPC_UNREACHABLE
 */
export async function loadFederation(options: LoadFederationOptions): Promise<LoadedFederation> {
  const { chain, content, expectedChainId, withValidation = true, sha256, signal } = options;
  const federation = await chain.federation();
  const { chainId } = federation.domain;
  if (expectedChainId !== undefined && chainId !== expectedChainId)
    throw new QuorateError(
      "CHAIN_MISMATCH",
      `the RPC node serves chain ${chainId}, expected ${expectedChainId}`,
      {
        actual: String(chainId),
        expected: String(expectedChainId),
      },
    );
  const fetch = (digest: Hex, maxBytes: number) =>
    content.get(digest, { maxBytes, ...(signal && { signal }) });
  const task = decodeTask(await fetch(federation.taskHash, TASK_MAX_BYTES));
  const genesis = deriveGenesis(task, federation, sha256);
  checkProvable(task, federation);
  const modelBytes = canonicalSize(genesis);
  if (!task.validation || !withValidation) return { federation, task, genesis, modelBytes, validation: null };
  const validation = parseDataset(await fetch(task.validation.cid, VALIDATION_MAX_BYTES));
  checkValidation(task, validation);
  return { federation, task, genesis, modelBytes, validation };
}

function deriveGenesis(task: Task, federation: Federation, sha256: Sha256 | undefined): Model {
  if (task.kernels !== KERNEL_VERSION)
    throw new QuorateError(
      "KERNELS_MISMATCH",
      `the federation learns with kernels ${task.kernels}, this program has ${KERNEL_VERSION}`,
      { actual: KERNEL_VERSION, expected: task.kernels },
    );
  const genesis = initialModel(task.architecture, task.genesisSeed);
  const root = modelRoot(genesis, sha256);
  if (!sameHex(root, federation.genesisRoot) || genesis.floats.length !== federation.dimension)
    throw new QuorateError(
      "GENESIS_MISMATCH",
      `the task file's genesis model has root ${root} and ${genesis.floats.length} values, the chain says ` +
        `${federation.genesisRoot} and ${federation.dimension}`,
      { actual: root, expected: federation.genesisRoot },
    );
  return genesis;
}

/** A contract that recomputed by another rule would slash the honest. */
function checkProvable({ rule }: Task, { provable }: Federation): void {
  if (!provable) return;
  const expected = contractRule(rule);
  const same = Object.entries(expected).every(
    ([name, value]) => provable[name as keyof ContractRule] === value,
  );
  if (same) return;
  throw new QuorateError(
    "RULE_MISMATCH",
    `the contract of fault proofs judges by ${JSON.stringify(provable)}, the task's rule needs ${JSON.stringify(expected)}: ` +
      "do not take part, honest work could be proven wrong; have the federation deployed again",
    { actual: provable, expected },
  );
}

function checkValidation({ validation, architecture }: Task, dataset: Dataset): void {
  const features = dataset.rows * dataset.columns;
  if (dataset.count === validation?.size && features === architecture.layers[0]) return;
  throw new QuorateError(
    "VALIDATION_MISMATCH",
    `the validation set has ${dataset.count} images of ${features} values, the task file says ` +
      `${validation?.size} of ${architecture.layers[0]}`,
    { count: dataset.count, features },
  );
}
