import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { QuorateError } from "../../protocol/errors.ts";

/** Contracts whose calls, events and errors the pages decode. */
const NAMES = [
  "RoundConsensus",
  "RoundLens",
  "RoundRecovery",
  "MinerRegistry",
  "ClientRegistry",
  "RewardDistributor",
  "FaultProofs",
  "CheckpointRegistry",
  "FederationToken",
  "AccessManager",
] as const;

/** A compiled contract's sources, by the names the compiler saw. */
export interface ContractSource {
  readonly name: string;
  /** The file that declares it. */
  readonly main: string;
  readonly compiler: string;
  readonly settings: unknown;
  readonly sources: Readonly<Record<string, string>>;
}

export interface ContractBook {
  /** ABIs by contract name. */
  readonly abis: Readonly<Record<string, readonly unknown[]>>;
  /** @throws QuorateError NOT_FOUND */
  sourceOf(name: string): ContractSource;
}

/** What Hardhat writes of one contract. */
export interface Artifact {
  readonly abi: readonly unknown[];
  readonly deployedBytecode: string;
  readonly inputSourceName: string;
  readonly buildInfoId: string;
}

interface BuildInfo {
  readonly solcLongVersion: string;
  readonly input: {
    readonly settings: Record<string, unknown>;
    readonly sources: Record<string, { content: string }>;
  };
}

/**
 * What `npm run build` knows of the contracts.
 * @param folder Hardhat's artifacts
 * @throws QuorateError ARTIFACTS_MISSING
 */
export function readContractBook(folder: string): ContractBook {
  const artifacts = new Map(NAMES.map((name) => [name as string, readArtifact(folder, name)]));
  return {
    abis: Object.fromEntries([...artifacts].map(([name, { abi }]) => [name, abi])),
    sourceOf(name) {
      const artifact = artifacts.get(name);
      if (!artifact)
        throw new QuorateError("NOT_FOUND", `there is no source of a contract ${name.slice(0, 60)}`, {});
      const { solcLongVersion, input } = readBuild(folder, artifact);
      const { outputSelection: _, ...settings } = input.settings;
      const sources = reachable(artifact.inputSourceName, input);
      return { name, main: artifact.inputSourceName, compiler: solcLongVersion, settings, sources };
    },
  };
}

/** @throws QuorateError ARTIFACTS_MISSING */
export function readArtifact(folder: string, name: string): Artifact {
  const [path] = globSync(`**/${name}.sol/${name}.json`, { cwd: folder });
  if (path === undefined) throw missing(folder, name);
  return JSON.parse(readFileSync(join(folder, path), "utf8"));
}

/** The compiler's input a contract was built from. */
export function readBuild(folder: string, { buildInfoId }: Artifact): BuildInfo {
  const path = join(folder, "build-info", `${buildInfoId}.json`);
  if (!existsSync(path)) throw missing(folder, buildInfoId);
  return JSON.parse(readFileSync(path, "utf8"));
}

function missing(folder: string, name: string): QuorateError {
  return new QuorateError("ARTIFACTS_MISSING", `no compiled ${name} under ${folder}: run npm run build`, {
    name,
    folder,
  });
}

/** The file and all that it imports, directly or not. */
function reachable(main: string, { sources, settings }: BuildInfo["input"]): Record<string, string> {
  const remappings = (settings.remappings as string[] | undefined) ?? [];
  const found: Record<string, string> = {};
  const waiting = [main];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const content = sources[path]?.content;
    if (content === undefined || found[path] !== undefined) continue;
    found[path] = content;
    for (const [, target] of content.matchAll(/^\s*import\s[^;]*?["']([^"']+)["']/gm))
      waiting.push(resolveImport(path, target!, remappings));
  }
  return found;
}

/** As solc resolves: relative to the importing file, else by the remapping of its context. */
function resolveImport(from: string, target: string, remappings: readonly string[]): string {
  if (target.startsWith(".")) return new URL(target, `file:///${from}`).pathname.slice(1);
  for (const remapping of remappings) {
    const match = /^(?:([^:=]*):)?([^=]+)=(.*)$/.exec(remapping);
    const [, context = "", prefix = "", replacement = ""] = match ?? [];
    if (from.startsWith(context) && target.startsWith(prefix))
      return `${replacement}${target.slice(prefix.length)}`;
  }
  return target;
}
