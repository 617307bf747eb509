import { expect } from "chai";
import type { ContentStore } from "../../coordinator/ports/content-store.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { expectRejection } from "./expect-rejection.ts";
import { generatedBytes } from "./generated-bytes.ts";

const ABSENT: Hex = `0x${"11".repeat(32)}`;
const MIB = 1024 * 1024;

/** What every content store does. `create` makes an empty one without peers. */
export function contentStoreSuite(
  name: string,
  create: () => Promise<{ store: ContentStore; stop(): Promise<void> }>,
): void {
  describe(`${name} as a content store`, () => {
    let store: ContentStore;
    let stop: () => Promise<void>;
    before(async () => ({ store, stop } = await create()));
    after(() => stop());

    for (const size of [0, 1, MIB, MIB + 1, 3 * MIB + 7])
      it(`gives ${size} bytes back under their digest`, async () => {
        const bytes = generatedBytes(size);
        const digest = await store.digest(bytes);
        expect(await store.has(digest), "stored by digest alone").to.equal(false);
        expect(await store.add(bytes)).to.equal(digest);
        expect(await store.has(digest)).to.equal(true);
        expect(Buffer.compare(await store.read(digest), bytes)).to.equal(0);
        expect(Buffer.compare(await store.fetch(digest), bytes)).to.equal(0);
      });

    it("adds the same bytes twice under one digest, and one removal removes them", async () => {
      const bytes = generatedBytes(5_000);
      const digest = await store.add(bytes);
      expect(await store.add(bytes)).to.equal(digest);
      await store.remove(digest);
      expect(await store.has(digest)).to.equal(false);
      await expectRejection("CONTENT_MISSING", store.read(digest));
    });

    it("takes digests in any case", async () => {
      const digest = await store.add(generatedBytes(6_000));
      const upper = `0x${digest.slice(2).toUpperCase()}` as Hex;
      expect(await store.has(upper)).to.equal(true);
      expect((await store.read(upper)).length).to.equal(6_000);
    });

    it("keeps its bytes when the caller changes the ones it gave or got", async () => {
      const bytes = generatedBytes(7_000);
      const digest = await store.add(bytes);
      bytes.fill(0);
      (await store.read(digest)).fill(0);
      expect(Buffer.compare(await store.read(digest), generatedBytes(7_000))).to.equal(0);
    });

    it("refuses a file above the reader's limit and reads one at the limit", async () => {
      const digest = await store.add(generatedBytes(2 * MIB));
      expect((await store.read(digest, { maxBytes: 2 * MIB })).length).to.equal(2 * MIB);
      await expectRejection("CONTENT_TOO_LARGE", store.read(digest, { maxBytes: 2 * MIB - 1 }));
      await expectRejection("CONTENT_TOO_LARGE", store.read(digest, { maxBytes: 10 }));
      await expectRejection("CONTENT_TOO_LARGE", store.fetch(digest, { maxBytes: 10 }));
      expect(await store.has(digest), "a refused read keeps the file").to.equal(true);
    });

    it("names what it lacks", async () => {
      await expectRejection("CONTENT_MISSING", store.read(ABSENT));
      await expectRejection("CONTENT_UNAVAILABLE", store.fetch(ABSENT, { signal: AbortSignal.timeout(500) }));
      await store.remove(ABSENT);
    });

    it("keeps blocks that another file still uses", async () => {
      const short = generatedBytes(MIB);
      const long = generatedBytes(MIB + 5);
      const [first, second] = [await store.add(short), await store.add(long)];
      await store.remove(first);
      expect(Buffer.compare(await store.read(second), long)).to.equal(0);
      await store.add(short);
      await store.remove(second);
      expect(Buffer.compare(await store.read(first), short)).to.equal(0);
    });
  });
}
