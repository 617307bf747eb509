import type { InterfaceAbi } from "ethers";

/** What the compiler made of a contract. */
export interface Artifact {
  readonly abi: InterfaceAbi;
  readonly bytecode: string;
  readonly deployedBytecode: string;
  /** Positions in the deployed code that the constructor fills in, by AST id. */
  readonly immutableReferences?: Readonly<Record<string, readonly { start: number; length: number }[]>>;
}
export type ReadArtifact = (name: string) => Promise<Artifact>;

/** True if `code` is the artifact's deployed code, whatever the constructor put into its immutables. */
export function sameCode(artifact: Artifact, code: string): boolean {
  const expected = Buffer.from(artifact.deployedBytecode.slice(2), "hex");
  const actual = Buffer.from(code.slice(2), "hex");
  if (expected.length !== actual.length) return false;
  for (const { start, length } of Object.values(artifact.immutableReferences ?? {}).flat()) {
    expected.fill(0, start, start + length);
    actual.fill(0, start, start + length);
  }
  return expected.equals(actual);
}

/** Artifacts of this project, from Hardhat. */
export async function hardhatArtifacts(): Promise<ReadArtifact> {
  const { default: hre } = await import("hardhat");
  return async (name) => (await hre.artifacts.readArtifact(name)) as unknown as Artifact;
}
