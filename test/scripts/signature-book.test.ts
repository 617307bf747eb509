import { expect } from "chai";
import { Wallet } from "ethers";
import { encodeJson } from "../../coordinator/adapters/http/codec.ts";
import { signerOf } from "../../coordinator/adapters/keys/keystore.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { type Domain, REASON, type Vote } from "../../coordinator/protocol/round/messages.ts";
import { createSignatureBook } from "../../scripts/demo/scenarios/signature-book.ts";

const DOMAIN: Domain = { chainId: 31_337n, verifyingContract: `0x${"c0".repeat(20)}` };
const wallet = new Wallet(`0x${"17".repeat(32)}`);
const miner = wallet.address.toLowerCase() as Hex;

async function seen(reasons: readonly Vote["reason"][]) {
  const book = createSignatureBook(DOMAIN, new Set([miner]));
  for (const reason of reasons) {
    const support = reason === REASON.none;
    const vote: Vote = {
      ...{ round: 2n, openingHash: `0x${"0b".repeat(32)}`, candidate: `0x${"cc".repeat(32)}` },
      ...{ support, confidence: 10_000, reason, reasonIndex: 0n },
    };
    const signature = await signerOf(wallet).sign(DOMAIN, "Vote", vote);
    const request = encodeJson({ miner, vote, signature });
    book.wire({ method: "POST", path: "/v1/rounds/2/votes", request, response: "{}" });
    const response = encodeJson({ votes: [{ miner, vote, signature }] });
    book.wire({ method: "GET", path: "/v1/rounds/2/votes", request: "", response });
  }
  return book;
}

describe("the book of all signatures seen", () => {
  it("finds a key that signed two votes on one candidate", async () => {
    const book = await seen([REASON.none, REASON.score]);
    expect(book.doubles()).to.have.length(1);
    expect(book.counts()).to.deep.equal({ wire: 2 });
  });

  it("finds none where a yes replaced a withheld no, the same was sent again, or others signed", async () => {
    expect((await seen([REASON.withheld, REASON.none, REASON.none])).doubles()).to.deep.equal([]);
    const strangers = createSignatureBook(DOMAIN, new Set());
    strangers.wire({ method: "POST", path: "/v1/rounds/2/votes", request: "not JSON", response: "" });
    expect(strangers.counts()).to.deep.equal({});
  });
});
