import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import {
  AGGREGATION_KERNEL_SHA256,
  AGGREGATION_KERNEL_VERSION,
} from "../../protocol/aggregation/kernel-version.ts";
import { QuorateError } from "../../protocol/errors.ts";

const KERNELS_FILE = new URL("../../protocol/aggregation/kernels.wasm", import.meta.url);

/**
 * Compiles the aggregation kernels.
 * @throws QuorateError KERNELS_MISSING if they were never built, KERNELS_MISMATCH if they are not this version's
 */
export async function loadAggregationKernels(file: URL = KERNELS_FILE): Promise<WebAssembly.Module> {
  const wasm = await readFile(file).catch((cause: unknown) => {
    throw new QuorateError(
      "KERNELS_MISSING",
      "the aggregation kernels are not built: run node scripts/build-kernels.ts",
      { file: file.href },
      { cause },
    );
  });
  const actual = createHash("sha256").update(wasm).digest("hex");
  if (actual !== AGGREGATION_KERNEL_SHA256)
    throw new QuorateError(
      "KERNELS_MISMATCH",
      `kernels.wasm is not version ${AGGREGATION_KERNEL_VERSION}: run node scripts/build-kernels.ts again`,
      { expected: AGGREGATION_KERNEL_SHA256, actual },
    );
  return WebAssembly.compile(new Uint8Array(wasm));
}
