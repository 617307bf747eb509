import { expect } from "chai";
import { Inbox, Outbox } from "../../../coordinator/adapters/peers/framing.ts";

const MAX_FRAME = 300_000;
const LAST = 0x4000_0000;

/** A fragment: the header, and as many bytes as it says. */
function fragment(head: number, length: number): Buffer {
  const bytes = Buffer.alloc(4 + length);
  bytes.writeUInt32BE((head | length) >>> 0);
  return bytes;
}

/** All that waits, as one stream. */
function drain(outbox: Outbox): Buffer {
  const all: Buffer[] = [];
  for (let bytes = outbox.take(100_000); bytes; bytes = outbox.take(100_000)) all.push(bytes);
  return Buffer.concat(all);
}

/** What an inbox makes of a stream that comes in pieces of this size. */
function receive(stream: Buffer, size: number): Uint8Array[] | undefined {
  const inbox = new Inbox(MAX_FRAME);
  const frames: Uint8Array[] = [];
  for (let at = 0; at < stream.length; at += size) {
    const whole = inbox.push(stream.subarray(at, at + size));
    if (!whole) return undefined;
    frames.push(...whole);
  }
  return frames;
}

describe("frames of a peer", () => {
  const sizes = [0, 1, 3, 65_536, 65_537, 200_000, 0];
  const sent = sizes.map((size, i) => new Uint8Array(size).fill(i + 1));

  it("come whole, however the stream is cut", () => {
    for (const size of [1, 3, 4, 5, 1_000, 70_000, 1_000_000]) {
      const outbox = new Outbox(1_000_000);
      for (const frame of sent) outbox.push(frame, "bulk");
      expect(receive(drain(outbox), size)).to.deep.equal(sent);
    }
  });

  it("come in turn, many of them too", () => {
    const outbox = new Outbox(1_000_000);
    const many = Array.from({ length: 1_000 }, (_, i) => Uint8Array.of(i & 255, i >> 8));
    const stream: Buffer[] = [];
    for (const [i, frame] of many.entries()) {
      outbox.push(frame, "urgent");
      if (i % 3 === 0) stream.push(outbox.take(4)!);
    }
    expect(receive(Buffer.concat([...stream, drain(outbox)]), 7)).to.deep.equal(many);
  });

  it("are refused above the bytes that may wait, but one is taken whatever its size", () => {
    const outbox = new Outbox(10);
    expect(outbox.push(new Uint8Array(20), "bulk")).to.equal(true);
    expect(outbox.push(new Uint8Array(1), "bulk")).to.equal(false);
    expect(outbox.push(new Uint8Array(1), "urgent")).to.equal(true);
    drain(outbox);
    expect(outbox.push(new Uint8Array(20), "bulk")).to.equal(true);
  });

  it("cost a peer its connection if they are too long, or of small pieces", () => {
    expect(receive(fragment(LAST, 65_536), 1_000)?.length).to.equal(1);
    expect(receive(fragment(LAST, 65_537), 1_000)).to.equal(undefined);
    expect(receive(fragment(0, 65_535), 1_000)).to.equal(undefined);
    const four = Buffer.concat([0, 0, 0, 0].map((head) => fragment(head, 65_536)));
    expect(receive(four, 1_000)).to.deep.equal([]);
    expect(receive(Buffer.concat([four, fragment(LAST, 65_536)]), 1_000)).to.equal(undefined);
  });
});
