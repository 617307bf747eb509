import { expect } from "chai";
import { formatTransaction } from "../../coordinator/cli/text.ts";
import { publicLink } from "../../coordinator/protocol/views/public-explorers.ts";

describe("links to public explorers", () => {
  it("exist where the chain has one", () => {
    expect(publicLink(11155111n, "tx", "0xab")).to.equal("https://sepolia.etherscan.io/tx/0xab");
    expect(publicLink(1n, "block", 7)).to.equal("https://etherscan.io/block/7");
    expect(publicLink(31337n, "address", "0xab")).to.equal(null);
  });
});

describe("transactions on the command line", () => {
  it("are links where the chain has a public explorer, hashes elsewhere", () => {
    expect(formatTransaction(11155111n, "0xab")).to.equal("https://sepolia.etherscan.io/tx/0xab");
    expect(formatTransaction(31337n, "0xab")).to.equal("0xab");
  });
});
