// Compiler warnings as data. Hardhat prints them once, when it compiles, and never again; its build record keeps them.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface CompilerMessage {
  severity: "error" | "warning" | "info";
  formattedMessage: string;
  sourceLocation?: { file: string };
}

interface BuildRecord {
  output: { errors?: CompilerMessage[] };
}

/**
 * Every distinct error and warning about the project's own sources, from the last build of each contract.
 *
 * @throws if there is no build to look at
 */
export function compilerWarnings(directory: string): string[] {
  const records = readdirSync(directory).filter((name) => name.endsWith(".output.json"));
  if (records.length === 0) throw new Error(`no build in ${directory}; run npm run build`);
  const messages = records.flatMap((name) => {
    const { output } = JSON.parse(readFileSync(join(directory, name), "utf8")) as BuildRecord;
    // OpenZeppelin's guard uses transient storage on purpose; the compiler warns of every such use in general.
    return (output.errors ?? []).filter(
      ({ severity, sourceLocation }) => severity !== "info" && !sourceLocation?.file.startsWith("npm/"),
    );
  });
  return [...new Set(messages.map(({ formattedMessage }) => formattedMessage.trim()))];
}
