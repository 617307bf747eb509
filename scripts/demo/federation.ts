import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { JsonRpcProvider } from "ethers";
import { openFileLedger } from "../../coordinator/adapters/ledger/file-ledger.ts";
import { LEDGER_FILE } from "../../coordinator/cli/connect.ts";
import { splitMnist } from "../../coordinator/cli/data/split.ts";
import { formatAttack } from "../../coordinator/protocol/attacks/attack.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { EXACT_SHAPLEY_CLIENTS } from "../../coordinator/protocol/round/recompute.ts";
import type { Funder, User } from "../federation/accounts.ts";
import { hardhatArtifacts } from "../federation/artifact.ts";
import { deployFederation } from "../federation/deploy.ts";
import { fundRewards, registerClients, stakeMiners } from "../federation/members.ts";
import { PROFILES, type Profile } from "../federation/parameters.ts";
import { writeTaskFiles } from "../federation/task-files.ts";
import type { Display } from "./display.ts";
import { freePorts } from "./folder.ts";
import { type DemoOptions, faultyMiners, VALIDATION_IMAGES } from "./options.ts";
import type { Supervisor } from "./supervisor.ts";

const CLI = fileURLToPath(new URL("../../coordinator/cli/quorate.js", import.meta.url));
const FAULTY = fileURLToPath(new URL("faulty-miner.ts", import.meta.url));
const ANVIL = fileURLToPath(new URL("../../node_modules/.bin/anvil", import.meta.url));
const ASK_AGAIN_MS = 100;
const CHAIN = fileURLToPath(new URL("chain.ts", import.meta.url));

/** Long enough for a loaded machine; a process that ends early is noticed at once. */
const START_TIMEOUT_MS = 60_000;
const STAKE = 1_000n * 10n ** 18n;
const ETHER = 10n ** 19n;

/** A federation on a local chain: what its processes are told, and what the demo itself needs to know. */
export interface DemoFederation {
  readonly rpcUrl: string;
  readonly provider: JsonRpcProvider;
  readonly funder: Funder;
  /** Address of RoundConsensus. */
  readonly contract: Hex;
  readonly miners: readonly User[];
  readonly endpoints: readonly string[];
  readonly clients: readonly User[];
}

/** Starts the chain, deploys, stakes, registers and funds, by the same code as the scripts users run. */
export async function setUpFederation(
  options: DemoOptions,
  supervisor: Supervisor,
  display: Display,
): Promise<DemoFederation> {
  const rpcUrl = options.anvil ? await startAnvil(options, supervisor) : await startHardhat(supervisor);
  display.line(`chain      ${rpcUrl}`);
  const provider = new JsonRpcProvider(rpcUrl, undefined, { batchMaxCount: 1, cacheTimeout: -1 });
  const signer = await provider.getSigner(0);
  const artifact = await hardhatArtifacts();
  const ledger = await openFileLedger(join(options.out, LEDGER_FILE));
  const path = join(options.out, "deployment.json");
  const taskFolder = join(options.out, "task");
  const { seed, validationSize, rule } = options;
  const task = await writeTaskFiles(taskFolder, { seed, rule, ...(validationSize && { validationSize }) });
  const log = display.line;
  const network = "demo";
  const profile = profileFor(options);
  const common = { signer, artifact, ledger, log };
  const deployment = await deployFederation({ ...common, network, path, profile, task, rule, taskFolder });
  const funder: Funder = { ...common, deployment };
  const endpoints = (await freePorts(options.miners)).map((port) => `http://127.0.0.1:${port}`);
  const account = { ether: ETHER, fast: true };
  const minersFolder = join(options.out, "miners");
  const clientsFolder = join(options.out, "clients");
  const miners = await stakeMiners(funder, { folder: minersFolder, endpoints, stake: STAKE, ...account });
  const clients = await registerClients(funder, {
    folder: clientsFolder,
    count: options.clients,
    ...account,
  });
  await fundRewards(funder, BigInt(options.rounds));
  const contract = deployment.contracts.RoundConsensus!.address;
  return { rpcUrl, provider, funder, contract, miners, endpoints, clients };
}

async function startHardhat(supervisor: Supervisor): Promise<string> {
  supervisor.start({ name: "chain", args: [CHAIN] });
  const [, rpcUrl] = await supervisor.waitForLog("chain", /listening at (\S+)/, START_TIMEOUT_MS);
  return rpcUrl!;
}

/**
 * Starts anvil as the options say; resolves with its address.
 * @param port the one it had before, if it is started again
 */
export async function startAnvil(
  { anvil = [], out }: DemoOptions,
  supervisor: Supervisor,
  port?: number,
): Promise<string> {
  const at = port ?? (await freePorts(1))[0]!;
  const own = anvil.map((word) => (word.endsWith(".json") ? join(out, word) : word));
  const args = ["--port", String(at), "--accounts", "20", "--hardfork", "prague", ...own];
  supervisor.start({ name: "chain", command: ANVIL, args });
  const rpcUrl = `http://127.0.0.1:${at}`;
  const end = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    if (await answers(rpcUrl)) return rpcUrl;
    supervisor.check();
    if (Date.now() > end)
      throw new QuorateError("PROCESS_TIMEOUT", `anvil does not answer at ${rpcUrl}`, { rpcUrl });
    await sleep(ASK_AGAIN_MS);
  }
}

async function answers(rpcUrl: string): Promise<boolean> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(rpcUrl, { method: "POST", headers, body }).catch(() => undefined);
  return answer?.ok === true;
}

/** Seconds to score one coalition on one image, on a slow core. */
const SCORE_SECONDS = 0.3 / VALIDATION_IMAGES;
/** The machine may have other work: nobody waits longer for it, unless a miner is down. */
const BUSY = 6;
/** Seconds for a client to start, train and upload, when others do the same. */
const CLIENT_SECONDS = 4;

/**
 * The demo's settings, with as much time as scoring 2^clients coalitions takes when all miners share these cores, and
 * as many clients to train.
 */
export function profileFor({
  clients,
  miners,
  validationSize = VALIDATION_IMAGES,
  slack = 1,
  challengeWindow = PROFILES.demo.parameters.challengeWindow,
}: Pick<DemoOptions, "clients" | "miners" | "validationSize" | "slack" | "challengeWindow">): Profile {
  const { parameters, ringSlots, leafBond } = PROFILES.demo;
  const sharing = Math.ceil(miners / availableParallelism()) * BUSY;
  const coalitions = 2 ** Math.min(clients, EXACT_SHAPLEY_CLIENTS);
  const scoring = Math.ceil(coalitions * validationSize * SCORE_SECONDS * sharing);
  const collectMax = Math.max(parameters.collectMax, CLIENT_SECONDS * clients) * slack;
  const proposeSlot = Math.max(parameters.proposeSlot, scoring) * slack;
  const voteWindow = Math.max(parameters.voteWindow, scoring) * slack;
  const times = { collectMax, proposeSlot, voteWindow, challengeWindow };
  // A slot must not be wanted again before its round is final.
  const leastSlots = Math.ceil(challengeWindow / parameters.collectMin) + 1;
  return { parameters: { ...parameters, ...times }, ringSlots: Math.max(ringSlots, leastSlots), leafBond };
}

/** Splits the data and starts one process per miner and client. */
export async function startNodes(
  options: DemoOptions,
  supervisor: Supervisor,
  federation: DemoFederation,
): Promise<void> {
  for (const index of federation.miners.keys()) startMiner(options, supervisor, federation, index);
  const { clients: parts, labelNoise, seed, samples } = options;
  const out = join(options.out, "data");
  const files = await splitMnist({ parts, labelNoise, seed, out, ...(samples && { samples }) });
  for (const [index, user] of federation.clients.entries()) {
    const { epochs, batchSize, learningRate } = options;
    const training = ["--epochs", epochs, "--batch", batchSize, "--learning-rate", learningRate];
    const work = ["--data", files[index]!.path, "--seed", `${seed}/${index + 1}`, "--rounds", options.rounds];
    const hostile = index >= parts - options.byzantine;
    const attack = hostile ? ["--attack", formatAttack(options.attack)] : [];
    const rest = [...training, ...work, ...attack].map(String);
    const args = [CLI, "client", "run", ...chainArgs(federation), ...keyArgs(user), "--json", ...rest];
    supervisor.start({ name: `client-${index + 1}`, args });
  }
  for (const index of federation.miners.keys())
    await supervisor.waitForLog(`miner-${index + 1}`, /^\{"event":"listening"/m, START_TIMEOUT_MS);
}

/** Starts the process of one miner. Only the first is given the task's files; the others fetch them from it. */
export function startMiner(
  options: DemoOptions,
  supervisor: Supervisor,
  federation: DemoFederation,
  index: number,
): void {
  const task = index === 0 ? ["--task", join(options.out, "task")] : [];
  const node = [...chainArgs(federation), ...keyArgs(federation.miners[index]!)];
  const { faulty, listenAt, praft } = options;
  const port = listenAt ? ["--port", String(listenAt[index])] : [];
  const bonds = options.bonds ? ["--bonds", String(options.bonds)] : [];
  const shown = ["--json", "--log-level", "info", "--metrics-port", "0"];
  const replica = praft ? ["--praft", praft] : [];
  const honest = [CLI, "miner", "run", ...node, ...shown, ...port, ...bonds, ...replica, ...task];
  const isFaulty = faultyMiners(options).includes(index);
  const args = isFaulty ? [FAULTY, "--fault", faulty!.fault, ...node, ...task] : honest;
  supervisor.start({ name: `miner-${index + 1}`, args });
}

/** Runs `quorate verify` for one round in a process that shares nothing with the miners; resolves with its exit code. */
export function startVerify(
  supervisor: Supervisor,
  federation: DemoFederation,
  round: number,
): Promise<number> {
  const name = `verify-${round}`;
  supervisor.start({ name, args: [CLI, "verify", "--round", String(round), ...chainArgs(federation)] });
  return supervisor.waitForExit(name);
}

/** Starts a watchtower of somebody who is no miner, with that many bonds. */
export function startWatch(
  supervisor: Supervisor,
  federation: DemoFederation,
  { user, bonds }: { readonly user: User; readonly bonds: number },
): void {
  const asked = ["--json", "--bonds", String(bonds)];
  supervisor.start({
    name: "watch",
    args: [CLI, "watch", ...chainArgs(federation), ...keyArgs(user), ...asked],
  });
}

/** Starts the web explorer on a port of its own; resolves with its address. */
export async function startExplorer(
  options: DemoOptions,
  supervisor: Supervisor,
  { rpcUrl, endpoints }: DemoFederation,
): Promise<string> {
  const deployment = join(options.out, "deployment.json");
  const where = ["--rpc", rpcUrl, "--deployment", deployment, "--ipfs", endpoints[0]!];
  supervisor.start({ name: "explorer", args: [CLI, "explorer", "serve", ...where, "--port", "0"] });
  const [, url] = await supervisor.waitForLog("explorer", /^explorer of \S+ at (\S+)$/m, START_TIMEOUT_MS);
  return url!;
}

function chainArgs({ rpcUrl, contract }: DemoFederation): string[] {
  return ["--rpc", rpcUrl, "--contract", contract];
}

function keyArgs(user: User): string[] {
  return ["--keystore", user.keystore, "--password-file", user.passwordFile];
}
