import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { QuorateError } from "../errors.ts";
import { KERNEL_SHA256, KERNEL_VERSION } from "./kernel-version.ts";
import { createKernels, type Kernels } from "./kernels.ts";

const KERNELS_FILE = new URL("kernels.wasm", import.meta.url);

/**
 * Loads the compiled kernels from beside this file.
 * @throws QuorateError KERNELS_MISSING if they were never built, KERNELS_MISMATCH if they are not this version's
 */
export async function loadKernels(file: URL = KERNELS_FILE): Promise<Kernels> {
  const wasm = await readFile(file).catch((cause: unknown) => {
    throw new QuorateError(
      "KERNELS_MISSING",
      `the learning kernels are not built: run node scripts/build-kernels.ts`,
      { file: file.href },
      { cause },
    );
  });
  const hash = createHash("sha256").update(wasm).digest("hex");
  if (hash !== KERNEL_SHA256) {
    throw new QuorateError(
      "KERNELS_MISMATCH",
      `kernels.wasm is not version ${KERNEL_VERSION}: run node scripts/build-kernels.ts again`,
      { expected: KERNEL_SHA256, actual: hash },
    );
  }
  return createKernels(new Uint8Array(wasm));
}
