import { expect } from "chai";
import { createMemoryStore } from "../../../coordinator/adapters/ipfs/memory-store.ts";
import { contentStoreSuite } from "../../ports/content-store.suite.ts";
import { generatedBytes } from "../../ports/generated-bytes.ts";

contentStoreSuite("the memory store", async () => ({ store: createMemoryStore(), stop: async () => {} }));

describe("the memory store with peers", () => {
  it("fetches from a peer and keeps the file", async () => {
    const [peer, empty] = [createMemoryStore(), createMemoryStore()];
    const store = createMemoryStore([empty, peer]);
    const digest = await peer.add(generatedBytes(100));
    expect(await store.fetch(digest)).to.deep.equal(generatedBytes(100));
    expect(await store.has(digest)).to.equal(true);
  });
});
