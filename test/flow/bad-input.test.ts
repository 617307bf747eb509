import { join } from "node:path";
import { expect } from "chai";
import { createHttpTransport } from "../../coordinator/adapters/http/client.ts";
import { digestOfBytes } from "../../coordinator/adapters/ipfs/cid.ts";
import { signerOf } from "../../coordinator/adapters/keys/keystore.ts";
import { splitMnist } from "../../coordinator/cli/data/split.ts";
import type { RoundView } from "../../coordinator/ports/chain.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { isQuorateError } from "../../coordinator/protocol/errors.ts";
import { initialModel } from "../../coordinator/protocol/learning/architecture.ts";
import { type Model, withFloats } from "../../coordinator/protocol/model/model.ts";
import { modelRoot } from "../../coordinator/protocol/model/model-root.ts";
import { encodeModel } from "../../coordinator/protocol/model/safetensors.ts";
import type { Domain, Update } from "../../coordinator/protocol/round/messages.ts";
import { quorate } from "../../scripts/demo/quorate.ts";
import { breakOffUpload } from "../../scripts/demo/scenarios/broken-upload.ts";
import { type Flow, startFlow } from "../../scripts/demo/scenarios/flow.ts";
import { scenarioNamed } from "../../scripts/demo/scenarios/registry.ts";
import { playScenario } from "../../scripts/demo/scenarios/scenario.ts";
import type { User } from "../../scripts/federation/accounts.ts";

const ARCHITECTURE = { kind: "dense", layers: [784, 200, 200, 10] } as const;
const BAD_HASH = `0x${"ab".repeat(32)}` as Hex;

describe("bad input to a running miner", function () {
  this.timeout(150_000);
  let flow: Flow;
  let round: RoundView;
  let domain: Domain;
  let base: Model;
  const transport = createHttpTransport();

  before(async () => {
    flow = await startFlow({ rounds: 2, startClients: false });
    while ((await flow.chain.currentRound())?.status !== "open")
      await new Promise((done) => setTimeout(done, 100));
    round = (await flow.chain.currentRound())!;
    ({ domain } = await flow.chain.federation());
    base = initialModel(ARCHITECTURE, flow.options.seed);
  });
  after(() => flow?.stop());

  /** A model that differs from the base in one weight. */
  function changed(value: number, at = 0): Uint8Array {
    const floats = base.floats.slice();
    floats[at] = value;
    return encodeModel(withFloats(base, floats));
  }

  /** A right update of these bytes, apart from what `changes` changes. */
  async function updateOf(bytes: Uint8Array, changes: Partial<Update> = {}): Promise<Update> {
    return {
      round: round.round,
      openingHash: round.openingHash,
      baseRoot: round.baseRoot,
      modelRoot: BAD_HASH,
      modelCid: await digestOfBytes(bytes),
      sampleCount: 200n,
      ...changes,
    };
  }

  /** Sends an update signed by `user` to the first miner; resolves with the code of the refusal, "" if accepted. */
  async function send(user: User, bytes: Uint8Array, changes: Partial<Update> = {}, signature?: Hex) {
    const update = await updateOf(bytes, changes);
    const signed = signature ?? (await signerOf(user.wallet).sign(domain, "Update", update));
    const client = user.wallet.address as Hex;
    try {
      await transport.submitUpdate(
        flow.federation.endpoints[0]!,
        { client, update, signature: signed },
        bytes,
      );
      return "";
    } catch (error) {
      return isQuorateError(error) ? error.code : String(error);
    }
  }

  it("refuses what is wrong with the message, before it reads the model", async () => {
    const [first] = flow.federation.clients;
    const bytes = changed(0.5);
    expect(await send(first!, bytes, { round: 7n })).to.equal("UPDATE_WRONG_ROUND");
    expect(await send(first!, bytes, { openingHash: BAD_HASH })).to.equal("UPDATE_WRONG_ROUND");
    expect(await send(first!, bytes, { baseRoot: BAD_HASH })).to.equal("UPDATE_WRONG_BASE");
    expect(await send(first!, bytes, { sampleCount: 0n })).to.equal("UPDATE_SAMPLE_COUNT");
    expect(await send(first!, bytes, { sampleCount: 1_000_001n })).to.equal("UPDATE_OVER_CAP");
    expect(await send(first!, bytes, {}, `0x${"00".repeat(64)}`)).to.equal("UPDATE_BAD_SIGNATURE");
    const stranger = flow.federation.miners[0]!;
    expect(await send(stranger, bytes)).to.equal("UPDATE_UNKNOWN_CLIENT");
    const other = await signerOf(stranger.wallet).sign(domain, "Update", await updateOf(bytes));
    expect(await send(first!, bytes, {}, other)).to.equal("UPDATE_BAD_SIGNATURE");
  });

  it("refuses what is wrong with the model", async () => {
    const [first] = flow.federation.clients;
    const bytes = changed(0.5);
    expect(await send(first!, bytes, { modelRoot: BAD_HASH })).to.equal("UPDATE_ROOT_MISMATCH");
    const right = modelRoot(withFloats(base, base.floats.slice()));
    const cid = { modelRoot: right, modelCid: BAD_HASH };
    expect(await send(first!, encodeModel(base), cid)).to.equal("UPDATE_CID_MISMATCH");
    for (const [value, code] of [
      [Number.NaN, "MODEL_NAN"],
      [Number.POSITIVE_INFINITY, "MODEL_INFINITE"],
    ] as const) {
      const spoiled = encodeModel(base);
      new DataView(spoiled.buffer, spoiled.byteOffset).setFloat32(spoiled.length - 4, value, true);
      expect(await send(first!, spoiled)).to.equal(code);
    }
    const small = encodeModel(initialModel({ kind: "dense", layers: [784, 10] }, "1"));
    expect(await send(first!, small)).to.match(/^MODEL_(NAME|SHAPE)_MISMATCH$/);
    const integers = encodeModel(base);
    const header = Buffer.from(integers.buffer, integers.byteOffset, integers.length);
    header.write("I32", header.indexOf('"F32"') + 1);
    expect(await send(first!, integers)).to.match(/^MODEL_/);
    expect(await send(first!, bytes.subarray(0, bytes.length - 4))).to.match(
      /^MODEL_(BYTE_COUNT|TRUNCATED|GAP)$/,
    );
    expect(await send(first!, new Uint8Array(bytes.length + 100_000))).to.equal("UPLOAD_TOO_LARGE");
  });

  it("survives an upload that breaks off", async () => {
    const [user] = flow.federation.clients;
    const bytes = changed(0.25);
    const update = await updateOf(bytes);
    const signature = await signerOf(user!.wallet).sign(domain, "Update", update);
    const signed = { client: user!.wallet.address as Hex, update, signature };
    await breakOffUpload(flow.federation.endpoints[0]!, signed, bytes);
    const info = await transport.info(flow.federation.endpoints[0]!);
    expect(info.name).to.equal("quorate-miner");
    expect(await transport.updates(flow.federation.endpoints[0]!, 1n)).to.deep.equal([]);
  });

  it("answers unusable requests with a code, never with a stack", async () => {
    const [endpoint] = flow.federation.endpoints;
    const json = { "content-type": "application/json" };
    const tries: [string, RequestInit, number][] = [
      ["/v1/nothing", {}, 404],
      ["/v1/content/0x12", {}, 400],
      [`/v1/content/${BAD_HASH}`, {}, 404],
      ["/v1/rounds/x/updates", {}, 400],
      ["/v1/rounds/1/votes", { method: "POST", headers: json, body: "{" }, 400],
      ["/v1/rounds/1/votes", { method: "POST", headers: json, body: "{}" }, 400],
      ["/v1/rounds/1/candidates", { method: "POST", headers: json, body: '{"candidate":1}' }, 400],
      ["/v1/updates", { method: "POST", body: "x" }, 400],
    ];
    for (const [path, init, status] of tries) {
      const response = await fetch(endpoint + path, init);
      const body = await response.text();
      expect(response.status, `${path}: ${body}`).to.equal(status);
      expect(body).to.match(/"code":"[A-Z_]+"/);
      expect(body).not.to.contain("node_modules");
    }
  });

  it("refuses votes of strangers and on unknown candidates", async () => {
    const [endpoint] = flow.federation.endpoints;
    const vote = {
      round: round.round,
      openingHash: round.openingHash,
      candidate: BAD_HASH,
      support: true,
      confidence: 10_000,
      reason: 0 as const,
      reasonIndex: 0n,
    };
    const offer = async (user: User, content = vote) => {
      const signature = await signerOf(user.wallet).sign(domain, "Vote", content);
      const message = { miner: user.wallet.address as Hex, vote: content, signature };
      return transport.offerVote(endpoint!, content.round, message).then(
        () => "",
        (error) => error.code,
      );
    };
    const [miner, client] = [flow.federation.miners[1]!, flow.federation.clients[0]!];
    // No candidate is posted yet: whoever votes, and however, votes on nothing that exists.
    expect(await offer(client)).to.match(/^VOTE_(STRANGER|UNKNOWN_CANDIDATE)$/);
    expect(await offer(miner)).to.equal("VOTE_UNKNOWN_CANDIDATE");
    expect(await offer(miner, { ...vote, confidence: 65_536 })).to.not.equal("");
    expect(await offer(miner, { ...vote, round: 9n })).to.equal("VOTE_WRONG_ROUND");
  });

  it("lost nothing: the round still agrees on the updates that were right", async () => {
    const { out } = flow.options;
    const files = await splitMnist({ parts: 3, seed: "1", samples: 100, out: join(out, "data") });
    const models = files.map((_, index) => join(out, `update-${index}.safetensors`));
    // All before the first is sent: from then on the round waits for the others, but not for long.
    for (const [index, model] of models.entries()) {
      const words = ["client", "train", "--data", files[index]!.path, "--out", model, ...flow.at];
      const trained = await quorate(words);
      expect(trained.code, trained.err).to.equal(0);
    }
    for (const [index, user] of flow.federation.clients.entries()) {
      const key = ["--keystore", user.keystore, "--password-file", user.passwordFile];
      const args = ["client", "submit", "--model", models[index]!, "--samples", "100", ...key, ...flow.at];
      const sent = await quorate(args);
      expect(sent.code, sent.err).to.equal(0);
      expect(sent.out.match(/acknowledged/g)).to.have.length(2);
    }
    const record = await flow.ended(Number(round.round));
    expect(record.status).to.equal("agreed");
    expect(record.candidates[0]!.candidate.updateCount).to.equal(3);
    expect(record.candidates[0]!.signers).to.have.length(2);
  });

  it("keeps a client's second, different update as evidence and counts the lowest", async () => {
    while ((await flow.chain.currentRound())?.round !== 2n)
      await new Promise((done) => setTimeout(done, 100));
    expect(await playScenario(scenarioNamed("client-two-updates"), flow)).to.contain("counts everywhere");
  });
});
