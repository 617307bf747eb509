import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { CID } from "multiformats/cid";
import { sha256 } from "multiformats/hashes/sha2";
import { digestOf } from "../../../coordinator/adapters/ipfs/cid.ts";
import { type NetworkedHelia, startNetworkedHelia } from "../../../coordinator/adapters/ipfs/helia-node.ts";
import { createHeliaStore, type HeliaStore } from "../../../coordinator/adapters/ipfs/helia-store.ts";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { expectRejection } from "../../ports/expect-rejection.ts";
import { generatedBytes } from "../../ports/generated-bytes.ts";
import { temporaryFolders } from "../../ports/temporary-folder.ts";

const folders = temporaryFolders();
const RAW = 0x55;
const DAG_PB = 0x70;
const MIB = 1024 * 1024;

/** A peer whose DAGs hash well and are not what a store would make. */
describe("a Helia node with a hostile peer", () => {
  let hostile: NetworkedHelia;
  let victim: HeliaStore;
  before(async () => {
    hostile = await startNetworkedHelia(folders(), "/ip4/127.0.0.1/tcp/0");
    victim = await createHeliaStore({ folder: folders(), fetchTimeoutMs: 10_000 });
    await victim.connect(hostile.libp2p.getMultiaddrs()[0]!.toString());
  });
  after(async () => {
    await hostile.stop();
    await victim.stop();
  });

  const put = async (codec: number, block: Uint8Array): Promise<CID> => {
    const cid = CID.createV1(codec, await sha256.digest(block));
    await hostile.blockstore.put(cid, block);
    return cid;
  };
  const node = async (links: readonly CID[]): Promise<CID> => {
    const codec = await hostile.getCodec(DAG_PB);
    const Links = links.map((Hash) => ({ Hash, Name: "", Tsize: 1 }));
    return put(DAG_PB, codec.encode({ Links, Data: Uint8Array.of(8, 2) } as never));
  };
  const refused = async (code: string, root: CID, maxBytes = 10 * MIB): Promise<void> => {
    const digest: Hex = digestOf(root);
    await expectRejection(code, victim.fetch(digest, { maxBytes }));
    expect(await victim.has(digest)).to.equal(false);
  };

  it("refuses chunks of another size", async () => {
    const leaves = [await put(RAW, generatedBytes(10)), await put(RAW, generatedBytes(20))];
    await refused("CONTENT_MISMATCH", await node(leaves));
  });

  it("refuses leaves and nodes side by side", async () => {
    const leaf = await put(RAW, generatedBytes(MIB));
    await refused("CONTENT_MISMATCH", await node([leaf, await node([leaf])]));
  });

  it("refuses a node with more links than the layout has", async () => {
    const leaf = await put(RAW, Uint8Array.of(1));
    await refused("CONTENT_MISMATCH", await node(Array.from({ length: 1_025 }, () => leaf)), 2_000 * MIB);
  });

  it("refuses a node that is no node", async () => {
    await refused("CONTENT_MISMATCH", await put(DAG_PB, generatedBytes(100)));
  });

  it("refuses more leaves than the limit allows, without asking for one", async () => {
    const absent = CID.createV1(RAW, await sha256.digest(Uint8Array.of(9, 9, 9)));
    const root = await node(Array.from({ length: 11 }, () => absent));
    const started = performance.now();
    await refused("CONTENT_TOO_LARGE", root);
    expect(performance.now() - started, "it waited for the leaves").to.be.below(5_000);
  });

  it("refuses leaves that are larger than a chunk", async () => {
    const leaf = await put(RAW, generatedBytes(MIB + MIB / 2));
    await refused("CONTENT_TOO_LARGE", await node([leaf]), MIB);
  });

  it("keeps blocks of a file added while a fetch that shares them fails", async () => {
    const bytes = generatedBytes(MIB);
    const shared = await put(RAW, bytes);
    const absent = CID.createV1(RAW, await sha256.digest(Uint8Array.of(8, 8, 8)));
    const root = digestOf(await node([shared, absent]));
    const fetching = victim.fetch(root, { signal: AbortSignal.timeout(1_000) });
    const failed = expectRejection("CONTENT_UNAVAILABLE", fetching);
    await sleep(500);
    const digest = await victim.add(bytes);
    await failed;
    expect(Buffer.compare(await victim.read(digest), bytes)).to.equal(0);
  });

  it("does not follow a long chain of nodes", async () => {
    let chain = await put(RAW, generatedBytes(10));
    for (let depth = 0; depth < 20; depth++) chain = await node([chain]);
    await refused("CONTENT_TOO_LARGE", chain);
  });
});
