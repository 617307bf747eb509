import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Deployment, readDeployment } from "../../coordinator/cli/deployment.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";

/** What tells one chain from another, a restarted local chain included. */
export interface ChainIdentity {
  readonly chainId: string;
  readonly genesisBlock: Hex;
}

/**
 * The deployment file at `path`, or undefined if there is none yet.
 * @throws QuorateError DEPLOYMENT_OTHER_CHAIN, DEPLOYMENT_MALFORMED
 */
export function loadDeploymentOf(path: string, chain: ChainIdentity): Deployment | undefined {
  if (!existsSync(path)) return undefined;
  const deployment = readDeployment(path);
  if (deployment.chainId !== chain.chainId)
    throw otherChain(
      path,
      `it is about chain ${deployment.chainId}, and the node serves chain ${chain.chainId}`,
    );
  if (deployment.genesisBlock !== chain.genesisBlock)
    throw otherChain(
      path,
      "its block 0 is not this chain's: the local chain was restarted and forgot everything",
    );
  return deployment;
}

/** Writes the file so that a crash leaves the old one or the new one. */
export function saveDeployment(path: string, deployment: Deployment): void {
  mkdirSync(dirname(resolve(path)), { recursive: true });
  const temporary = `${path}.tmp`;
  writeFileSync(
    temporary,
    `${JSON.stringify(deployment, (_, value) => (typeof value === "bigint" ? String(value) : value), 2)}\n`,
  );
  renameSync(temporary, path);
}

/** Commit of the sources, "-dirty" if they differ from it, "unknown" outside a git checkout. */
export function sourceCommit(): string {
  const git = (...args: string[]) => {
    const run = spawnSync("git", args, { cwd: import.meta.dirname, encoding: "utf8" });
    return run.status === 0 ? run.stdout.trim() : undefined;
  };
  const head = git("rev-parse", "HEAD");
  if (!head) return "unknown";
  return git("status", "--porcelain", "--untracked-files=no", ":/contracts") ? `${head}-dirty` : head;
}

function otherChain(path: string, why: string): QuorateError {
  return new QuorateError(
    "DEPLOYMENT_OTHER_CHAIN",
    `${path} belongs to another chain: ${why}. Set FRESH=1 to move the file aside and deploy anew, or use another --network`,
    { path },
  );
}
