import { expect } from "chai";
import { createSystemClock } from "../../coordinator/adapters/clock/system-clock.ts";
import { createMemoryLog } from "../../coordinator/adapters/replica-log/memory-log.ts";
import { createSecp256k1Scheme } from "../../coordinator/adapters/signatures/secp256k1.ts";
import { Replica } from "../../coordinator/node/replica.ts";
import type { ReplicaOptions } from "../../coordinator/node/replica-options.ts";
import type { FrameHandler, PeerTransport } from "../../coordinator/ports/peer-transport.ts";
import { orderApplication } from "../../coordinator/protocol/praft/application.ts";
import { bundleDigest } from "../../coordinator/protocol/praft/bundle-hashes.ts";
import { decodeMessage } from "../../coordinator/protocol/praft/decode.ts";
import { encodeMessage } from "../../coordinator/protocol/praft/encode.ts";
import type { Reply } from "../../coordinator/protocol/praft/messages.ts";
import type { Bundle } from "../../coordinator/protocol/praft/types.ts";
import { eventually } from "../ports/peer-transport.suite.ts";
import { GROUP } from "../protocol/praft/fixtures.ts";
import { silentLogger } from "./parts.ts";

const scheme = createSecp256k1Scheme();
const secretOf = (i: number): Uint8Array => new Uint8Array(32).fill(i);

/** A connection to everybody: frames are given by the test, and what is sent is kept. */
class FakeTransport implements PeerTransport {
  readonly self = "m0";
  readonly sent: { readonly to: string; readonly frame: Uint8Array }[] = [];
  handler: FrameHandler | undefined;
  start = async (handler: FrameHandler): Promise<void> => {
    this.handler = handler;
  };
  send = (to: string, frame: Uint8Array): boolean => this.sent.push({ to, frame }) > 0;
  connected = (): string[] => [];
  stop = async (): Promise<void> => undefined;
}

function bundleOf(key: Uint8Array, sequence: number, signature?: Uint8Array): Uint8Array {
  const unsigned: Bundle = {
    clientKey: scheme.publicKeyOf(key),
    sequence,
    operations: [Uint8Array.of(sequence)],
    signature: new Uint8Array(64),
  };
  const signed = { ...unsigned, signature: signature ?? scheme.sign(key, bundleDigest(GROUP, unsigned)) };
  return encodeMessage({ kind: "submit", bundle: signed });
}

describe("a replica among strangers", () => {
  let stop: AbortController;
  let transport: FakeTransport;
  let running: Promise<void>;
  const refused: string[] = [];

  /** Alone in its committee: it decides by itself. */
  async function start(options: Partial<ReplicaOptions> = {}): Promise<void> {
    stop = new AbortController();
    transport = new FakeTransport();
    refused.length = 0;
    const metrics = {
      refused: (code: string) => void refused.push(code),
      committed: () => undefined,
      contradicted: () => undefined,
    };
    const replica = new Replica({
      config: {
        groupId: GROUP,
        epoch: 0,
        members: [{ id: "m0", voteKey: scheme.publicKeyOf(secretOf(9)), weight: 1 }],
      },
      secretKey: secretOf(9),
      scheme,
      log: createMemoryLog(),
      transport,
      clock: createSystemClock(),
      logger: silentLogger,
      metrics,
      ...options,
    });
    running = replica.run(stop.signal);
    running.catch(() => undefined);
    await eventually(() => transport.handler !== undefined);
  }
  afterEach(async () => {
    stop.abort();
    await running.catch(() => undefined);
  });
  const repliesTo = (peer: string) =>
    transport.sent
      .filter(({ to }) => to === peer)
      .map(({ frame }) => decodeMessage(frame) as Reply)
      .map(({ executed }) => executed);

  it("tells who brought a bundle that is signed, not who brought one in its client's name", async () => {
    await start();
    transport.handler!("client", bundleOf(secretOf(1), 1));
    transport.handler!("thief", bundleOf(secretOf(1), 2, new Uint8Array(64).fill(1)));
    await eventually(() => repliesTo("client").length > 0);
    expect(repliesTo("client")).to.deep.equal([1]);
    expect(repliesTo("thief")).to.deep.equal([]);
    // Who asks is told, and takes nothing by it.
    transport.handler!("reader", bundleOf(secretOf(1), 1));
    await eventually(() => repliesTo("reader").length > 0);
    transport.handler!("client", bundleOf(secretOf(1), 2));
    await eventually(() => repliesTo("client").length > 1);
    expect(repliesTo("reader")).to.deep.equal([1]);
  });

  it("looks at few bundles with wrong signatures, and goes on with the others", async () => {
    await start();
    const forged = new Uint8Array(64).fill(1);
    for (let i = 1; i <= 100; i++) transport.handler!("stranger", bundleOf(secretOf(2), i, forged));
    const count = (code: string) => refused.filter((each) => each === code).length;
    expect(count("PRAFT_BAD_BUNDLE")).to.be.within(32, 40);
    expect(count("PEER_SENDS_JUNK")).to.equal(100 - count("PRAFT_BAD_BUNDLE"));
    for (let i = 1; i <= 300; i++) {
      transport.handler!("client", bundleOf(secretOf(1), i));
      // Again, as a client that heard nothing does: that is no fault.
      transport.handler!("client", bundleOf(secretOf(1), i));
    }
    await eventually(() => repliesTo("client").includes(300));
    expect(count("PRAFT_BAD_BUNDLE") + count("PEER_SENDS_JUNK")).to.equal(100);
  });

  it("stops with what a message to itself made fail, and leaves its process alone", async () => {
    const apply = () => {
      throw new Error("broken");
    };
    await start({ application: { ...orderApplication, apply } });
    transport.handler!("client", bundleOf(secretOf(1), 1));
    const error = await running.then(
      () => undefined,
      (thrown) => thrown,
    );
    expect(error?.message).to.equal("broken");
  });
});
