import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { createHeliaStore, type HeliaStore } from "../../../coordinator/adapters/ipfs/helia-store.ts";
import { contentStoreSuite } from "../../ports/content-store.suite.ts";
import { expectRejection } from "../../ports/expect-rejection.ts";
import { generatedBytes } from "../../ports/generated-bytes.ts";
import { temporaryFolders } from "../../ports/temporary-folder.ts";

const folders = temporaryFolders();

contentStoreSuite("the Helia store", async () => {
  const store = await createHeliaStore({ folder: folders() });
  return { store, stop: () => store.stop() };
});

contentStoreSuite("the Helia store without networking", async () => {
  const store = await createHeliaStore({ folder: folders(), networking: false });
  return { store, stop: () => store.stop() };
});

/** Paths of all block files. */
function blockFiles(folder: string): string[] {
  const blocks = join(folder, "blocks");
  return readdirSync(blocks, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe("the Helia store", () => {
  const stores: HeliaStore[] = [];
  const open = async (options: Parameters<typeof createHeliaStore>[0]): Promise<HeliaStore> => {
    const store = await createHeliaStore(options);
    stores.push(store);
    return store;
  };
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.stop();
  });

  it("keeps its peer id and its files over a restart, and the key to its owner", async () => {
    const folder = folders();
    const first = await createHeliaStore({ folder });
    const digest = await first.add(generatedBytes(3_000_000));
    const { peerId } = first;
    await first.stop();
    const second = await open({ folder });
    expect(peerId).to.match(/^12D3Koo/);
    expect(second.peerId).to.equal(peerId);
    expect(second.addresses().every((address) => address.includes("/127.0.0.1/"))).to.equal(true);
    expect(await second.has(digest)).to.equal(true);
    expect(Buffer.compare(await second.read(digest), generatedBytes(3_000_000))).to.equal(0);
    expect(statSync(join(folder, "peer.json")).mode & 0o777).to.equal(0o600);
  });

  it("leaves no block behind when its last file is removed, also after a restart", async () => {
    const folder = folders();
    const first = await createHeliaStore({ folder, networking: false });
    const digests = [await first.add(generatedBytes(3_000_000)), await first.add(generatedBytes(2_000_000))];
    await first.stop();
    const second = await open({ folder, networking: false });
    await second.remove(digests[0]!);
    expect(blockFiles(folder)).to.have.length(3);
    await second.remove(digests[1]!);
    expect(blockFiles(folder)).to.deep.equal([]);
  });

  it("notices a damaged or missing block, and heals when the file is added again", async () => {
    const folder = folders();
    const store = await open({ folder, networking: false });
    const bytes = generatedBytes(2_500_000);
    const digest = await store.add(bytes);
    const largest = blockFiles(folder).find((file) => statSync(file).size === 1024 * 1024)!;
    writeFileSync(largest, new Uint8Array(1024 * 1024));
    await expectRejection("CONTENT_MISMATCH", store.read(digest));
    expect(await store.has(digest), "a damaged file is not held").to.equal(false);
    await store.add(bytes);
    expect(Buffer.compare(await store.read(digest), bytes)).to.equal(0);
    rmSync(blockFiles(folder)[0]!);
    await expectRejection("CONTENT_MISSING", store.read(digest));
    expect(await store.has(digest)).to.equal(false);
    await store.add(bytes);
    expect(Buffer.compare(await store.read(digest), bytes)).to.equal(0);
  });

  it("refuses a folder it cannot write to", async () => {
    const folder = folders();
    writeFileSync(join(folder, "file"), "");
    await expectRejection("FOLDER_UNWRITABLE", createHeliaStore({ folder: join(folder, "file", "store") }));
    if (process.getuid?.() === 0) return; // The superuser may write anywhere.
    chmodSync(folder, 0o500);
    await expectRejection("FOLDER_UNWRITABLE", createHeliaStore({ folder: join(folder, "store") }));
    chmodSync(folder, 0o700);
  });

  it("refuses a port in use and an address it cannot listen on", async () => {
    const taken = await open({ folder: folders() });
    const listen = taken.addresses()[0]!.replace(/\/p2p\/.*$/, "");
    const error = await expectRejection("PORT_IN_USE", createHeliaStore({ folder: folders(), listen }));
    expect(error.details.listen).to.equal(listen);
    await expectRejection(
      "LISTEN_ADDRESS",
      createHeliaStore({ folder: folders(), listen: "/ip4/127.0.0.1/udp/0" }),
    );
    await expectRejection("LISTEN_ADDRESS", createHeliaStore({ folder: folders(), listen: "port 4001" }));
  });

  it("refuses a peer key it cannot read", async () => {
    const folder = folders();
    writeFileSync(join(folder, "peer.json"), "{");
    await expectRejection("PEER_KEY_MALFORMED", createHeliaStore({ folder }));
  });
});
