import type { Wallet } from "ethers";
import { createMemoryStore } from "../../coordinator/adapters/ipfs/memory-store.ts";
import { signerOf } from "../../coordinator/adapters/keys/keystore.ts";
import { createWasmEvaluator } from "../../coordinator/adapters/learning/wasm-evaluator.ts";
import type { ContentStore } from "../../coordinator/ports/content-store.ts";
import { FEDAVG, type Rule } from "../../coordinator/protocol/aggregation/rule.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import type { PayoutRow } from "../../coordinator/protocol/incentives/payouts.ts";
import { type Architecture, initialModel } from "../../coordinator/protocol/learning/architecture.ts";
import { type Dataset, encodeDataset } from "../../coordinator/protocol/learning/dataset.ts";
import { KERNEL_VERSION } from "../../coordinator/protocol/learning/kernel-version.ts";
import type { Model } from "../../coordinator/protocol/model/model.ts";
import { modelRoot } from "../../coordinator/protocol/model/model-root.ts";
import { encodeModel } from "../../coordinator/protocol/model/safetensors.ts";
import type { Candidate, Update } from "../../coordinator/protocol/round/messages.ts";
import { recompute } from "../../coordinator/protocol/round/recompute.ts";
import type { SignedUpdate } from "../../coordinator/protocol/round/references.ts";
import { canonicalUpdates } from "../../coordinator/protocol/round/references.ts";
import { encodeTask } from "../../coordinator/protocol/round/task.ts";
import { TEST_PARAMETERS, type TestChain } from "../adapters/chain/federation.ts";
import type { Forwarder } from "../adapters/chain/forwarder.ts";
import {
  createFederation,
  postTogether,
  signVote,
  type TestFederation,
  type TestMiner,
  TOKEN,
} from "../adapters/chain/members.ts";

const ARCHITECTURE: Architecture = { kind: "dense", layers: [16, 8, 4] };
const SEED = "audit";

/** A federation with real files in one store, and the state its next round builds on. */
export interface AuditedFederation extends TestFederation {
  readonly store: ContentStore;
  readonly validation: Dataset;
  readonly rule: Rule;
  base: Model;
  payouts: readonly PayoutRow[];
}

export async function createAuditedFederation(
  chain: TestChain,
  rule: Rule = FEDAVG,
): Promise<AuditedFederation> {
  const store = createMemoryStore();
  const validation = createDataset(200);
  const base = initialModel(ARCHITECTURE, SEED);
  const cid = await store.add(encodeDataset(validation));
  const taskHash = await store.add(
    encodeTask({
      name: "audit",
      architecture: ARCHITECTURE,
      kernels: KERNEL_VERSION,
      genesisSeed: SEED,
      rule,
      validation: { cid, size: validation.count },
    }),
  );
  const federation = await createFederation(chain, {
    stakes: [3000n * TOKEN, 3000n * TOKEN, 1000n * TOKEN],
    task: {
      taskHash,
      genesisModelRoot: modelRoot(base),
      dimension: base.floats.length,
      validationSize: validation.count,
      rule,
    },
  });
  return { ...federation, store, validation, rule, base, payouts: [] };
}

/** What the miners of a round agree on together, against the rules. */
export interface Collusion {
  /** Signs the updates in place of the clients. */
  readonly signers?: readonly Wallet[];
  readonly sampleCount?: bigint;
  /** Applied in place of the federation's. */
  readonly rule?: Rule;
  /** What clipping starts at in place of the round's base model. */
  readonly centre?: Model;
  /** Changed after everything was computed. */
  readonly candidate?: (honest: Candidate) => Partial<Candidate>;
  /** Miners that vote, of all by rank; default all. */
  readonly voters?: (ranked: readonly TestMiner[]) => readonly TestMiner[];
  /** Settles in place of a miner. */
  readonly settler?: Pick<Forwarder, "settle">;
}

/** Plays one round by script: clients sign, proposers recompute, all vote yes, one settles. Returns its number. */
export async function playRound(federation: AuditedFederation, collusion: Collusion = {}): Promise<bigint> {
  const { reader, chain, store, miners } = federation;
  const current = await reader.currentRound();
  if (current?.status !== "open") await miners[0]!.chain.openRound();
  await chain.wait(TEST_PARAMETERS.collectMin);
  const round = (await reader.currentRound())!;
  const updates = await signUpdates(federation, collusion);
  const evaluator = createWasmEvaluator(federation.validation);
  const result = await recompute({
    round: round.round,
    openingHash: round.openingHash,
    baseRoot: round.baseRoot,
    base: collusion.centre ?? federation.base,
    rule: collusion.rule ?? federation.rule,
    updates,
    previousPayouts: federation.payouts,
    budget: 100n * TOKEN,
    scorer: evaluator,
    digest: store.digest,
  });
  await evaluator.stop();
  await store.add(result.modelBytes);
  await store.add(result.manifestBytes);
  const candidate = { ...result.candidate, ...collusion.candidate?.(result.candidate) };
  const ranked = await postTogether(federation, candidate);
  const voters = collusion.voters?.(ranked) ?? ranked;
  const votes = await Promise.all(voters.map((miner) => signVote(federation, miner, candidate)));
  await (collusion.settler ?? ranked.at(-1)!.chain).settle(round.round, votes);
  federation.base = result.model;
  // One miner alone pays nobody.
  if (ranked.length > 1) federation.payouts = result.manifest.payouts;
  return round.round;
}

async function signUpdates(
  federation: AuditedFederation,
  { signers, sampleCount = 100n }: Collusion,
): Promise<{ signed: SignedUpdate; model: Model }[]> {
  const round = (await federation.reader.currentRound())!;
  const models = new Map<string, Model>();
  const signed: SignedUpdate[] = [];
  for (const [k, client] of federation.clients.entries()) {
    const model = initialModel(ARCHITECTURE, `${round.round}/${k}`);
    const update: Update = {
      round: round.round,
      openingHash: round.openingHash,
      baseRoot: round.baseRoot,
      modelRoot: modelRoot(model),
      modelCid: await federation.store.add(encodeModel(model)),
      sampleCount: sampleCount + BigInt(k),
    };
    const signature = await signerOf(signers?.[k] ?? client).sign(federation.domain, "Update", update);
    signed.push({ client: client.address as Hex, update, signature });
    models.set(update.modelRoot, model);
  }
  return canonicalUpdates(signed).map((one) => ({ signed: one, model: models.get(one.update.modelRoot)! }));
}

/** Four classes that differ by which quarter of the picture is bright. */
function createDataset(count: number): Dataset {
  const images = new Uint8Array(count * 16);
  const labels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = i % 4;
    for (let p = 0; p < 16; p++)
      images[16 * i + p] = (Math.floor(p / 4) === i % 4 ? 200 : 20) + ((i * 7 + p * 13) % 50);
  }
  return { images, labels, count, rows: 4, columns: 4 };
}
