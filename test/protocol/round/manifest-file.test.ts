import { expect } from "chai";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import {
  decodeManifestFile,
  encodeManifestFile,
  MANIFEST_MAX_BYTES,
  type ManifestFile,
} from "../../../coordinator/protocol/round/manifest-file.ts";
import { expectCode } from "../expect-code.ts";

const word = (byte: string): Hex => `0x${byte.repeat(32)}`;
const client = (byte: string): Hex => `0x${byte.repeat(20)}`;

const update = (byte: string, root = byte) => ({
  client: client(byte),
  signature: `0x${byte.repeat(64)}` as Hex,
  update: {
    round: 12n,
    openingHash: word("aa"),
    baseRoot: word("bb"),
    modelRoot: word(root),
    modelCid: word(root),
    sampleCount: 2n ** 32n,
  },
});

const MANIFEST: ManifestFile = {
  round: 12n,
  openingHash: word("aa"),
  baseRoot: word("bb"),
  updates: [update("01"), update("0c")],
  coalitionScores: [10, 20, 30, 40],
  shapley: { numerators: [-5n, 10n ** 30n], denominator: 2n },
  payouts: [
    { client: client("01"), cumulative: 10n ** 20n },
    { client: client("0c"), cumulative: 1n },
  ],
};

const text = (manifest: ManifestFile) => new TextDecoder().decode(encodeManifestFile(manifest));
const decodeText = (value: string) => decodeManifestFile(new TextEncoder().encode(value));

describe("manifest file", () => {
  it("comes back as it was written", () => {
    expect(decodeManifestFile(encodeManifestFile(MANIFEST))).to.deep.equal(MANIFEST);
    const bare = { ...MANIFEST, coalitionScores: null, shapley: null, payouts: [] };
    expect(decodeManifestFile(encodeManifestFile(bare))).to.deep.equal(bare);
  });

  it("is the same for checksummed and lower-case addresses", () => {
    const upper = MANIFEST.updates.map((signed) => ({
      ...signed,
      client: `0x${signed.client.slice(2).toUpperCase()}` as Hex,
    }));
    expect(text({ ...MANIFEST, updates: upper })).to.equal(text(MANIFEST));
  });

  it("has fixed bytes", () => {
    expect(text({ ...MANIFEST, updates: [], coalitionScores: null, shapley: null, payouts: [] })).to.equal(
      `{"format":"quorate-manifest","version":1,"round":"12","openingHash":"0x${"aa".repeat(32)}",` +
        `"baseRoot":"0x${"bb".repeat(32)}","updates":[],"coalitionScores":null,"shapley":null,"payouts":[]}`,
    );
  });

  const altered: readonly [string, (json: string) => string][] = [
    ["white space", (json) => json.replace(",", ", ")],
    ["a tail", (json) => `${json}\n`],
    ["another order of fields", (json) => json.replace('"version":1,', "").replace(/}$/, ',"version":1}')],
    ["a spare field", (json) => json.replace(/}$/, ',"time":1}')],
    ["a number with a leading zero", (json) => json.replace('"round":"12"', '"round":"012"')],
    ["a signature twice", (json) => json.replace('"updates":[', `"updates":[],"updates":[`)],
  ];
  for (const [what, change] of altered)
    it(`is refused with ${what}`, () => {
      expectCode("MANIFEST_NOT_CANONICAL", () => decodeText(change(text(MANIFEST))));
    });

  it("is refused with updates out of order, of one client twice, or of one model twice", () => {
    for (const updates of [
      MANIFEST.updates.toReversed(),
      [update("01"), update("01", "02")],
      [update("01"), update("02", "01")],
    ])
      expectCode("MANIFEST_NOT_CANONICAL", () =>
        decodeManifestFile(encodeManifestFile({ ...MANIFEST, updates })),
      );
  });

  it("is refused with payouts out of order", () => {
    const payouts = MANIFEST.payouts.toReversed();
    expectCode("MANIFEST_NOT_CANONICAL", () =>
      decodeManifestFile(encodeManifestFile({ ...MANIFEST, payouts })),
    );
  });

  const malformed: readonly [string, string][] = [
    ["no JSON", "not json"],
    ["another format", text(MANIFEST).replace("quorate-manifest", "other")],
    ["another version", text(MANIFEST).replace('"version":1', '"version":2')],
    ["a short root", text(MANIFEST).replace("bb", "")],
    ["upper-case hexadecimal", text(MANIFEST).replace("aa", "AA")],
    ["a negative score", text(MANIFEST).replace("[10,", "[-10,")],
    ["a broken score", text(MANIFEST).replace("[10,", "[1.5,")],
  ];
  for (const [what, value] of malformed)
    it(`is refused with ${what}`, () => {
      expectCode("MANIFEST_MALFORMED", () => decodeText(value));
    });

  it("is refused above its size limit before it is read", () => {
    expectCode("MANIFEST_TOO_LARGE", () => decodeManifestFile(new Uint8Array(MANIFEST_MAX_BYTES + 1)));
  });
});
