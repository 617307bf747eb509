// Builds what is generated and not committed: contract artifacts, their TypeScript types, the WASM kernels and
// the explorer's pages.
// Each part skips itself when its output is newer than its sources.
import { spawnSync } from "node:child_process";
import { existsSync, globSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const kernels = ["learning", "aggregation"].map((part) => `coordinator/protocol/${part}/kernels.wasm`);
const kernelSources = [
  "coordinator/protocol/**/assembly/**/*.ts",
  "scripts/build-kernels.ts",
  "package-lock.json",
];

function run(what: string, script: string, ...args: string[]): void {
  const result = spawnSync(process.execPath, [join(root, script), ...args], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    // Building someone's federation tells nobody.
    env: { ...process.env, HARDHAT_DISABLE_TELEMETRY: "true" },
  });
  if (result.status === 0) return;
  console.error(`quorate build: ${what} failed${result.error ? `: ${result.error.message}` : ""}`);
  process.exit(1);
}

function modifiedAt(path: string): number {
  const full = join(root, path);
  return existsSync(full) ? statSync(full).mtimeMs : 0;
}

run("compiling the contracts", "node_modules/hardhat/dist/src/cli.js", "build", "--quiet");

const newestSource = Math.max(...globSync(kernelSources, { cwd: root }).map(modifiedAt));
if (
  existsSync(join(root, "scripts/build-kernels.ts")) &&
  Math.min(...kernels.map(modifiedAt)) < newestSource
) {
  run("compiling the kernels", "scripts/build-kernels.ts");
}

const pages = "explorer/dist/index.html";
const pageSources = [
  "explorer/!(dist)/**",
  "explorer/*.*",
  "coordinator/protocol/**/*.ts",
  "scripts/build-explorer.ts",
  "package-lock.json",
];
const newestPage = Math.max(...globSync(pageSources, { cwd: root }).map(modifiedAt));
if (modifiedAt(pages) < newestPage) run("building the explorer", "scripts/build-explorer.ts");
