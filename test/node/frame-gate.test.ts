import { expect } from "chai";
import { FrameGate, type FrameGateOptions } from "../../coordinator/node/frame-gate.ts";
import { ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import { encodeMessage } from "../../coordinator/protocol/praft/encode.ts";
import { silentLogger } from "./parts.ts";

const frame = encodeMessage({ kind: "ask", task: ZERO_HASH });
const junk = frame.subarray(0, 10);

function gateWith(rates: Pick<FrameGateOptions, "rate" | "strangerRate"> = {}) {
  const refused: string[] = [];
  const warned: unknown[] = [];
  const metrics = {
    refused: (code: string) => void refused.push(code),
    committed: () => undefined,
    contradicted: () => undefined,
  };
  const clock = { time: 0, now: () => clock.time, sleep: async () => undefined };
  const logger = { ...silentLogger, warn: (fields: unknown) => void warned.push(fields) };
  const gate = new FrameGate({ clock, logger, metrics, ...rates }, (peer) => peer.startsWith("member"));
  return { gate, clock, refused, warned };
}

describe("frame gate", () => {
  it("lets messages in, and counts by code what is none and what floods", () => {
    const { gate, refused } = gateWith({ rate: { frames: 2, bytes: 1_000_000 } });
    expect(gate.admit("member a", frame)).to.deep.equal({ kind: "ask", task: ZERO_HASH });
    expect(gate.admit("member a", junk)).to.equal(undefined);
    expect(gate.admit("member a", new Uint8Array(0))).to.equal(undefined);
    expect(gate.admit("member a", frame)?.kind).to.equal("ask");
    // Twice the rate was taken at once: the rest is not even decoded.
    expect(gate.admit("member a", frame)).to.equal(undefined);
    expect(gate.admit("member a", frame)).to.equal(undefined);
    expect(gate.admit("member b", frame)?.kind).to.equal("ask");
    expect(refused).to.deep.equal(["PRAFT_TRUNCATED", "PRAFT_TRUNCATED", "PEER_FLOODS", "PEER_FLOODS"]);
  });

  it("takes all that a good client sends, and fewer bytes of a stranger than of a member", () => {
    const { gate, refused } = gateWith({ strangerRate: { frames: 20_000, bytes: 10 * frame.length } });
    const taken = (peer: string) =>
      Array.from({ length: 100 }, () => gate.admit(peer, frame)).filter(Boolean);
    expect(taken("stranger")).to.have.length(20);
    expect(taken("member")).to.have.length(100);
    const usual = gateWith();
    for (let i = 0; i < 10_000; i++) usual.gate.admit("stranger", frame);
    expect([refused.length, usual.refused.length]).to.deep.equal([80, 0]);
  });

  it("looks at few bad frames of a stranger, and then at none of its frames for a while", () => {
    const { gate, clock, refused } = gateWith();
    for (let i = 0; i < 100; i++) {
      gate.admit("stranger", junk);
      gate.admit("member", junk);
    }
    const count = (code: string) => refused.filter((each) => each === code).length;
    expect(count("PEER_SENDS_JUNK")).to.equal(68);
    expect(gate.admit("stranger", frame)).to.equal(undefined);
    expect(gate.admit("another", frame)?.kind).to.equal("ask");
    expect(gate.admit("member", frame)?.kind).to.equal("ask");
    clock.time = 1_000;
    for (let i = 0; i < 100; i++) gate.admit("stranger", frame);
    expect(count("PEER_SENDS_JUNK"), "what is good costs nothing").to.equal(69);
    for (let i = 0; i < 8; i++) gate.bad("stranger", "PRAFT_BAD_BUNDLE");
    expect(gate.admit("stranger", frame)).to.equal(undefined);
  });

  it("says once a second what it refuses, and how often it did not say so", () => {
    const { gate, clock, warned } = gateWith();
    for (let i = 0; i < 50; i++) gate.refused("stranger", "PRAFT_CLIENT_QUEUE");
    gate.refused("stranger", "PRAFT_QUEUE_FULL");
    clock.time = 1_000;
    gate.refused("another", "PRAFT_CLIENT_QUEUE");
    expect(warned).to.deep.equal([
      { from: "stranger", code: "PRAFT_CLIENT_QUEUE", unsaid: 0 },
      { from: "stranger", code: "PRAFT_QUEUE_FULL", unsaid: 0 },
      { from: "another", code: "PRAFT_CLIENT_QUEUE", unsaid: 49 },
    ]);
  });
});
