import { readFileSync } from "node:fs";
import { expect } from "chai";
import { RULES, STEPS } from "../../../coordinator/protocol/aggregation/catalogue.ts";
import { aggregate } from "../../../coordinator/protocol/aggregation/reference.ts";
import {
  formatRule,
  isProvable,
  parseRule,
  parseRuleText,
} from "../../../coordinator/protocol/aggregation/rule.ts";
import { expectCode } from "../expect-code.ts";

const updatesOf = (n: number) =>
  Array.from({ length: n }, (_, k) => ({ floats: Float32Array.of(k, -k), sampleCount: 1 }));

describe("rule", () => {
  for (const text of [
    "fedavg",
    "trimmed-mean:2",
    "krum:1:byzfl",
    "nnm:2+trimmed-mean:2",
    "norm-clipping:0.5+bucketing:2+geometric-median:0.1:3",
  ])
    it(`${text} is read and written`, () => {
      expect(formatRule(parseRuleText(text))).to.equal(text);
      expect(parseRule(JSON.parse(JSON.stringify(parseRuleText(text))))).to.deep.equal(parseRuleText(text));
    });

  it("fills in what may be left out, so that equal rules have one form", () => {
    expect(parseRuleText("krum:1")).to.deep.equal({ name: "krum", f: 1, variant: "blanchard" });
    expect(parseRuleText("geometric-median")).to.deep.equal({
      name: "geometric-median",
      nu: 0.1,
      iterations: 3,
    });
    expect(JSON.stringify(parseRule({ pre: [], name: "fedavg" }))).to.equal('{"name":"fedavg"}');
    expect(JSON.stringify(parseRule({ variant: "byzfl", f: 1, name: "krum" }))).to.equal(
      '{"name":"krum","f":1,"variant":"byzfl"}',
    );
  });

  for (const json of [
    { name: "best" },
    { name: "nnm", f: 1 },
    { name: "toString" },
    { name: "median", f: 1 },
    { name: "krum", f: 1, tau: 1 },
    { name: "median", pre: [{ name: "krum", f: 1 }] },
    { name: "median", pre: { name: "nnm", f: 1 } },
    { name: "median", pre: new Array(5).fill({ name: "bucketing", s: 1 }) },
    "median",
    null,
  ])
    it(`refuses the rule ${JSON.stringify(json)}`, () => {
      expectCode("AGGREGATION_RULE", () => parseRule(json));
    });

  for (const text of [
    "trimmed-mean",
    "trimmed-mean:-1",
    "trimmed-mean:1.5",
    "krum:",
    "krum:1:other",
    "centred-clipping:0",
    "centred-clipping:-1",
    "centred-clipping:Infinity",
    "centred-clipping:1:0",
    "geometric-median:0",
    "geometric-median:1e-310",
    "centred-clipping:1e31",
    "trimmed-mean:1025",
    "centred-clipping:1:101",
    "norm-clipping:0+median",
    "bucketing:0+median",
  ])
    it(`refuses the parameters of ${text}`, () => {
      expectCode("AGGREGATION_PARAMETER", () => parseRuleText(text));
    });

  it("says what was given and what is possible", () => {
    const messageOf = (json: unknown) => expectCode("AGGREGATION_PARAMETER", () => parseRule(json)).message;
    expect(messageOf({ name: "krum", f: "1" })).to.match(/from 0 to 1024, not "1"$/);
    expect(messageOf({ name: "krum" })).to.match(/from 0 to 1024, not undefined$/);
    expect(messageOf({ name: "krum", f: 1, variant: null })).to.match(/one of blanchard, byzfl, not null$/);
    expect(messageOf({ name: "median", pre: [{ name: "bucketing", s: 1e9 }] })).to.match(
      /from 1 to 1024, not 1000000000$/,
    );
  });

  it("refuses more parameters than there are", () => {
    expectCode("AGGREGATION_RULE", () => parseRuleText("median:1"));
  });

  const least: readonly [string, number][] = [
    ["trimmed-mean:2", 5],
    ["meamed:2", 5],
    ["krum:2", 7],
    ["krum:2:byzfl", 5],
    ["multi-krum:2", 7],
    ["mda:2", 5],
    ["bulyan:2", 11],
    ["nnm:2+median", 5],
    ["adaptive-clipping:2+median", 5],
    ["bucketing:2+trimmed-mean:1", 5],
  ];
  for (const [text, n] of least)
    it(`${text} needs ${n} updates`, () => {
      expect(aggregate(parseRuleText(text), updatesOf(n)).floats).to.have.length(2);
      expectCode("AGGREGATION_TOO_FEW", () => aggregate(parseRuleText(text), updatesOf(n - 1)));
    });

  it("says so if f would be half or more", () => {
    const error = expectCode("AGGREGATION_TOO_FEW", () =>
      aggregate(parseRuleText("trimmed-mean:5"), updatesOf(10)),
    );
    expect(error.details).to.include({ f: 5, rows: 10, least: 11 });
  });

  it("refuses to compare too many subsets", () => {
    expectCode("AGGREGATION_TOO_COSTLY", () => aggregate(parseRuleText("mda:12"), updatesOf(30)));
  });

  it("is on the documentation's table with what it needs, proves and costs", () => {
    const page = readFileSync(new URL("../../../docs/aggregation.md", import.meta.url), "utf8");
    for (const [name, { parameters, provable, cost }] of Object.entries({ ...RULES, ...STEPS })) {
      const row = page.split("\n").find((line) => line.startsWith("| ") && line.includes(`\`${name}\``));
      expect(row, name).to.contain(` ${cost} |`);
      for (const { name: parameter } of parameters)
        expect(row, `${name} ${parameter}`).to.contain(
          { nu: "ν", tau: "τ" }[parameter as string] ?? parameter,
        );
      const column = row!.split("|")[4]!.trim();
      expect(column, name).to.match(provable === "coordinate" ? /^(yes|from all values)/ : /^no$/);
    }
  });

  it("knows which results one coordinate can prove wrong", () => {
    const provable = ["fedavg", "median", "trimmed-mean:1", "krum:1", "nnm:1+median"].map((text) =>
      isProvable(parseRuleText(text)),
    );
    expect(provable).to.deep.equal([true, true, true, false, false]);
  });
});
