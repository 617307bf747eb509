import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { CommanderError } from "commander";
import { isQuorateError } from "../../coordinator/protocol/errors.ts";
import { profileFor } from "../../scripts/demo/federation.ts";
import { freePorts, prepareFolder, recordKept } from "../../scripts/demo/folder.ts";
import { LogFollower } from "../../scripts/demo/log-follower.ts";
import { parseDemoOptions } from "../../scripts/demo/options.ts";

describe("demo options", () => {
  it("run six rounds of two miners and three clients by default", () => {
    const options = parseDemoOptions([]);
    expect(options).to.include({
      rounds: 6,
      miners: 2,
      clients: 3,
      seed: "1",
      out: "runs/demo",
      keep: false,
      json: false,
    });
    expect(options.labelNoise).to.deep.equal([0, 0.2, 0.5]);
    expect(options).to.include({ epochs: 1, batchSize: 10 });
  });

  it("take every documented option", () => {
    const words =
      "--rounds 2 --clients 4 --label-noise 10,20 --miners 5 --seed abc --out elsewhere --keep --json";
    const options = parseDemoOptions(words.split(" "));
    expect(options).to.include({
      rounds: 2,
      clients: 4,
      miners: 5,
      seed: "abc",
      out: "elsewhere",
      keep: true,
      json: true,
    });
    expect(options.labelNoise).to.deep.equal([0.1, 0.2, 0, 0]);
  });

  it("take a rule, an attack and a number of hostile clients", () => {
    const words = "--rule nnm:2+trimmed-mean:2 --attack ipm:5 --byzantine 2 --clients 10";
    const { rule, attack, byzantine } = parseDemoOptions(words.split(" "));
    expect(rule).to.deep.equal({ name: "trimmed-mean", f: 2, pre: [{ name: "nnm", f: 2 }] });
    expect([attack, byzantine]).to.deep.equal([{ name: "ipm", strength: 5 }, 2]);
    expect(parseDemoOptions([])).to.deep.include({ rule: { name: "fedavg" }, byzantine: 0 });
  });

  it("score many clients' coalitions on fewer images unless told otherwise", () => {
    const sizeOf = (words: string) => parseDemoOptions(words.split(" ")).validationSize;
    expect(sizeOf("--clients 6")).to.equal(undefined);
    expect(sizeOf("--clients 7")).to.equal(1_000);
    expect(sizeOf("--clients 7 --validation-size 6000")).to.equal(6_000);
  });

  it("refuse a rule that the clients are too few for, before anything starts", () => {
    const refusal = (words: string) => () => parseDemoOptions(words.split(" "));
    expect(refusal("--rule multi-krum:2 --clients 6")).to.throw(CommanderError, /at least 7 updates/);
    expect(refusal("--rule bucketing:2+median:1 --clients 4")).to.throw(CommanderError);
    expect(refusal("--rule bucketing:2+trimmed-mean:1 --clients 4")).to.throw(CommanderError, /at least 3/);
    expect(parseDemoOptions("--rule multi-krum:2 --clients 7".split(" ")).clients).to.equal(7);
  });

  for (const words of ["--rule best", "--rule krum", "--attack bribe", "--byzantine 3", "--byzantine -1"])
    it(`refuse ${words}`, () => {
      expect(() => parseDemoOptions(words.split(" "))).to.throw(CommanderError);
    });

  for (const words of ["--miners 1", "--rounds 0", "--label-noise 101", "--clients x", "--nonsense", "extra"])
    it(`refuse ${words}`, () => {
      expect(() => parseDemoOptions(words.split(" "))).to.throw(CommanderError);
    });
});

describe("demo folder", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "quorate-demo-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("loses what an earlier run wrote and keeps everything else", () => {
    mkdirSync(join(folder, "logs"));
    writeFileSync(join(folder, "report.json"), "{}");
    writeFileSync(join(folder, "thesis.txt"), "mine");
    prepareFolder(folder);
    const kept = new LogFollower(join(folder, "report.json"));
    expect(kept.read()).to.deep.equal([]);
    expect(() => writeFileSync(join(folder, "thesis.txt"), "still mine", { flag: "r+" })).not.to.throw();
    expect(() => writeFileSync(join(folder, "report.json"), "", { flag: "r+" })).to.throw();
  });

  it("is refused while an earlier run's processes are alive", () => {
    recordKept(folder, [{ name: "chain", pid: process.pid, log: "" }]);
    try {
      prepareFolder(folder);
      expect.fail("was not refused");
    } catch (error) {
      expect(isQuorateError(error, "DEMO_RUNNING")).to.equal(true);
      expect((error as Error).message).to.contain(`kill ${process.pid}`);
    }
  });

  it("is refused if it can't be written", () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    expect(() => prepareFolder(join(file, "below")))
      .to.throw()
      .with.property("code", "FOLDER_UNWRITABLE");
  });

  it("finds as many free ports as asked for", async () => {
    const ports = await freePorts(5);
    expect(new Set(ports).size).to.equal(5);
  });
});

describe("LogFollower", () => {
  it("reads each event once, cut lines when they are whole, and passes other lines over", () => {
    const folder = mkdtempSync(join(tmpdir(), "quorate-log-"));
    const path = join(folder, "a.log");
    const follower = new LogFollower(path);
    expect(follower.read()).to.deep.equal([]);
    writeFileSync(path, 'noise\n{"event":"one","n":1}\n{"level":30}\n{"event":"tw');
    expect(follower.read()).to.deep.equal([{ event: "one", n: 1 }]);
    writeFileSync(path, 'o"}\n{"event":broken}\n', { flag: "a" });
    expect(follower.read()).to.deep.equal([{ event: "two" }]);
    expect(follower.read()).to.deep.equal([]);
    rmSync(folder, { recursive: true, force: true });
  });
});

describe("profileFor", () => {
  it("gives more time for the coalitions of many clients, up to ten", () => {
    const seconds = (clients: number) => profileFor({ clients, miners: 2 }).parameters;
    expect(seconds(2)).to.include({ collectMax: 20, proposeSlot: 10, voteWindow: 10 });
    expect(seconds(8).proposeSlot).to.be.greaterThan(60);
    expect(seconds(8).voteWindow).to.equal(seconds(8).proposeSlot);
    expect(seconds(40).proposeSlot).to.equal(seconds(10).proposeSlot);
    expect(seconds(10).collectMax).to.equal(40);
  });

  it("gives less time for fewer validation images", () => {
    const slot = (validationSize: number) =>
      profileFor({ clients: 10, miners: 2, validationSize }).parameters.proposeSlot;
    expect(slot(1_000)).to.be.within(slot(6_000) / 6 - 1, slot(6_000) / 6 + 1);
    expect(slot(1)).to.equal(10);
  });
});
