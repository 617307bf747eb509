import { expect } from "chai";
import type { UploadAnswer } from "../../coordinator/ports/transport.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { modelRootOfBytes } from "../../coordinator/protocol/model/model-root.ts";
import { encodeModel, parseModel } from "../../coordinator/protocol/model/safetensors.ts";
import type { Update } from "../../coordinator/protocol/round/messages.ts";
import type { SignedUpdate } from "../../coordinator/protocol/round/references.ts";
import { TestWorld } from "./harness.ts";
import { codeOf, createSigner, DOMAIN, type RecordingSigner } from "./parts.ts";

describe("a miner's service", () => {
  let world: TestWorld;
  beforeEach(async () => {
    world = new TestWorld({ parameters: { collectMin: 600, collectMax: 900 } });
    await world.start();
    await world.until(() => world.chain.rounds.length === 1, "round 1");
  });
  afterEach(() => world.stop());

  const service = () => world.miners[0]!.miner.service;

  async function sign(
    bytes: Uint8Array,
    change: Partial<Update> = {},
    signer: RecordingSigner = world.clients[0]!,
  ): Promise<SignedUpdate> {
    const view = world.chain.current()!;
    const update: Update = {
      round: view.round,
      openingHash: view.openingHash,
      baseRoot: view.baseRoot,
      modelRoot: modelRootOfBytes(bytes),
      modelCid: await world.miners[0]!.store.digest(bytes),
      sampleCount: 10n,
      ...change,
    };
    return { client: signer.address, update, signature: await signer.sign(DOMAIN, "Update", update) };
  }

  const other: Hex = `0x${"99".repeat(32)}`;

  const refusedAtOnce: readonly [string, string, Partial<Update>][] = [
    ["of another round", "UPDATE_WRONG_ROUND", { round: 7n }],
    ["of another opening", "UPDATE_WRONG_ROUND", { openingHash: other }],
    ["on another base", "UPDATE_WRONG_BASE", { baseRoot: other }],
    ["with no samples", "UPDATE_SAMPLE_COUNT", { sampleCount: 0n }],
    ["with more than 2^32 samples", "UPDATE_SAMPLE_COUNT", { sampleCount: 2n ** 32n + 1n }],
    ["with more samples than the client's cap", "UPDATE_OVER_CAP", { sampleCount: 10_001n }],
  ];
  for (const [what, code, change] of refusedAtOnce)
    it(`refuses an update ${what} before its body is read`, async () => {
      expect(await codeOf(service().admitUpdate(await sign(world.update(0), change)))).to.equal(code);
    });

  it("refuses an update that is not signed, or signed by another key", async () => {
    const signed = await sign(world.update(0));
    const unsigned = { ...signed, signature: `0x${"00".repeat(64)}` as Hex };
    expect(await codeOf(service().admitUpdate(unsigned))).to.equal("UPDATE_BAD_SIGNATURE");
    const stolen = { ...signed, client: world.clients[1]!.address };
    expect(await codeOf(service().admitUpdate(stolen))).to.equal("UPDATE_BAD_SIGNATURE");
  });

  it("refuses an update of an unregistered client", async () => {
    const stranger = await sign(world.update(0), {}, createSigner("stranger"));
    expect(await codeOf(service().admitUpdate(stranger))).to.equal("UPDATE_UNKNOWN_CLIENT");
  });

  it("refuses bytes that are not the model the update names", async () => {
    const signed = await sign(world.update(0));
    const code = await codeOf(service().submitUpdate(signed, world.update(1)));
    expect(code).to.equal("UPDATE_ROOT_MISMATCH");
    const wrongCid = await sign(world.update(0), { modelCid: other });
    expect(await codeOf(service().submitUpdate(wrongCid, world.update(0)))).to.equal("UPDATE_CID_MISMATCH");
    expect(await service().updates(1n)).to.deep.equal([]);
  });

  const badValue = (value: number) => {
    const bytes = world.update(0);
    const model = parseModel(bytes);
    new DataView(bytes.buffer, bytes.byteOffset).setFloat32(
      bytes.length - 4 * model.floats.length,
      value,
      true,
    );
    return bytes;
  };
  it("refuses models with NaN, infinity, −0 or too large a value, and truncated ones", async () => {
    const expectations: readonly [Uint8Array, string][] = [
      [badValue(Number.NaN), "MODEL_NAN"],
      [badValue(Number.POSITIVE_INFINITY), "MODEL_INFINITE"],
      [badValue(-0), "MODEL_NEGATIVE_ZERO"],
      [badValue(1_024), "MODEL_OUT_OF_DOMAIN"],
      [world.update(0).slice(0, -1), "MODEL_TRUNCATED"],
    ];
    const signed = await sign(world.update(0));
    for (const [bytes, code] of expectations)
      expect(await codeOf(service().submitUpdate(signed, bytes))).to.match(
        new RegExp(`^${code}|^MODEL_BYTE_COUNT`),
      );
  });

  it("refuses a model with other tensors", async () => {
    const { genesis } = world.federation;
    const renamed = encodeModel({
      ...genesis,
      tensors: genesis.tensors.map((tensor) => ({ ...tensor, name: `${tensor.name}2` })),
    });
    const signed = await sign(renamed);
    expect(await codeOf(service().submitUpdate(signed, renamed))).to.equal("MODEL_NAME_MISMATCH");
  });

  it("answers the same update twice with the same receipt", async () => {
    const bytes = world.update(0);
    const signed = await sign(bytes);
    const first = await service().submitUpdate(signed, bytes);
    const second = await service().submitUpdate(signed, bytes);
    expect(second).to.deep.equal(first);
    expect(world.miners[0]!.signer.signed.filter(({ kind }) => kind === "Receipt")).to.have.length(1);
  });

  it("keeps at most two different updates of a client, also when they come at the same time", async () => {
    const files = [0.011, 0.013, 0.017, 0.019].map((shift) => world.update(0, undefined, shift));
    const signed = await Promise.all(files.map((bytes) => sign(bytes)));
    const answers = await Promise.allSettled(
      signed.map((message, i) => service().submitUpdate(message, files[i]!)),
    );
    const taken = answers.flatMap((answer): UploadAnswer[] =>
      answer.status === "fulfilled" ? [answer.value] : [],
    );
    expect(taken).to.have.length(2);
    for (const answer of answers)
      if (answer.status === "rejected") expect(answer.reason.code).to.equal("UPDATE_LIMIT");
    const held = [...taken[1]!.held].sort();
    expect(taken[1]!.counts).to.equal(held[0]);
  });

  it("takes an announced update from the miner that holds it", async () => {
    const bytes = world.update(0);
    const signed = await sign(bytes);
    world.intercept = (method) => {
      if (method === "announceUpdate") throw new Error("lost");
    };
    await world.miners[1]!.miner.service.submitUpdate(signed, bytes);
    expect(await service().updates(1n)).to.deep.equal([]);
    await service().announceUpdate(signed, "http://miner-1");
    await world.until(() => world.miners[0]!.miner.status().updates === 1, "the announced update");
  });

  it("refuses a manifest request from anyone but the secondary, and before its own cut-off", async () => {
    const signature: Hex = `0x${"00".repeat(64)}`;
    const [primary, secondary] = world.miners;
    const ask = (miner: Hex, by: typeof primary) =>
      codeOf(by!.miner.service.exchangeManifest(1n, { miner, updates: [], signature }));
    expect(await ask(primary!.address, secondary)).to.equal("NOT_PRIMARY");
    expect(await ask(world.clients[0]!.address, primary)).to.equal("INVENTORY_STRANGER");
    expect(await ask(secondary!.address, primary)).to.equal("INVENTORY_BAD_SIGNATURE");
  });

  it("says what it is and serves what it holds", async () => {
    const bytes = world.update(0);
    const signed = await sign(bytes);
    await service().submitUpdate(signed, bytes);
    const info = await service().info();
    expect(info).to.deep.include({ miner: world.miners[0]!.address, chainId: "31337", rounds: null });
    expect(await service().content(signed.update.modelCid)).to.deep.equal(bytes);
    expect(await service().content(other)).to.equal(undefined);
  });

  it("says that the chain cannot be reached", async () => {
    world.chain.down = true;
    await world.clock.sleep(2_000);
    const signed = await sign(world.update(0));
    expect(await codeOf(service().admitUpdate(signed))).to.equal("RPC_UNREACHABLE");
  });

  it("acknowledges nothing more once it has signed its list of updates", async () => {
    await world.stop();
    world = new TestWorld();
    let late: Promise<string> | undefined;
    const second = world.update(0, undefined, 0.017);
    world.miners[0]!.miner.on(({ kind }) => {
      if (kind === "manifest") late ??= sign(second).then((signed) => codeOf(service().admitUpdate(signed)));
    });
    await world.start();
    await world.until(() => world.chain.rounds.length === 1, "round 1");
    await Promise.all([0, 1, 2].map((i) => world.submit(i, world.update(i))));
    await world.until(() => late !== undefined, "the manifest");
    expect(world.chain.rounds[0]!.candidates).to.have.length(0);
    expect(await late).to.equal("UPDATE_CLOSED");
  });
});
