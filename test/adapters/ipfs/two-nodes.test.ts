import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { createHeliaStore, type HeliaStore } from "../../../coordinator/adapters/ipfs/helia-store.ts";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { expectRejection } from "../../ports/expect-rejection.ts";
import { generatedBytes } from "../../ports/generated-bytes.ts";
import { temporaryFolders } from "../../ports/temporary-folder.ts";
import { type PeerProcess, startPeerProcess } from "./peer-process.ts";

const folders = temporaryFolders();
const ABSENT: Hex = `0x${"11".repeat(32)}`;
const MIB = 1024 * 1024;

describe("two Helia nodes over loopback", () => {
  let giver: HeliaStore;
  let taker: HeliaStore;
  const takerFolder = folders();
  before(async () => {
    giver = await createHeliaStore({ folder: folders() });
    taker = await createHeliaStore({ folder: takerFolder });
  });
  after(async () => {
    await giver.stop();
    await taker.stop();
  });

  it("fetch nothing without a peer", async () => {
    const error = await expectRejection("CONTENT_UNAVAILABLE", taker.fetch(ABSENT));
    expect(error.message).to.contain("no peer is connected");
  });

  for (const size of [0, 1, MIB, MIB + 1, 40_000_000])
    it(`move ${size} bytes from digest to file`, async () => {
      await taker.connect(giver.addresses()[0]!);
      const bytes = generatedBytes(size);
      const digest = await giver.add(bytes);
      expect(await taker.has(digest)).to.equal(false);
      expect(Buffer.compare(await taker.fetch(digest, { maxBytes: size }), bytes)).to.equal(0);
      expect(await taker.has(digest)).to.equal(true);
      expect(Buffer.compare(await taker.read(digest), bytes)).to.equal(0);
      await taker.remove(digest);
      expect(blocksIn(takerFolder), "blocks left").to.equal(0);
    });

  it("give up on content nobody has when the signal says so, and forget the request", async () => {
    const started = performance.now();
    await expectRejection("CONTENT_UNAVAILABLE", taker.fetch(ABSENT, { signal: AbortSignal.timeout(300) }));
    expect(performance.now() - started).to.be.below(3_000);
  });

  it("give up by themselves when no signal is given", async () => {
    const hasty = await createHeliaStore({ folder: folders(), fetchTimeoutMs: 300 });
    await hasty.connect(giver.addresses()[0]!);
    await expectRejection("CONTENT_UNAVAILABLE", hasty.fetch(ABSENT));
    await hasty.stop();
  });

  it("refuse a file above the limit and leave nothing of it", async () => {
    const digest = await giver.add(generatedBytes(3 * MIB));
    await expectRejection("CONTENT_TOO_LARGE", taker.fetch(digest, { maxBytes: 3 * MIB - 1 }));
    await expectRejection("CONTENT_TOO_LARGE", taker.fetch(digest, { maxBytes: 1 }));
    await sleep(100);
    expect(blocksIn(takerFolder)).to.equal(0);
    expect((await taker.fetch(digest, { maxBytes: 3 * MIB })).length).to.equal(3 * MIB);
    await taker.remove(digest);
  });

  it("fetch one file for several askers at once", async () => {
    const digest = await giver.add(generatedBytes(2 * MIB));
    const all = await Promise.all([1, 2, 3].map(() => taker.fetch(digest)));
    expect(all.every((bytes) => Buffer.compare(bytes, generatedBytes(2 * MIB)) === 0)).to.equal(true);
    expect((await taker.read(digest)).length).to.equal(2 * MIB);
  });

  it("say when a peer cannot be reached", async () => {
    const nowhere = "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo";
    await expectRejection("PEER_UNREACHABLE", taker.connect(nowhere));
    await expectRejection("PEER_UNREACHABLE", taker.connect("somewhere"));
    await taker.connect(taker.addresses()[0]!);
  });
});

describe("a Helia node whose peer dies", () => {
  const SIZE = 40_000_000;
  let peer: PeerProcess;
  let taker: HeliaStore;
  beforeEach(async () => {
    peer = await startPeerProcess(folders(), SIZE);
    taker = await createHeliaStore({ folder: folders() });
    await taker.connect(peer.address);
  });
  afterEach(async () => {
    peer.child.kill("SIGKILL");
    await taker.stop();
  });

  it("does not hang on one that falls silent, and fetches again once it is back", async () => {
    const fetching = taker.fetch(peer.digest, { signal: AbortSignal.timeout(1_500) });
    await sleep(300);
    peer.child.kill("SIGSTOP");
    const started = performance.now();
    await expectRejection("CONTENT_UNAVAILABLE", fetching);
    expect(performance.now() - started).to.be.below(5_000);
    expect(await taker.has(peer.digest)).to.equal(false);
    peer.child.kill("SIGCONT");
    const bytes = await taker.fetch(peer.digest, { signal: AbortSignal.timeout(30_000) });
    expect(Buffer.compare(bytes, generatedBytes(SIZE))).to.equal(0);
  });

  it("does not hang on one that was silent before", async () => {
    peer.child.kill("SIGSTOP");
    const started = performance.now();
    const fetching = taker.fetch(peer.digest, { signal: AbortSignal.timeout(500) });
    await expectRejection("CONTENT_UNAVAILABLE", fetching);
    expect(performance.now() - started).to.be.below(3_000);
  });

  it("does not hang on one that is killed", async () => {
    const fetching = taker.fetch(peer.digest, { signal: AbortSignal.timeout(2_000) });
    await sleep(100);
    peer.child.kill("SIGKILL");
    await expectRejection("CONTENT_UNAVAILABLE", fetching);
  });
});

function blocksIn(folder: string): number {
  return readdirSync(join(folder, "blocks"), { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  ).length;
}
