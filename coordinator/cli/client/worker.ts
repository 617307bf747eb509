import type { Wallet } from "ethers";
import type { QuorateWriter } from "../../adapters/chain/writer.ts";
import { createSystemClock } from "../../adapters/clock/system-clock.ts";
import { loadFederation } from "../../adapters/federation/load-federation.ts";
import { signerOf } from "../../adapters/keys/keystore.ts";
import { createRecoverer } from "../../adapters/keys/recover.ts";
import { createWasmTrainer } from "../../adapters/learning/wasm-trainer.ts";
import { claimPayout } from "../../client/claim-payout.ts";
import { type Refusal, submitUpdate } from "../../client/submit-update.ts";
import { trainUpdate } from "../../client/train-update.ts";
import type { RoundView } from "../../ports/chain.ts";
import type { Clock } from "../../ports/clock.ts";
import type { LoadedFederation } from "../../ports/federation.ts";
import type { Trainer } from "../../ports/learning.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { isQuorateError } from "../../protocol/errors.ts";
import type { Dataset } from "../../protocol/learning/dataset.ts";
import type { Cleanup } from "../cleanup.ts";
import type { Cli } from "../command.ts";
import { openNetwork, openWriter, sha256 } from "../connect.ts";
import { createReporter, type Report } from "../report-lines.ts";
import { untilServed } from "../retry.ts";
import { formatTokens } from "../text.ts";
import { poisonedData, poisonedValues } from "./poison.ts";
import type { ClientRunOptions } from "./run.ts";
import { readDataset } from "./training.ts";

/** How often the worker looks at the chain, in milliseconds. */
const POLL_MS = 500;
/** Training progress is reported in steps of this part. */
const PROGRESS_STEP = 0.05;

/** A client's process: everything it keeps between rounds. */
interface Worker {
  readonly options: ClientRunOptions;
  readonly signal: AbortSignal;
  readonly report: Report;
  readonly client: Hex;
  readonly wallet: Wallet;
  readonly chain: QuorateWriter;
  readonly network: Awaited<ReturnType<typeof openNetwork>>;
  readonly federation: LoadedFederation;
  readonly trainer: Trainer;
  readonly dataset: Dataset;
  readonly clock: Clock;
}

/**
 * Works until stopped or, with --rounds, until that round is over, final and claimed. What goes wrong in a round is
 * reported and tried again; only what keeps the client from starting is thrown.
 */
export async function runWorker(options: ClientRunOptions, cli: Cli, cleanup: Cleanup): Promise<void> {
  const worker = await openWorker(options, cli, cleanup);
  const { chain, signal, report, clock } = worker;
  const claim = createClaimer(worker);
  let workedOn: Hex | undefined;
  while (!signal.aborted) {
    try {
      const round = await chain.currentRound();
      if (round?.status === "open" && round.openingHash !== workedOn && !isPast(round, options.rounds)) {
        await trainAndSubmit(worker, round).catch((error) => reportRefusal(report, round, error));
        workedOn = round.openingHash;
      }
      const claimed = await claim();
      if (options.rounds && (await isSettledUpTo(chain, BigInt(options.rounds), claimed))) return;
    } catch (error) {
      if (signal.aborted) return;
      const code = isQuorateError(error) ? error.code : "UNEXPECTED";
      report("error", { code, message: String(error) }, `error ${code}: ${(error as Error).message}`);
    }
    await clock.sleep(POLL_MS, signal).catch(() => undefined);
  }
}

async function openWorker(options: ClientRunOptions, { io, signal }: Cli, cleanup: Cleanup): Promise<Worker> {
  const report = createReporter(io, options.json === true);
  const dataset = poisonedData(options.attack, await readDataset(options.data));
  const { chain, wallet } = await openWriter(options, io, cleanup);
  const network = await openNetwork(chain, {}, cleanup);
  const client = options.client ?? (wallet.address as Hex);
  const clock = createSystemClock();
  const { content } = network;
  const load = () => loadFederation({ chain, content, withValidation: false, sha256, signal });
  const federation = await untilServed(load, { clock, signal, report });
  const trainer = createWasmTrainer({ onProgress: progressReporter(report) });
  cleanup.add(() => trainer.stop());
  report("started", { client }, `client ${client}: ${dataset.count} samples`);
  return { options, signal, report, client, wallet, chain, network, federation, trainer, dataset, clock };
}

async function trainAndSubmit(worker: Worker, { round, generation }: RoundView): Promise<void> {
  const { options, chain, federation, network, signal, clock, report } = worker;
  const { epochs, batch, learningRate, attack } = options;
  // Another shuffle for every model, and the same one again after a restart or a failed round: what fails leaves no trace.
  const seed = `${options.seed}/${generation ?? round}`;
  const shared = { chain, federation, sha256, signal };
  const update = await trainUpdate({
    ...shared,
    content: network.content,
    trainer: worker.trainer,
    dataset: worker.dataset,
    epochs,
    batchSize: batch,
    learningRate,
    seed,
    ...(attack && { tamper: poisonedValues(attack, seed) }),
  });
  const submitted = await submitUpdate({
    ...shared,
    transport: network.transport,
    signer: signerOf(worker.wallet),
    recoverer: createRecoverer(),
    client: worker.client,
    bytes: update.bytes,
    sampleCount: update.sampleCount,
    digest: network.digest,
    clock,
    baseRoot: update.baseRoot,
  });
  const { modelRoot, acknowledged, refused } = submitted;
  report(
    "submitted",
    { round: submitted.round, modelRoot, acknowledged: acknowledged.length, refused },
    `round ${submitted.round}: update ${modelRoot} acknowledged by ${acknowledged.length} miners`,
  );
}

/** An update whose model is at fault is over for the round: training again would make the same one. */
function reportRefusal(report: Report, { round }: RoundView, error: unknown): void {
  const codes = modelFaults(error);
  if (codes.length === 0) throw error;
  const { message } = error as Error;
  report("refused", { round, codes, message }, `round ${round}: update refused: ${message}`);
}

/** What the client's own check or every miner found wrong with the model; nothing if anything else went wrong. */
function modelFaults(error: unknown): string[] {
  if (!isQuorateError(error)) return [];
  const { code, details } = error;
  const codes =
    code === "UPDATE_NOT_ACKNOWLEDGED" ? (details.refused as readonly Refusal[]).map((r) => r.code) : [code];
  return codes.every((each) => each.startsWith("MODEL_")) ? [...new Set(codes)] : [];
}

function isPast(round: RoundView, rounds: number | undefined): boolean {
  return rounds !== undefined && round.round > rounds;
}

/** True if round `last` is over and final, and what is final is claimed. */
async function isSettledUpTo(chain: QuorateWriter, last: bigint, claimed: bigint): Promise<boolean> {
  const current = await chain.currentRound();
  if (!current || current.round < last) return false;
  const round = await chain.round(last);
  if (round.status === "open" || !round.final) return false;
  const final = await chain.finalPayouts();
  return final === undefined || claimed >= final.round;
}

/** Claims whenever a newer root has become final; resolves with the round whose root was claimed last. */
function createClaimer({ chain, network, client, report }: Worker): () => Promise<bigint> {
  let claimed = 0n;
  return async () => {
    const final = await chain.finalPayouts();
    if (!final || final.round <= claimed) return claimed;
    const { paid, sent } = await claimPayout({ chain, content: network.content, client });
    claimed = final.round;
    if (sent)
      report(
        "claimed",
        { round: final.round, paid, hash: sent.hash },
        `claimed ${formatTokens(paid)} tokens`,
      );
    return claimed;
  };
}

function progressReporter(report: Report): (done: number, total: number) => void {
  let shown = -1;
  return (done, total) => {
    const part = Math.floor(done / total / PROGRESS_STEP);
    if (part === shown) return;
    shown = part;
    report("training", { done, total });
  };
}
