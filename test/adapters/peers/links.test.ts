import { expect } from "chai";
import { type Channel, Links } from "../../../coordinator/adapters/peers/links.ts";

const MIB = 2 ** 20;
/** The head of a full fragment that is not its frame's last; see framing.ts. */
const FRAGMENT = 64 * 1_024;

function opened(id: string) {
  const links = new Links({ peers: new Map([["member", undefined]]) });
  const told = { closed: 0, written: 0 };
  const channel: Channel = {
    gone: false,
    // Like a peer that does not read.
    write: (bytes) => {
      told.written += bytes.length;
      return false;
    },
    close: () => void told.closed++,
  };
  const { received } = links.open(id, channel);
  /** Bytes of a frame that does not end. */
  const part = (bytes: number, bulk: boolean) => {
    for (let at = 0; at < bytes; at += FRAGMENT) {
      const fragment = Buffer.alloc(4 + FRAGMENT);
      fragment.writeUInt32BE(((bulk ? 0x8000_0000 : 0) + FRAGMENT) >>> 0);
      received(fragment);
    }
  };
  return { links, told, part };
}

describe("links to peers and strangers", () => {
  it("keep little for a stranger that does not read, and more for a peer", () => {
    const frame = new Uint8Array(MIB / 4);
    for (const [id, most] of [
      ["stranger", 4],
      ["member", 256],
    ] as const) {
      const { links } = opened(id);
      const taken = Array.from({ length: 300 }, () => links.send(id, frame, "bulk")).filter(Boolean);
      expect(taken, id).to.have.length(most);
    }
  });

  it("give a stranger a frame larger than its queue, if nothing waits", () => {
    const { links } = opened("stranger");
    expect(links.send("stranger", new Uint8Array(3 * MIB), "bulk")).to.equal(true);
    expect(links.send("stranger", new Uint8Array(1), "bulk")).to.equal(false);
    expect(links.send("stranger", new Uint8Array(1), "urgent")).to.equal(true);
  });

  it("cut off a stranger with more than a bundle under way, over both priorities", () => {
    const { told, part } = opened("stranger");
    part(5 * MIB, false);
    part(4 * MIB, true);
    expect(told.closed).to.equal(0);
    part(1, true);
    expect(told.closed).to.equal(1);
    const member = opened("member");
    member.part(15 * MIB, false);
    member.part(15 * MIB, true);
    expect(member.told.closed).to.equal(0);
  });
});
