import type { ChainReader, MinerRecord, RoundView } from "../ports/chain.ts";
import type { Clock } from "../ports/clock.ts";
import type { LoadedFederation } from "../ports/federation.ts";
import type { Recoverer, Signer } from "../ports/signer.ts";
import type { MinerTransport, UploadAnswer } from "../ports/transport.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { isQuorateError, QuorateError } from "../protocol/errors.ts";
import type { Sha256 } from "../protocol/model/merkle.ts";
import { modelRoot } from "../protocol/model/model-root.ts";
import { canonicalize, parseCanonical } from "../protocol/model/safetensors.ts";
import type { Update } from "../protocol/round/messages.ts";
import type { SignedUpdate } from "../protocol/round/references.ts";
import { openRound } from "./open-round.ts";

const DEFAULT_WAIT_MS = 30_000;
const LOOK_AGAIN_MS = 250;
/** Codes that mean "this round takes no more": the next one may. */
const TOO_LATE = ["UPDATE_CLOSED", "UPDATE_WRONG_ROUND", "NO_OPEN_ROUND"];

export interface SubmitUpdateOptions {
  readonly chain: ChainReader;
  readonly transport: MinerTransport;
  readonly signer: Signer;
  readonly recoverer: Recoverer;
  readonly federation: LoadedFederation;
  /** Identity address of the client. */
  readonly client: Hex;
  /** Any safetensors file with the federation's tensors. */
  readonly bytes: Uint8Array;
  /** Samples the model was trained on. */
  readonly sampleCount: bigint;
  /** Root of the model it was trained from; the open round must start from it. */
  readonly baseRoot?: Hex;
  readonly digest: (bytes: Uint8Array) => Promise<Hex>;
  readonly clock: Clock;
  /** How long to wait for the next round if the open one takes no more updates, milliseconds. */
  readonly waitMs?: number;
  readonly sha256?: Sha256;
  readonly signal?: AbortSignal;
}

/** A miner's receipt, checked. */
export interface Acknowledgement {
  readonly miner: Hex;
  readonly endpoint: string;
  /** The miner's signature of its receipt, 64 bytes. */
  readonly signature: Hex;
  /** Root of the client's update that counts. */
  readonly counts: Hex;
  readonly held: readonly Hex[];
}

export interface Refusal {
  readonly miner: Hex;
  readonly endpoint: string;
  readonly code: string;
  readonly message: string;
}

export interface SubmittedUpdate {
  readonly round: bigint;
  readonly openingHash: Hex;
  readonly client: Hex;
  readonly modelRoot: Hex;
  readonly modelCid: Hex;
  readonly sampleCount: bigint;
  readonly acknowledged: readonly Acknowledgement[];
  readonly refused: readonly Refusal[];
}

/** A canonical model, named. */
interface Named {
  readonly bytes: Uint8Array;
  readonly modelRoot: Hex;
  readonly modelCid: Hex;
}

/**
 * Signs a model as this client's update of the open round and uploads it to all active miners. If the round has just
 * stopped collecting, waits for the next one and, if that starts from the same base, signs for it.
 * @throws QuorateError NO_OPEN_ROUND, UPDATE_WRONG_BASE, UPDATE_NOT_ACKNOWLEDGED, MODEL_*
 */
export async function submitUpdate(options: SubmitUpdateOptions): Promise<SubmittedUpdate> {
  const { clock } = options;
  const named = await nameModel(options);
  const end = clock.now() + (options.waitMs ?? DEFAULT_WAIT_MS);
  const first = await openRound(options.chain);
  const baseRoot = options.baseRoot ?? first.baseRoot;
  let view = first;
  for (;;) {
    const result = await uploadTo(options, { view, baseRoot, named });
    if (result.acknowledged.length > 0) return result;
    const waitable = result.refused.some(({ code }) => TOO_LATE.includes(code));
    if (!waitable || clock.now() >= end) throw notAcknowledged(view, result.refused);
    view = await nextRound(options, view, end);
  }
}

async function nameModel(options: SubmitUpdateOptions): Promise<Named> {
  const { federation, sha256, digest } = options;
  const bytes = canonicalize(options.bytes, { federation: federation.genesis, fixNegativeZero: true });
  return { bytes, modelRoot: modelRoot(parseCanonical(bytes), sha256), modelCid: await digest(bytes) };
}

async function uploadTo(
  options: SubmitUpdateOptions,
  upload: { readonly view: RoundView; readonly baseRoot: Hex; readonly named: Named },
): Promise<SubmittedUpdate> {
  const { view, baseRoot, named } = upload;
  if (!sameHex(view.baseRoot, baseRoot))
    throw new QuorateError(
      "UPDATE_WRONG_BASE",
      `the model was trained from ${baseRoot}, round ${view.round} starts from ${view.baseRoot}: train again`,
      { baseRoot, expected: view.baseRoot, round: String(view.round) },
    );
  const { modelRoot: root, modelCid } = named;
  const { round, openingHash } = view;
  const { client, sampleCount, signer, federation } = options;
  const update: Update = { round, openingHash, baseRoot, modelRoot: root, modelCid, sampleCount };
  const signature = await signer.sign(federation.federation.domain, "Update", update);
  const signed: SignedUpdate = { client, update, signature };
  const miners = (await options.chain.miners()).filter((miner) => miner.active);
  const answers = await Promise.all(miners.map((miner) => uploadOne(options, signed, { miner, named })));
  options.signal?.throwIfAborted();
  const acknowledged = answers.flatMap((answer) => ("counts" in answer ? [answer] : []));
  const refused = answers.flatMap((answer) => ("code" in answer ? [answer] : []));
  return { round, openingHash, client, modelRoot: root, modelCid, sampleCount, acknowledged, refused };
}

async function uploadOne(
  options: SubmitUpdateOptions,
  signed: SignedUpdate,
  { miner, named }: { readonly miner: MinerRecord; readonly named: Named },
): Promise<Acknowledgement | Refusal> {
  const { endpoint } = miner;
  try {
    const answer = await options.transport.submitUpdate(endpoint, signed, named.bytes, options.signal);
    checkReceipt(options, signed, { answer, miner });
    const { signature, counts, held } = answer;
    return { miner: miner.miner, endpoint, signature, counts, held };
  } catch (error) {
    const code = isQuorateError(error) ? error.code : "MINER_UNREACHABLE";
    return { miner: miner.miner, endpoint, code, message: (error as Error).message };
  }
}

function checkReceipt(
  { recoverer, federation }: SubmitUpdateOptions,
  signed: SignedUpdate,
  { answer, miner }: { readonly answer: UploadAnswer; readonly miner: MinerRecord },
): void {
  const { round, openingHash, modelRoot: root } = signed.update;
  const receipt = { round, openingHash, client: signed.client, modelRoot: root };
  const signer = recoverer.recover(federation.federation.domain, "Receipt", receipt, answer.signature);
  if (signer && sameHex(signer, miner.key)) return;
  throw new QuorateError("RECEIPT_BAD_SIGNATURE", `miner ${miner.miner} did not sign its receipt`, {
    miner: miner.miner,
    endpoint: miner.endpoint,
  });
}

/** The next open round; the same one again if none came in time. */
async function nextRound(options: SubmitUpdateOptions, last: RoundView, end: number): Promise<RoundView> {
  const { chain, clock, signal } = options;
  while (clock.now() < end) {
    await clock.sleep(LOOK_AGAIN_MS, signal);
    const view = await chain.currentRound();
    if (view?.status === "open" && !sameHex(view.openingHash, last.openingHash)) return view;
  }
  return last;
}

function notAcknowledged(view: RoundView, refused: readonly Refusal[]): QuorateError {
  const reasons = refused.map(({ miner, code, message }) => `${miner}: ${code}: ${message}`);
  return new QuorateError(
    "UPDATE_NOT_ACKNOWLEDGED",
    `no miner acknowledged the update for round ${view.round}${reasons.length > 0 ? `; ${reasons.join("; ")}` : ""}`,
    { round: String(view.round), refused },
  );
}
