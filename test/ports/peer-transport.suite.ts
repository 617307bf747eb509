import { expect } from "chai";
import type { PeerId, PeerTransport } from "../../coordinator/ports/peer-transport.ts";

export interface Received {
  readonly from: PeerId;
  readonly frame: Uint8Array;
}

/** Resolves when `holds`, checked after each turn of the event loop; fails after ten seconds. */
export async function eventually(holds: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error("did not happen within ten seconds");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** What every transport does. `create` makes two that know each other and are not started. */
export function peerTransportSuite(
  name: string,
  create: () => Promise<[PeerTransport, PeerTransport]>,
): void {
  describe(`${name} as a transport between peers`, () => {
    let [a, b]: PeerTransport[] = [];
    let atA: Received[];
    let atB: Received[];
    beforeEach(async () => {
      [a, b] = await create();
      [atA, atB] = [[], []];
      await a.start((from, frame) => atA.push({ from, frame }));
      await b.start((from, frame) => atB.push({ from, frame }));
      await eventually(() => a!.connected().includes(b!.self) && b!.connected().includes(a!.self));
    });
    afterEach(async () => {
      await a!.stop();
      await b!.stop();
    });

    it("carries frames whole and in order, an empty and a large one too, and says who sent them", async () => {
      const frames = [3, 0, 70_000, 1_000_000, 1].map((size, i) => new Uint8Array(size).fill(i + 1));
      for (const frame of frames) expect(a!.send(b!.self, frame, "bulk")).to.equal(true);
      await eventually(() => atB.length === frames.length);
      for (const [i, { from, frame }] of atB.entries()) {
        expect(from).to.equal(a!.self);
        expect(Buffer.from(frame).equals(frames[i]!), `frame ${i}`).to.equal(true);
      }
      expect(b!.send(a!.self, Uint8Array.of(9), "urgent")).to.equal(true);
      await eventually(() => atA.length === 1);
      expect(atA[0]!.from).to.equal(b!.self);
    });

    it("lets an urgent frame overtake bulk ones that wait", async () => {
      for (let i = 0; i < 20; i++) a!.send(b!.self, new Uint8Array(500_000), "bulk");
      a!.send(b!.self, Uint8Array.of(7), "urgent");
      await eventually(() => atB.length === 21);
      expect(atB.findIndex(({ frame }) => frame.length === 1)).to.equal(0);
    });

    it("drops what is for nobody, for itself or for one that stopped", async () => {
      expect(a!.send("ab".repeat(32), Uint8Array.of(1), "urgent")).to.equal(false);
      expect(a!.send(a!.self, Uint8Array.of(1), "urgent")).to.equal(false);
      await b!.stop();
      await eventually(() => a!.connected().length === 0);
      expect(a!.send(b!.self, Uint8Array.of(1), "urgent")).to.equal(false);
      expect(b!.connected()).to.deep.equal([]);
    });
  });
}
