// The stages of `npm run check`. Longest first: two run at a time.
import { execFile } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { delimiter, resolve } from "node:path";
import { compilerWarnings } from "./compiler-warnings.ts";
import { formatBreaches, houseBreaches } from "./house-rules.ts";

/** What a stage found; `output` is shown only if it is not ok. */
export interface Finding {
  ok: boolean;
  output: string;
}

export interface Stage {
  name: string;
  what: string;
  run: () => Promise<Finding>;
}

const bin = resolve("node_modules/.bin");

/** Runs an installed command; ok if it exits with 0. */
function command(name: string, ...args: string[]): Promise<Finding> {
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, NO_COLOR: "1" };
  return new Promise((done) => {
    execFile(
      name,
      args,
      { env, maxBuffer: 64 << 20, shell: process.platform === "win32" },
      (error, stdout, stderr) => {
        const reason = error && typeof error.code !== "number" ? `${error.message}\n` : "";
        done({ ok: error === null, output: `${stdout}${stderr}${reason}` });
      },
    );
  });
}

/** Solidity formatting. forge has no build in the registry for some platforms; the gate that counts has it. */
async function solidityFormat(): Promise<Finding> {
  if (existsSync(resolve(bin, "forge")) || process.env.CI) {
    return command("forge", "fmt", "--check", "contracts", "test/contracts");
  }
  console.warn(`solidity-format: no forge for ${process.platform} ${process.arch}, not checked here`);
  return { ok: true, output: "" };
}

export const stages: Stage[] = [
  {
    name: "gas",
    what: "gas per scenario equals the committed snapshot",
    run: () => command("node", "bench/gas.ts", "--check"),
  },
  { name: "types", what: "TypeScript types", run: () => command("tsc", "--noEmit") },
  {
    name: "lint",
    what: "TypeScript format and lint",
    run: () => command("biome", "check", "--error-on-warnings", "--max-diagnostics=100", "."),
  },
  {
    name: "dead-code",
    what: "unused files, exports and dependencies",
    run: () => command("knip", "--no-progress"),
  },
  {
    name: "imports",
    what: "who may import whom",
    run: () => {
      const roots = [
        ...globSync(["coordinator", "explorer", "scripts", "bench", "test"]),
        "hardhat.config.ts",
      ];
      return command("depcruise", "--config", ".dependency-cruiser.cjs", ...roots);
    },
  },
  {
    name: "solhint",
    what: "Solidity lint",
    run: () => command("solhint", "--noPoster", "--disc", "--max-warnings", "0", "contracts/**/*.sol"),
  },
  { name: "forge-fmt", what: "Solidity format", run: solidityFormat },
  {
    name: "compiler",
    what: "contracts compile without a warning",
    run: async () => {
      const warnings = compilerWarnings("artifacts");
      return { ok: warnings.length === 0, output: warnings.join("\n") };
    },
  },
  {
    name: "house",
    what: "sizes, names, clean protocol, no focused tests, no local paths",
    run: async () => {
      const breaches = houseBreaches();
      return { ok: breaches.length === 0, output: formatBreaches(breaches) };
    },
  },
];
