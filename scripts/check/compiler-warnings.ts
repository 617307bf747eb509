// Compiler warnings as data. Hardhat prints them once, when it compiles, and never again; its build records keep them.
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

interface Artifact {
  buildInfoId?: string;
  inputSourceName?: string;
}

interface BuildRecord {
  output: { errors?: CompilerMessage[] };
}

interface CompilerMessage {
  severity: "error" | "warning" | "info";
  formattedMessage: string;
  sourceLocation?: { file: string };
}

const TEST_SOURCE = /^project\/test\//;
const SIZE_WARNING = /Contract (code|initcode) size is/;

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, "utf8")) as T;
}

/** For each source with a contract in it, the build records that its artifacts come from. */
function recordsBySource(folder: string): Map<string, Set<string>> {
  const records = new Map<string, Set<string>>();
  for (const path of globSync("{contracts,test}/**/*.json", { cwd: folder })) {
    const { buildInfoId, inputSourceName } = readJson<Artifact>(join(folder, path));
    if (!buildInfoId || !inputSourceName) continue;
    records.set(inputSourceName, (records.get(inputSourceName) ?? new Set()).add(buildInfoId));
  }
  return records;
}

/**
 * Every distinct warning about the project's own sources, as they were compiled last. Records of earlier builds stay
 * on disk as long as one artifact of theirs does, so each source is looked up in its own record.
 *
 * @param folder Hardhat's artifacts folder
 * @throws if there is no build to look at
 */
export function compilerWarnings(folder: string): string[] {
  const records = recordsBySource(folder);
  const inUse = new Set([...records.values()].flatMap((ids) => [...ids]));
  if (inUse.size === 0) throw new Error(`no build in ${folder}; run npm run build`);
  const warnings = new Set<string>();
  for (const path of globSync("build-info/*.output.json", { cwd: folder })) {
    const id = basename(path, ".output.json");
    if (!inUse.has(id)) continue;
    const { errors = [] } = readJson<BuildRecord>(join(folder, path)).output;
    for (const { severity, sourceLocation, formattedMessage } of errors) {
      const file = sourceLocation?.file ?? "";
      // OpenZeppelin's guard uses transient storage on purpose; the compiler warns of every such use in general.
      const ours = severity !== "info" && !file.startsWith("npm/");
      // Test contracts are never deployed; the chains that run them have no size limit.
      if (TEST_SOURCE.test(file) && SIZE_WARNING.test(formattedMessage)) continue;
      if (ours && (records.get(file)?.has(id) ?? true)) warnings.add(formattedMessage.trim());
    }
  }
  return [...warnings];
}
