import { type Command, InvalidArgumentError } from "commander";
import type { Hex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import { deploymentPath, readDeployment } from "./deployment.ts";
import type { Io } from "./io.ts";

export const DEFAULT_RPC_URL = "http://127.0.0.1:8545";
export const DEFAULT_NETWORK = "localhost";
export const LARGEST_PORT = 65_535;

/** How a command finds the chain and the federation on it. */
export interface ChainOptions {
  readonly rpc?: string;
  readonly deployment?: string;
  readonly network?: string;
  readonly contract?: Hex;
}

/** How a command finds its key. */
export interface KeyOptions {
  readonly keystore?: string;
  readonly passwordFile?: string;
}

/** What {@link ChainOptions} come down to. */
export interface ChainTarget {
  readonly rpcUrl: string;
  /** Address of RoundConsensus. */
  readonly contract: Hex;
  /** Known from a deployment file; a node on another chain is refused. */
  readonly chainId?: bigint;
  /** Folder of the task file and its validation set, if the deployment file names one that is here. */
  readonly taskFolder?: string;
}

export function addChainOptions(command: Command): Command {
  return command
    .option(
      "--rpc <url>",
      `JSON-RPC endpoint of the chain (QUORATE_RPC_URL; default ${DEFAULT_RPC_URL})`,
      parseUrl,
    )
    .option("--network <name>", `federation of deployments/<name>.json (default ${DEFAULT_NETWORK})`)
    .option("--deployment <file>", "federation of this deployment file")
    .option("--contract <address>", "federation of this RoundConsensus contract", parseAddress);
}

export function addKeyOptions(command: Command): Command {
  return command
    .option(
      "--keystore <file>",
      "encrypted key file; its password comes from QUORATE_PASSWORD or --password-file",
    )
    .option("--password-file <file>", "file whose first line is the keystore's password")
    .addHelpText("after", "\nWithout --keystore the key is read from QUORATE_PRIVATE_KEY.");
}

export function addJsonOption(command: Command): Command {
  return command.option("--json", "print JSON");
}

/**
 * Decides which chain and federation a command talks to: --contract, else --deployment, else --network.
 * @throws QuorateError DEPLOYMENT_MISSING, DEPLOYMENT_MALFORMED, USAGE
 */
export function chainTarget(options: ChainOptions, io: Io): ChainTarget {
  const rpcUrl = options.rpc ?? io.env.QUORATE_RPC_URL ?? DEFAULT_RPC_URL;
  const named = [options.contract, options.deployment, options.network].filter(
    (value) => value !== undefined,
  );
  if (named.length > 1)
    throw new QuorateError(
      "USAGE",
      "--contract, --deployment and --network exclude each other: give one",
      {},
    );
  if (options.contract) return { rpcUrl, contract: options.contract };
  const path = options.deployment ?? deploymentPath(options.network ?? DEFAULT_NETWORK);
  const deployment = readDeployment(path);
  const consensus = deployment.contracts.RoundConsensus;
  if (!consensus || !deployment.complete)
    throw new QuorateError(
      "DEPLOYMENT_MALFORMED",
      `${path} is not complete: run scripts/deploy.ts again, it goes on where it stopped`,
      { path },
    );
  return {
    rpcUrl,
    contract: consensus.address,
    chainId: BigInt(deployment.chainId),
    taskFolder: deployment.taskFolder,
  };
}

/** Parsers for commander: each throws InvalidArgumentError, which commander reports with the option's name. */
export function parseAddress(text: string): Hex {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text))
    throw new InvalidArgumentError("expected 0x and 40 hexadecimal digits.");
  return text as Hex;
}

export function parseUrl(text: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new InvalidArgumentError("expected an http or https URL.");
  return text.replace(/\/+$/, "");
}

export function parseRound(text: string): bigint {
  if (!/^[1-9][0-9]{0,18}$/.test(text)) throw new InvalidArgumentError("expected a round number, 1 or more.");
  return BigInt(text);
}

/** A parser of whole numbers between `min` and `max`. */
export function integerBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max))
      throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** Whole tokens with up to 18 decimals, as the token's smallest unit: "1.5" is 1500000000000000000n. */
export function parseTokens(text: string): bigint {
  const match = /^([0-9]{1,60})(?:\.([0-9]{1,18}))?$/.exec(text);
  if (!match) throw new InvalidArgumentError("expected an amount of tokens with at most 18 decimals.");
  return BigInt(match[1]!) * 10n ** 18n + BigInt((match[2] ?? "").padEnd(18, "0"));
}

/** A whole number of at least 0. */
export function parseIndex(text: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw new InvalidArgumentError("expected a whole number, 0 or more.");
  return Number(text);
}

/** Where a command serves its metrics; nowhere without a port. */
export interface MetricsOptions {
  readonly metricsPort?: number;
  readonly metricsHost: string;
  readonly allowRemote?: boolean;
}

export function addMetricsOptions(command: Command): Command {
  return command
    .option(
      "--metrics-port <n>",
      "serve metrics for Prometheus at /metrics on this port (0: any free one)",
      integerBetween(0, LARGEST_PORT),
    )
    .option("--metrics-host <address>", "address of the metrics page", "127.0.0.1");
}

/** Where a command with a key keeps its gas ledger. */
export function addFolderOption(command: Command): Command {
  return command.option("--folder <folder>", "folder of the gas ledger (default: the keystore's folder)");
}
