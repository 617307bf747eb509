import { expect } from "chai";
import { createSecp256k1Scheme } from "../../coordinator/adapters/signatures/secp256k1.ts";
import { OrderClient } from "../../coordinator/client/order.ts";
import type { Clock } from "../../coordinator/ports/clock.ts";
import type { FrameHandler, PeerTransport } from "../../coordinator/ports/peer-transport.ts";
import type { Config } from "../../coordinator/protocol/praft/config.ts";
import { decodeMessage } from "../../coordinator/protocol/praft/decode.ts";
import { encodeMessage } from "../../coordinator/protocol/praft/encode.ts";

const scheme = createSecp256k1Scheme();
const secretOf = (i: number): Uint8Array => new Uint8Array(32).fill(i + 1);
const clientKey = scheme.publicKeyOf(secretOf(9));
const members = [0, 1, 2, 3].map((i) => ({
  id: `m${i}`,
  voteKey: scheme.publicKeyOf(secretOf(i)),
  weight: 1,
}));
const config: Config = { groupId: `0x${"5a".repeat(32)}`, epoch: 0, members };

/** Members that take everything down and answer when the test says so; time passes when the test says so. */
class Members implements PeerTransport, Clock {
  readonly self = "client";
  /** Sequences each member got, in the order in which they came. */
  readonly got = new Map<string, number[]>(members.map(({ id }) => [id, []]));
  private handler: FrameHandler | undefined;
  private time = 0;

  async start(handler: FrameHandler): Promise<void> {
    this.handler = handler;
  }

  send(to: string, frame: Uint8Array): boolean {
    const message = decodeMessage(frame);
    if (message.kind === "submit") this.got.get(to)!.push(message.bundle.sequence);
    return true;
  }

  connected = () => members.map(({ id }) => id);
  stop = async () => {};
  now = () => this.time;
  sleep = () => new Promise<void>((resolve) => setImmediate(resolve));

  async pass(milliseconds: number): Promise<void> {
    for (let i = 0; i < milliseconds; i += 100) {
      this.time += 100;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** These members say that they executed so much. */
  reply(executed: number, ids: readonly string[] = ["m0", "m1"]): void {
    for (const id of ids) this.handler!(id, encodeMessage({ kind: "reply", clientKey, executed }));
  }

  count(sequence: number): number {
    return this.got.get("m0")!.filter((each) => each === sequence).length;
  }
}

describe("a client of replicas", () => {
  const stop = new AbortController();
  const { signal } = stop;
  let network: Members;
  let client: OrderClient;
  const submit = (sequence: number) => client.submit([Uint8Array.of(1)], sequence, signal).catch(() => {});
  beforeEach(async () => {
    network = new Members();
    client = new OrderClient({ config, secretKey: secretOf(9), scheme, transport: network, clock: network });
    await client.start();
  });
  after(() => stop.abort());

  it("believes what weight above F says, and nobody alone", async () => {
    let done = false;
    void submit(1).then(() => {
      done = true;
    });
    network.reply(5, ["m2"]);
    await network.pass(100);
    expect(done).to.equal(false);
    network.reply(1, ["m0"]);
    await network.pass(100);
    expect(done).to.equal(true);
  });

  it("sends again what is not answered, but not while bundles before it are executed", async () => {
    for (const sequence of [1, 2, 3, 4]) void submit(sequence);
    for (const executed of [1, 2, 3]) {
      await network.pass(400);
      network.reply(executed);
    }
    await network.pass(400);
    expect(network.count(4)).to.equal(1);
    await network.pass(300);
    expect(network.count(4)).to.equal(2);
    network.reply(4);
  });

  it("keeps back what is too far ahead of what is executed", async () => {
    network.reply(0);
    void submit(1);
    void submit(1_001);
    await network.pass(100);
    expect([network.count(1), network.count(1_001)]).to.deep.equal([1, 0]);
    network.reply(1);
    await network.pass(100);
    expect(network.count(1_001)).to.equal(1);
    network.reply(1_001);
  });

  it("gives up with its signal", async () => {
    const give = new AbortController();
    const asked = client.submit([Uint8Array.of(1)], 1, give.signal);
    give.abort(new Error("enough"));
    expect(await asked.catch((error: Error) => error.message)).to.equal("enough");
  });
});
