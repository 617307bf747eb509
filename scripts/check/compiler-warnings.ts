// Compiler warnings as data. Hardhat prints them once, when it compiles, and never again; its build record keeps them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface CompilerMessage {
  severity: "error" | "warning" | "info";
  formattedMessage: string;
}

interface BuildRecord {
  output: { errors?: CompilerMessage[] };
}

/**
 * Every distinct error and warning of the last build of each contract.
 *
 * @throws if there is no build to look at
 */
export function compilerWarnings(directory: string): string[] {
  const records = readdirSync(directory).filter((name) => name.endsWith(".output.json"));
  if (records.length === 0) throw new Error(`no build in ${directory}; run npm run build`);
  const messages = records.flatMap((name) => {
    const { output } = JSON.parse(readFileSync(join(directory, name), "utf8")) as BuildRecord;
    return (output.errors ?? []).filter(({ severity }) => severity !== "info");
  });
  return [...new Set(messages.map(({ formattedMessage }) => formattedMessage.trim()))];
}
