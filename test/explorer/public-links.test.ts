import { expect } from "chai";
import { publicLink } from "../../coordinator/protocol/views/public-explorers.ts";

describe("links to public explorers", () => {
  it("exist where the chain has one", () => {
    expect(publicLink(11155111n, "tx", "0xab")).to.equal("https://sepolia.etherscan.io/tx/0xab");
    expect(publicLink(1n, "block", 7)).to.equal("https://etherscan.io/block/7");
    expect(publicLink(31337n, "address", "0xab")).to.equal(null);
  });
});
