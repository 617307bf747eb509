import { expect } from "chai";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { decodeManifestFile, encodeManifestFile } from "../../../coordinator/protocol/round/manifest-file.ts";
import { expectCode } from "../expect-code.ts";

const word = (byte: string): Hex => `0x${byte.repeat(32)}`;
const client: Hex = `0x${"aa".repeat(20)}`;
const update = {
  round: 1n,
  openingHash: word("01"),
  baseRoot: word("02"),
  modelRoot: word("03"),
  modelCid: word("04"),
  sampleCount: 5n,
};
const manifest = {
  round: 1n,
  openingHash: word("01"),
  baseRoot: word("02"),
  updates: [{ client, update, signature: `0x${"05".repeat(64)}` as Hex }],
  coalitionScores: null,
  shapley: null,
  payouts: [],
  selection: { rule: "krum:0:byzfl", weights: [0], unweighted: [{ client, reason: "left out by krum" }] },
};
const changed = (change: (json: Record<string, unknown>) => unknown) => {
  const json = JSON.parse(new TextDecoder().decode(encodeManifestFile(manifest)));
  return new TextEncoder().encode(JSON.stringify(change(json)));
};

describe("a manifest's selection", () => {
  it("comes back as it was written", () => {
    expect(decodeManifestFile(encodeManifestFile(manifest))).to.deep.equal(manifest);
    const open = { ...manifest, selection: { rule: "median", weights: [null], unweighted: [] } };
    expect(decodeManifestFile(encodeManifestFile(open))).to.deep.equal(open);
  });

  for (const [name, selection] of [
    ["a weight too few", { rule: "median", weights: [], unweighted: [] }],
    ["a weight above the whole", { rule: "median", weights: [10_001], unweighted: [] }],
    ["a fraction of a basis point", { rule: "median", weights: [0.5], unweighted: [] }],
    ["no rule", { weights: [null], unweighted: [] }],
    ["an endless reason", { rule: "median", weights: [0], unweighted: [[client, "x".repeat(201)]] }],
    ["a client that is none", { rule: "median", weights: [0], unweighted: [["0x12", "x"]] }],
  ] as const)
    it(`is refused with ${name}`, () => {
      expectCode("MANIFEST_MALFORMED", () => decodeManifestFile(changed((json) => ({ ...json, selection }))));
    });

  it("belongs to version 2 and only to it", () => {
    expectCode("MANIFEST_MALFORMED", () => decodeManifestFile(changed((json) => ({ ...json, version: 1 }))));
    const without = ({ selection: _, ...json }: Record<string, unknown>) => json;
    expectCode("MANIFEST_MALFORMED", () => decodeManifestFile(changed(without)));
  });
});
