import { readFileSync } from "node:fs";
import { expect } from "chai";
import { cidOfDigest, digestOfBytes, digestOfCid } from "../../../coordinator/adapters/ipfs/cid.ts";
import { generatedBytes } from "../../ports/generated-bytes.ts";
import { expectCode } from "../../protocol/expect-code.ts";

const vectors = JSON.parse(readFileSync(new URL("../../vectors/cids.json", import.meta.url), "utf8")) as {
  files: { name: string; size: number; digest: `0x${string}`; cid: string }[];
};

describe("CIDs", () => {
  // The vectors were computed by another program, from the dag-pb and UnixFS specifications alone.
  for (const { name, size, digest, cid } of vectors.files)
    it(`gives ${name} its digest`, async () => {
      expect(await digestOfBytes(generatedBytes(size))).to.equal(digest);
      expect(cidOfDigest(digest)).to.equal(cid);
      expect(digestOfCid(cid)).to.equal(digest);
    });

  it("refuses CIDs whose digest would not name a file", () => {
    // The raw leaf of "one byte", a version 0 CID, a dag-pb CID with another hash, and no CID at all.
    expectCode("CID_UNSUPPORTED", () =>
      digestOfCid("bafkreigaknpexyvxt76zgkitavbwx6ejgfheup5oybpm77f3pxzrvwpfdi"),
    );
    expectCode("CID_UNSUPPORTED", () => digestOfCid("QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"));
    expectCode("CID_UNSUPPORTED", () => digestOfCid("not a CID"));
  });

  it("refuses a digest of another length", () => {
    expectCode("BAD_HEX", () => cidOfDigest("0x1234"));
  });
});
