import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { plotHeatmap } from "../../coordinator/cli/simulate/heatmap.ts";
import { quorate } from "../../scripts/demo/quorate.ts";

describe("quorate simulate", () => {
  const folder = mkdtempSync(join(tmpdir(), "quorate-simulate-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const small = ["--clients", "9", "--byzantine", "2", "--steps", "8"];

  it("prints a table and writes CSV and a picture; the seed and the setting are shown", async () => {
    const [csv, plot] = [join(folder, "runs.csv"), join(folder, "table.svg")];
    const lists = ["--rules", "fedavg,krum:2", "--attacks", "ipm:5,nan", "--data", "iid"];
    const { code, out, err } = await quorate(["simulate", ...small, ...lists, "--csv", csv, "--plot", plot]);
    expect(code).to.equal(0);
    expect(out)
      .to.match(/fedavg .*%/)
      .and.match(/krum:2:blanchard .*%/);
    expect(err).to.contain("seeds 1").and.contain('"clients":9');
    const lines = readFileSync(csv, "utf8").trim().split("\n");
    expect(lines).to.have.length(5);
    expect(lines[2]).to.match(/^iid,fedavg,nan,1,0\.\d+,16,0\.000000$/);
    expect(readFileSync(plot, "utf8")).to.match(/^<svg[^>]*>[\s\S]*<\/svg>\n$/);
  }).timeout(120_000);

  it("says so where a rule has too few updates left", async () => {
    const { out } = await quorate([
      "simulate",
      ...small,
      "--rules",
      "krum:3",
      "--attacks",
      "nan",
      "--data",
      "iid",
    ]);
    expect(out).to.contain("too few");
  }).timeout(120_000);

  for (const [option, value] of [
    ["--rules", "best"],
    ["--rules", "trimmed-mean"],
    ["--attacks", "bribe"],
    ["--data", "all"],
    ["--steps", "0"],
    ["--seeds", "1,,2"],
    ["--byzantine", "25"],
    ["--rules", "trimmed-mean:13"],
    ["--rules", "mda:12"],
    ["--csv", "no/such/folder/runs.csv"],
    ["--plot", "no/such/folder/runs.svg"],
  ])
    it(`refuses ${option} ${value} before it trains`, async () => {
      const { code, out, err } = await quorate(["simulate", option!, value!]);
      expect(code).to.equal(2);
      expect(out).to.equal("");
      expect(err)
        .to.match(/^error [A-Z]+: .{20}/)
        .and.not.contain("runs, seeds");
      expect(err).to.contain(value === "0" ? "whole number" : value!.split(":")[0]);
    });

  it("leaves rules out of the family for which there are too few clients", async () => {
    const few = ["--clients", "4", "--byzantine", "1", "--steps", "2", "--attacks", "none", "--data", "iid"];
    const { code, out } = await quorate(["simulate", ...few]);
    expect(code).to.equal(0);
    expect(out).to.contain("trimmed-mean:1").and.not.contain("krum");
  }).timeout(120_000);
});

describe("heatmap", () => {
  it("has one panel per split and survives any name", () => {
    const outcome = { rule: "a<b", attack: "x&y", seed: "1", accuracy: 0.5, refused: 0, hostileShare: null };
    const svg = plotHeatmap([
      { ...outcome, split: "iid" },
      { ...outcome, split: "one-class", accuracy: null },
    ]);
    expect(svg.match(/test accuracy, data [a-z-]+, seed 1</g)).to.have.length(2);
    expect(
      plotHeatmap([outcome, { ...outcome, seed: "2" }].map((one) => ({ ...one, split: "iid" }))),
    ).to.contain("mean over seeds 1, 2<");
    expect(svg).to.contain("a&lt;b").and.contain("x&amp;y").and.contain("50.0 %").and.contain("too few");
  });
});
