import { expect } from "chai";
import { createPeerContent } from "../../coordinator/adapters/content/peer-content.ts";
import { createMemoryStore } from "../../coordinator/adapters/ipfs/memory-store.ts";
import { claimPayout } from "../../coordinator/client/claim-payout.ts";
import { clientStatus } from "../../coordinator/client/client-status.ts";
import { getModel } from "../../coordinator/client/get-model.ts";
import { submitUpdate } from "../../coordinator/client/submit-update.ts";
import { trainUpdate } from "../../coordinator/client/train-update.ts";
import type { Trainer } from "../../coordinator/ports/learning.ts";
import { type Hex, sameHex } from "../../coordinator/protocol/bytes.ts";
import type { Dataset } from "../../coordinator/protocol/learning/dataset.ts";
import { withFloats } from "../../coordinator/protocol/model/model.ts";
import { encodeModel, parseModel } from "../../coordinator/protocol/model/safetensors.ts";
import { TestWorld, type TestWorldOptions } from "../node/harness.ts";
import { recoverer } from "../node/parts.ts";

let world: TestWorld;

async function started(options?: TestWorldOptions): Promise<void> {
  world = new TestWorld(options);
  await world.start();
  await world.until(() => world.chain.rounds.length === 1, "round 1");
}

/** What a client shares with others: the chain, and the miners' endpoints. */
function outside(name = "a reader") {
  const peers = { addresses: () => [], connect: async () => undefined };
  const transport = world.transport(name);
  const endpoints = async () => world.miners.map(({ endpoint }) => endpoint);
  const content = createPeerContent({ store: { ...createMemoryStore(), ...peers }, transport, endpoints });
  const { federation } = world;
  return { chain: world.chain.as(world.clients[0]!.address), content, transport, federation };
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "none",
    (error) => error.code ?? String(error),
  );
}

async function playRound(number: number): Promise<void> {
  await world.until(() => world.chain.rounds.length === number, `round ${number}`);
  const { model } = await getModel({ ...outside(), which: "base" });
  await Promise.all([0, 1, 2].map((i) => world.submit(i, world.update(i, model))));
  await world.until(() => world.chain.rounds[number - 1]!.status === "agreed", `round ${number} agreed`);
}

/** Adds one hundredth of the number of samples to every value, and leaves a −0. */
const trainer: Trainer = {
  async train({ model, dataset }) {
    const floats = model.floats.map((value) => value + dataset.count / 100);
    floats[0] = -0;
    return withFloats(model, floats);
  },
  stop: async () => undefined,
};

const DATASET: Dataset = {
  images: new Uint8Array(9),
  labels: new Uint8Array(3),
  count: 3,
  rows: 1,
  columns: 3,
};

describe("a client", () => {
  afterEach(() => world.stop());

  it("trains the open round's base and gets receipts from all miners", async () => {
    await started();
    const outer = outside();
    const job = { trainer, dataset: DATASET, epochs: 1, batchSize: 1, learningRate: 0.1 };
    const trained = await trainUpdate({ ...outer, ...job });
    expect(trained.sampleCount).to.equal(3n);
    expect(Object.is(parseModel(trained.bytes).floats[0], 0)).to.equal(true);
    const sent = await world.submit(0, trained.bytes, trained.sampleCount);
    expect(sent.acknowledged.map(({ miner }) => miner)).to.deep.equal(
      world.miners.map(({ address }) => address),
    );
    expect(sent.refused).to.deep.equal([]);
  });

  it("may send a file another library wrote: other order, metadata, −0", async () => {
    await started();
    const { genesis } = world.federation;
    const floats = genesis.floats.slice();
    floats[1] = -0;
    const foreign = encodeModel({ ...withFloats(genesis, floats), metadata: { format: "pt" } });
    const sent = await world.submit(0, foreign);
    expect(sent.acknowledged).to.have.length(2);
  });

  it("is told which miner refused or did not answer, and is content with one receipt", async () => {
    await started();
    world.unreachable.add(world.miners[1]!.endpoint);
    const sent = await world.submit(0, world.update(0));
    expect(sent.acknowledged.map(({ miner }) => miner)).to.deep.equal([world.miners[0]!.address]);
    expect(sent.refused.map(({ code }) => code)).to.deep.equal(["MINER_UNREACHABLE"]);
  });

  it("does not believe a receipt its miner did not sign", async () => {
    await started();
    const { transport, ...rest } = outside();
    const signer = world.clients[0]!;
    const forged: Hex = `0x${"11".repeat(64)}`;
    const submitting = submitUpdate({
      ...rest,
      transport: {
        ...transport,
        submitUpdate: async (...upload) => ({
          ...(await transport.submitUpdate(...upload)),
          signature: forged,
        }),
      },
      signer,
      recoverer,
      client: signer.address,
      bytes: world.update(0),
      sampleCount: 1n,
      digest: (bytes) => world.miners[0]!.store.digest(bytes),
      clock: world.clock,
      waitMs: 0,
    });
    const error = await submitting.catch((reason) => reason);
    expect(error.code).to.equal("UPDATE_NOT_ACKNOWLEDGED");
    expect(error.details.refused.map(({ code }: { code: string }) => code)).to.deep.equal([
      "RECEIPT_BAD_SIGNATURE",
      "RECEIPT_BAD_SIGNATURE",
    ]);
  });

  it("is told when the model is not the federation's or the round has another base", async () => {
    await started();
    expect(await codeOf(world.submit(0, world.update(0).slice(0, 100)))).to.match(/^MODEL_/);
    const { transport, ...rest } = outside();
    const signer = world.clients[0]!;
    const other: Hex = `0x${"22".repeat(32)}`;
    const wrongBase = submitUpdate({
      ...rest,
      transport,
      signer,
      recoverer,
      client: signer.address,
      bytes: world.update(0),
      sampleCount: 1n,
      baseRoot: other,
      digest: (bytes) => world.miners[0]!.store.digest(bytes),
      clock: world.clock,
    });
    expect(await codeOf(wrongBase)).to.equal("UPDATE_WRONG_BASE");
  });

  it("finds no open round before the first", async () => {
    world = new TestWorld();
    expect(await codeOf(world.submit(0, world.update(0)))).to.equal("NO_OPEN_ROUND");
  });

  it("gets models checked against the chain", async () => {
    await started();
    const genesis = await getModel({ ...outside(), which: "head" });
    expect(genesis).to.deep.include({
      round: 0n,
      modelRoot: world.federation.federation.genesisRoot,
      modelCid: null,
    });
    expect(await codeOf(getModel({ ...outside(), which: 1n }))).to.equal("ROUND_WITHOUT_MODEL");
    await playRound(1);
    const { candidate } = world.chain.rounds[0]!.candidates[0]!;
    for (const which of [1n, "head", "base"] as const) {
      const fetched = await getModel({ ...outside(), which });
      expect(fetched.modelRoot).to.equal(candidate.modelRoot);
      expect(fetched.modelCid).to.equal(candidate.modelCid);
      expect(await world.miners[0]!.store.digest(fetched.bytes)).to.equal(candidate.modelCid);
    }
    await playRound(2);
    expect((await getModel({ ...outside(), which: 1n })).modelRoot).to.equal(candidate.modelRoot);
    expect(await codeOf(getModel({ ...outside(), which: 9n }))).to.equal("ROUND_UNKNOWN");
  });

  it("sees what it sent, was worth and is owed, and claims it once", async () => {
    await started({ parameters: { challengeWindow: 2 } });
    const client = world.clients[2]!.address;
    const options = { ...outside(), client };
    expect(await codeOf(claimPayout(options))).to.equal("NOTHING_FINAL");
    await playRound(1);
    await playRound(2);
    await world.until(
      () => world.chain.time() > world.chain.rounds[2]!.openedAt + 2,
      "the second round to become final",
    );
    const status = await clientStatus(options);
    expect(status.rounds.map(({ round }) => round)).to.deep.equal([2n, 1n]);
    expect(status.owed > 0n).to.equal(true);
    expect(status.pending).to.equal(0n);
    expect(status.owed).to.equal(status.rounds[0]!.cumulative);
    for (const { shapley } of status.rounds) expect(shapley!.denominator).to.equal(6n);
    const claimed = await claimPayout(options);
    expect(claimed.paid).to.equal(status.owed);
    expect((await claimPayout(options)).sent).to.equal(null);
    const after = await clientStatus(options);
    expect([after.owed, after.claimed]).to.deep.equal([0n, status.owed]);
  });

  it("that never sent anything is owed nothing", async () => {
    await started();
    const stranger: Hex = `0x${"44".repeat(20)}`;
    const status = await clientStatus({ ...outside(), client: stranger });
    expect(status).to.deep.include({ registered: undefined, owed: 0n, pending: 0n, claimed: 0n });
    expect(world.clients.some(({ address }) => sameHex(address, stranger))).to.equal(false);
  });
});
