import { expect } from "chai";
import fc from "fast-check";
import { cidOfDigest } from "../../coordinator/adapters/ipfs/cid.ts";
import { type Hex, toHex, ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import { cidOf, digestOf } from "../../explorer/format/cid.ts";
import { toCsv, toJson } from "../../explorer/format/export.ts";
import { formatAge, formatFraction, formatUnits, formatWad, formatWei } from "../../explorer/format/text.ts";
import { linkTo, parseRoute } from "../../explorer/state/route.ts";
import { scaleOf, ticksOf } from "../../explorer/ui/scale.ts";

const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);

describe("what the explorer writes", () => {
  it("CIDs as the rest of the project, and reads them back", () => {
    fc.assert(
      fc.property(digest, (hash) => {
        fc.pre(hash !== ZERO_HASH);
        expect(cidOf(hash)).to.equal(String(cidOfDigest(hash)));
        expect(digestOf(cidOf(hash)!)).to.equal(hash);
      }),
      { numRuns: 50 },
    );
    expect(cidOf(ZERO_HASH as Hex)).to.equal(null);
    expect(digestOf("bafyNOTACID")).to.equal(null);
  });

  it("amounts exactly, whatever their size", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (units) => {
        const text = formatUnits(units).replaceAll("\u202f", "").replace("−", "-");
        const [whole, part = ""] = text.replace("-", "").split(".");
        const back = BigInt(whole!) * 10n ** 18n + BigInt(part.padEnd(18, "0"));
        expect(text.startsWith("-") ? -back : back).to.equal(units);
      }),
    );
    expect(formatUnits(1_234_567n * 10n ** 18n + 5n, 18, 4)).to.equal("1\u202f234\u202f567");
    expect(formatWad(1_599_999_999_999_999_999n)).to.equal("1.59");
    expect(formatWei(21_000n * 10n ** 9n)).to.equal("21\u202f000 gwei");
    expect(formatFraction(-299n, 6n)).to.equal("−49.83");
    expect(formatFraction(256n, 6n)).to.equal("42.67");
    expect([formatAge(10, 75), formatAge(75, 70)]).to.deep.equal(["1\u202fmin ago", "in 5\u202fs"]);
  });

  it("CSV by RFC 4180 with exact integers, and nothing a spreadsheet would run", () => {
    const rows = [
      ['say "hi", all', 2n ** 200n, null, true],
      ["=1+1", -5, "two\nlines", false],
    ] as const;
    expect(toCsv(["a", "b", "c", "d"], rows)).to.equal(
      `a,b,c,d\r\n"say ""hi"", all",${2n ** 200n},,true\r\n'=1+1,-5,"two\nlines",false\r\n`,
    );
    expect(JSON.parse(toJson(["a", "b"], [["x", 2n ** 64n]]))).to.deep.equal([
      { a: "x", b: String(2n ** 64n) },
    ]);
  });

  it("links that lead back to the same state", () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), (key, value) => {
        const route = parseRoute(linkTo("search", key, { q: value }));
        expect([route.page, route.key, route.query.get("q")]).to.deep.equal(["search", key, value]);
      }),
    );
    expect(parseRoute("#/round/%E0%A4%A")).to.deep.include({ page: "round", key: "%E0%A4%A" });
    expect(parseRoute("")).to.deep.include({ page: "overview", key: "" });
  });

  it("axes whose ticks lie within them", () => {
    fc.assert(
      fc.property(
        fc.tuple(
          fc.float({ noNaN: true, min: -1e6, max: 1e6 }),
          fc.float({ noNaN: true, min: -1e6, max: 1e6 }),
        ),
        ([a, b]) => {
          const scale = scaleOf([Math.min(a, b), Math.max(a, b)], [0, 100]);
          const [low, high] = scale.domain;
          expect(low).to.be.at.most(Math.min(a, b) + 1e-6);
          expect(high).to.be.at.least(Math.max(a, b) - 1e-6);
          const ticks = ticksOf(scale.domain, 4);
          expect(ticks.length).to.be.within(1, 14);
          for (const tick of ticks) expect(tick).to.be.within(low - 1e-6, high + 1e-6);
        },
      ),
    );
  });
});
