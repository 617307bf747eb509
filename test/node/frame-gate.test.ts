import { expect } from "chai";
import { FrameGate } from "../../coordinator/node/frame-gate.ts";
import { ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import { encodeMessage } from "../../coordinator/protocol/praft/encode.ts";
import { silentLogger } from "./parts.ts";

describe("frame gate", () => {
  it("lets messages in, and counts by code what is none and what floods", () => {
    const refused: string[] = [];
    const metrics = {
      refused: (code: string) => void refused.push(code),
      committed: () => undefined,
      contradicted: () => undefined,
    };
    const clock = { now: () => 0, sleep: async () => undefined };
    const rate = { frames: 2, bytes: 1_000_000 };
    const gate = new FrameGate({ clock, logger: silentLogger, metrics, rate });
    const frame = encodeMessage({ kind: "ask", task: ZERO_HASH });
    expect(gate.admit("a", frame)).to.deep.equal({ kind: "ask", task: ZERO_HASH });
    expect(gate.admit("a", frame.subarray(0, 10))).to.equal(undefined);
    expect(gate.admit("a", new Uint8Array(0))).to.equal(undefined);
    expect(gate.admit("a", frame)?.kind).to.equal("ask");
    // Twice the rate was taken at once: the rest is not even decoded.
    expect(gate.admit("a", frame)).to.equal(undefined);
    expect(gate.admit("a", frame)).to.equal(undefined);
    expect(gate.admit("b", frame)?.kind).to.equal("ask");
    expect(refused).to.deep.equal(["PRAFT_TRUNCATED", "PRAFT_TRUNCATED", "PEER_FLOODS", "PEER_FLOODS"]);
  });
});
