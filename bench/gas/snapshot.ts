import { readFileSync } from "node:fs";
import hre from "hardhat";
import type { GasTable } from "./recorder.ts";

/** What is committed: how the contracts were compiled, their sizes in bytes, gas by scenario. */
export interface GasSnapshot {
  compiler: Record<string, string | number | boolean>;
  codeBytes: Record<string, number>;
  gas: GasTable;
}

const CONTRACTS = [
  "CheckpointRegistry",
  "ClientRegistry",
  "FaultProofs",
  "MinerRegistry",
  "RewardDistributor",
  "RoundConsensus",
  "RoundLens",
];

export async function takeSnapshot(gas: GasTable): Promise<GasSnapshot> {
  const codeBytes: Record<string, number> = {};
  for (const name of CONTRACTS) {
    const { deployedBytecode } = await hre.artifacts.readArtifact(name);
    codeBytes[name] = (deployedBytecode.length - 2) / 2;
  }
  return { compiler: compilerSettings(), codeBytes, gas: sortedByName(gas) };
}

function compilerSettings(): GasSnapshot["compiler"] {
  const compiler = hre.config.solidity.profiles.default?.compilers[0];
  if (!compiler) throw new Error("hardhat.config.ts names no compiler");
  const { evmVersion, optimizer, viaIR } = compiler.settings;
  const { hardfork } = hre.config.networks.default as { hardfork?: string };
  return {
    evmVersion,
    hardfork: hardfork ?? "",
    optimizer: optimizer.enabled,
    runs: optimizer.runs,
    version: compiler.version,
    viaIR,
  };
}

function sortedByName(gas: GasTable): GasTable {
  return Object.fromEntries(Object.entries(gas).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function readSnapshot(path: URL): GasSnapshot {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** One line per value that differs; empty if the two are equal. */
export function differences(committed: GasSnapshot, measured: GasSnapshot): string[] {
  const before = flat(committed);
  const after = flat(measured);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .filter((name) => before[name] !== after[name])
    .map((name) => line(name, before[name], after[name]));
}

function line(name: string, before: unknown, after: unknown): string {
  const change =
    typeof before === "number" && typeof after === "number"
      ? `  ${after > before ? "+" : ""}${after - before} (${((100 * (after - before)) / before).toFixed(2)} %)`
      : "";
  return `  ${name.padEnd(34)} ${String(before ?? "-").padStart(9)} -> ${String(after ?? "-").padStart(9)}${change}`;
}

function flat(snapshot: GasSnapshot): Record<string, unknown> {
  const entries = Object.entries(snapshot).flatMap(([part, values]) =>
    Object.entries(values).map(([name, value]) => [`${part}.${name}`, value]),
  );
  return Object.fromEntries(entries);
}
