import { readFileSync } from "node:fs";
import { expect } from "chai";

const wasm = new Uint8Array(
  readFileSync(new URL("../../../coordinator/protocol/learning/kernels.wasm", import.meta.url)),
);

describe("compiled kernels", () => {
  it("ask nothing of their host", () => {
    expect(WebAssembly.Module.imports(new WebAssembly.Module(wasm))).to.deep.equal([]);
  });

  it("export what the host calls", () => {
    const names = WebAssembly.Module.exports(new WebAssembly.Module(wasm)).map(({ name }) => name);
    expect(names).to.include.members(["memory", "heapBase", "setNetwork", "train", "score"]);
  });
});
