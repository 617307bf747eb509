// Compiles the kernels: coordinator/protocol/{learning,aggregation}/assembly/kernels.ts → ../kernels.wasm.
// The compiler is pinned and deterministic, so the results must have the hashes the loaders demand.
import { createHash } from "node:crypto";
import { readFile, rename } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import {
  AGGREGATION_KERNEL_SHA256,
  AGGREGATION_KERNEL_VERSION,
} from "../coordinator/protocol/aggregation/kernel-version.ts";
import { KERNEL_SHA256, KERNEL_VERSION } from "../coordinator/protocol/learning/kernel-version.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

// Strict SIMD: relaxed instructions round differently on different processors.
const COMMON = ["-O3", "--noAssert", "--runtime", "stub", "--use", "abort=", "--enable", "simd"];
/** Threads of the aggregation share one memory of at most 4 GiB, which the host brings along. */
const SHARED = ["--enable", "threads", "--importMemory", "--sharedMemory", "--maximumMemory", "65536"];

interface Build {
  readonly folder: string;
  readonly options: readonly string[];
  readonly version: string;
  readonly sha256: string;
}

const builds: readonly Build[] = [
  { folder: "learning", options: COMMON, version: KERNEL_VERSION, sha256: KERNEL_SHA256 },
  {
    folder: "aggregation",
    options: [...COMMON, ...SHARED],
    version: AGGREGATION_KERNEL_VERSION,
    sha256: AGGREGATION_KERNEL_SHA256,
  },
];

async function build({ folder, options, version, sha256 }: Build): Promise<void> {
  const source = `coordinator/protocol/${folder}/assembly/kernels.ts`;
  const output = `coordinator/protocol/${folder}/kernels.wasm`;
  const temporary = `${output}.${process.pid}`;
  const { error, stderr } = await asc.main([source, "--baseDir", root, "--outFile", temporary, ...options]);
  if (error !== null) {
    console.error(stderr.toString());
    throw error;
  }
  const bytes = await readFile(`${root}${temporary}`);
  const hash = createHash("sha256").update(bytes).digest("hex");
  // Renamed at once, so that a process that starts meanwhile never reads half a file.
  await rename(`${root}${temporary}`, `${root}${output}`);
  console.log(`${output}: ${version}, ${bytes.length} bytes, SHA-256 ${hash}`);
  if (hash === sha256) return;
  console.error(
    `The kernels differ from those of ${version} (${sha256}). If the source was changed on purpose, give them a new ` +
      `version and hash in coordinator/protocol/${folder}/kernel-version.ts.`,
  );
  process.exitCode = 1;
}

for (const one of builds) await build(one);
