// Builds the explorer's pages into explorer/dist. Its bundle has a limit, which is checked here: gzip of all that a
// reader downloads before the chain's own data.
import { globSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const root = join(import.meta.dirname, "..");
const dist = join(root, "explorer/dist");
const GZIP_LIMIT_BYTES = 80_000;

export async function buildExplorer(): Promise<number> {
  await build({
    configFile: false,
    root: join(root, "explorer"),
    base: "./",
    publicDir: "public",
    logLevel: "warn",
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: {
      outDir: dist,
      emptyOutDir: true,
      target: "es2023",
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
    },
  });
  return bundleBytes();
}

/** Gzipped bytes of everything in the build. */
export function bundleBytes(): number {
  const files = globSync("**/*", { cwd: dist }).map((name) => join(dist, name));
  return files
    .filter((path) => statSync(path).isFile())
    .reduce((sum, path) => sum + gzipSync(readFileSync(path)).length, 0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const bytes = await buildExplorer();
  if (bytes > GZIP_LIMIT_BYTES) {
    console.error(`explorer: ${bytes} bytes gzipped, more than ${GZIP_LIMIT_BYTES}`);
    process.exit(1);
  }
  console.log(`explorer: ${bytes} bytes gzipped`);
}
