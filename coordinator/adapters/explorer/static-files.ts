import { existsSync, globSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { QuorateError } from "../../protocol/errors.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

export interface StaticFile {
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzip: Buffer;
}

/**
 * The built pages, by path from "/"; all in memory, so that no request names a file on disk.
 * @throws QuorateError EXPLORER_NOT_BUILT
 */
export function loadStaticFiles(folder: string): ReadonlyMap<string, StaticFile> {
  if (!existsSync(join(folder, "index.html")))
    throw new QuorateError(
      "EXPLORER_NOT_BUILT",
      `there is no built explorer in ${folder}: run npm run build`,
      {
        folder,
      },
    );
  const files = new Map<string, StaticFile>();
  for (const name of globSync("**/*", { cwd: folder })) {
    const type = TYPES[extname(name)];
    if (!type) continue;
    const bytes = readFileSync(join(folder, name));
    files.set(`/${name.replaceAll("\\", "/")}`, { type, bytes, gzip: gzipSync(bytes) });
  }
  files.set("/", files.get("/index.html")!);
  return files;
}
