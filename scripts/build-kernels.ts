// Compiles the learning kernels: coordinator/protocol/learning/assembly/kernels.ts → ../kernels.wasm.
// The compiler is pinned and deterministic, so the result must have the hash the loader demands.
import { createHash } from "node:crypto";
import { readFile, rename } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { KERNEL_SHA256, KERNEL_VERSION } from "../coordinator/protocol/learning/kernel-version.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = "coordinator/protocol/learning/assembly/kernels.ts";
const output = "coordinator/protocol/learning/kernels.wasm";
const temporary = `${output}.${process.pid}`;

// Strict SIMD: relaxed instructions round differently on different processors.
const options = ["-O3", "--noAssert", "--runtime", "stub", "--use", "abort=", "--enable", "simd"];
const { error, stderr } = await asc.main([source, "--baseDir", root, "--outFile", temporary, ...options]);
if (error !== null) {
  console.error(stderr.toString());
  throw error;
}

const bytes = await readFile(`${root}${temporary}`);
const hash = createHash("sha256").update(bytes).digest("hex");
// Renamed at once, so that a process that starts meanwhile never reads half a file.
await rename(`${root}${temporary}`, `${root}${output}`);
console.log(`${output}: ${KERNEL_VERSION}, ${bytes.length} bytes, SHA-256 ${hash}`);
if (hash !== KERNEL_SHA256) {
  console.error(
    `The kernels differ from those of ${KERNEL_VERSION} (${KERNEL_SHA256}). If the source was changed on purpose, ` +
      "give them a new version and hash in coordinator/protocol/learning/kernel-version.ts.",
  );
  process.exitCode = 1;
}
