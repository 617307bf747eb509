import { isDeepStrictEqual } from "node:util";
import type { Provider } from "ethers";
import type { Deployment } from "../../coordinator/cli/deployment.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { type Artifact, type ReadArtifact, sameCode } from "./artifact.ts";

/** @throws QuorateError DEPLOYMENT_CODE if a recorded contract is not there, or not the one of these sources */
export async function assertCode(
  options: {
    readonly path: string;
    readonly artifact: ReadArtifact;
    readonly signer: { readonly provider: Provider };
  },
  contracts: Deployment["contracts"],
): Promise<void> {
  for (const [name, { address }] of Object.entries(contracts)) {
    const artifact: Artifact = await options.artifact(name);
    const code = await options.signer.provider.getCode(address);
    if (sameCode(artifact, code)) continue;
    const what = code === "0x" ? "has no code" : "has other code than the sources here";
    throw new QuorateError(
      "DEPLOYMENT_CODE",
      `${options.path} says ${name} is at ${address}, which ${what}. Set FRESH=1 to move the file aside and deploy anew`,
      { name, address },
    );
  }
}

/** @throws QuorateError DEPLOYMENT_DIFFERS if a contract was deployed with other arguments */
export function assertSameArguments(path: string, name: string, recorded: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(recorded, wanted)) return;
  throw new QuorateError(
    "DEPLOYMENT_DIFFERS",
    `${path} holds ${name} with other arguments: ${JSON.stringify(recorded)} instead of ${JSON.stringify(wanted)}. ` +
      "Use the settings it was deployed with, or set FRESH=1 to move the file aside and deploy anew",
    { name, recorded, wanted },
  );
}

/** As it is after a round trip through the file: integers beyond 2^53 as strings, which ethers reads as well. */
export function toPlain(args: readonly unknown[]): readonly unknown[] {
  return JSON.parse(JSON.stringify(args, (_, value) => (typeof value === "bigint" ? String(value) : value)));
}
