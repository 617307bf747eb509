import { expect } from "chai";
import { createPeerContent } from "../../../coordinator/adapters/content/peer-content.ts";
import { createMemoryStore } from "../../../coordinator/adapters/ipfs/memory-store.ts";
import type { ContentStore } from "../../../coordinator/ports/content-store.ts";
import type { MinerTransport } from "../../../coordinator/ports/transport.ts";
import { QuorateError } from "../../../coordinator/protocol/errors.ts";
import { expectRejection } from "../../ports/expect-rejection.ts";
import { info } from "../http/fixtures.ts";

const FILE = Uint8Array.of(1, 2, 3);
const tooLarge = () => Promise.reject(new QuorateError("CONTENT_TOO_LARGE", "more than that"));
const nobody = () => Promise.reject(new QuorateError("CONTENT_UNAVAILABLE", "nobody"));

/** Content over two endpoints that answer as they are told, and bitswap. */
function contentOf(
  answers: Readonly<Record<string, () => Promise<Uint8Array>>>,
  fetch: ContentStore["fetch"] = nobody,
) {
  const store = {
    ...createMemoryStore(),
    addresses: () => [],
    connect: async () => undefined,
    fetch,
  };
  const transport = {
    content: (endpoint: string) => answers[endpoint]!(),
    info: async () => info,
  } as unknown as MinerTransport;
  return {
    store,
    content: createPeerContent({ store, transport, endpoints: async () => Object.keys(answers) }),
  };
}

describe("files of peers", () => {
  it("come from the next source if one says that they are too large", async () => {
    const { content, store } = contentOf({ "http://liar": tooLarge, "http://honest": async () => FILE });
    const digest = await store.digest(FILE);
    expect(await content.get(digest, { maxBytes: 10 })).to.deep.equal(FILE);
  });

  it("come by bitswap if every source says so", async () => {
    const { content, store } = contentOf({ "http://liar": tooLarge }, async () => FILE);
    expect(await content.get(await store.digest(FILE), { maxBytes: 10 })).to.deep.equal(FILE);
  });

  it("are too large only where every block was checked, and unavailable where nobody has them", async () => {
    const liars = { "http://liar": tooLarge };
    const digest = await createMemoryStore().digest(FILE);
    const large = contentOf(liars, tooLarge).content;
    await expectRejection("CONTENT_TOO_LARGE", large.get(digest, { maxBytes: 2 }));
    const gone = contentOf(liars).content;
    const { details } = await expectRejection("CONTENT_UNAVAILABLE", gone.get(digest, { maxBytes: 2 }));
    expect(details.refusals).to.have.length(1);
  });
});
