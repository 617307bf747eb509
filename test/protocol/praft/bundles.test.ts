import { expect } from "chai";
import { bundleDigest, payloadRoot } from "../../../coordinator/protocol/praft/bundle-hashes.ts";
import { arePayloadBundles, onSubmit, withPending } from "../../../coordinator/protocol/praft/bundles.ts";
import type { Turn } from "../../../coordinator/protocol/praft/state.ts";
import type { Bundle } from "../../../coordinator/protocol/praft/types.ts";
import { createNode } from "../../praft/node.ts";
import { committeeWith, GROUP, keyOf, testScheme } from "./fixtures.ts";

const clientKey = keyOf(7, 1);

function bundleOf(sequence: number, operations: readonly string[]): Bundle {
  const bytes = operations.map((text) => new TextEncoder().encode(text));
  const unsigned = { clientKey, sequence, operations: bytes, signature: new Uint8Array() };
  return { ...unsigned, signature: testScheme.sign(clientKey, bundleDigest(GROUP, unsigned)) };
}

/** A member's turn, and how often it checked a signature. */
function turnOf() {
  const { state, env } = createNode(committeeWith([1, 1, 1, 1]), 1, "member");
  const checked = { count: 0 };
  const scheme: typeof testScheme = {
    ...testScheme,
    verify(...all) {
      checked.count++;
      return testScheme.verify(...all);
    },
  };
  const turn: Turn = { s: state, env: { ...env, scheme }, now: 0, out: [] };
  return { turn, checked };
}

describe("praft bundles", () => {
  it("are checked once, when they come, and not again in the block that orders them", () => {
    const { turn, checked } = turnOf();
    onSubmit(turn, "client", bundleOf(1, ["a", "b"]));
    onSubmit(turn, "client", bundleOf(1, ["a", "b"]));
    const payload = withPending(turn, { bundles: [bundleOf(1, ["a", "b"])] });
    expect(arePayloadBundles(turn, payload)).to.equal(true);
    expect(checked.count).to.equal(1);
  });

  it("are checked in the block if they differ in anything from those that wait", () => {
    const { turn } = turnOf();
    const waiting = bundleOf(1, ["a", "b"]);
    onSubmit(turn, "client", waiting);
    const other = bundleOf(1, ["a", "c"]);
    for (const forged of [
      { ...waiting, operations: other.operations },
      { ...waiting, operations: [...waiting.operations, new Uint8Array()] },
      { ...waiting, signature: other.signature },
      { ...waiting, clientKey: keyOf(8, 1) },
      { ...waiting, sequence: 2 },
    ]) {
      const payload = withPending(turn, { bundles: [forged] });
      expect(payload.bundles[0]).to.equal(forged);
      expect(arePayloadBundles(turn, payload)).to.equal(false);
    }
    expect(arePayloadBundles(turn, withPending(turn, { bundles: [other] }))).to.equal(true);
  });

  it("have one root for one content, whatever the number of operations", () => {
    const texts = Array.from({ length: 70 }, (_, i) => `operation ${i}`);
    const roots = new Set<string>();
    for (let count = 0; count <= texts.length; count++) {
      const root = payloadRoot({ bundles: [bundleOf(1, texts.slice(0, count))] });
      expect(payloadRoot({ bundles: [bundleOf(1, texts.slice(0, count))] })).to.equal(root);
      roots.add(root);
    }
    // The same bytes cut into operations elsewhere are another content.
    roots.add(payloadRoot({ bundles: [bundleOf(1, ["operation 0operation 1"])] }));
    expect(roots.size).to.equal(texts.length + 2);
  });
});
