import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { reportFailure } from "../../coordinator/cli/failure.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { quorate } from "../../scripts/demo/quorate.ts";

const KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";

describe("quorate command line", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "quorate-cli-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const usage: [string, string[], RegExp][] = [
    ["an unknown command", ["mine"], /unknown command 'mine'/],
    ["an unknown option", ["status", "--rcp", "http://127.0.0.1"], /unknown option '--rcp'/],
    ["an RPC URL that is none", ["status", "--rpc", "localhost"], /http or https URL/],
    ["a contract that is no address", ["status", "--contract", "0x12"], /40 hexadecimal digits/],
    ["round 0", ["verify", "--round", "0"], /round number/],
    ["verify without a round", ["verify"], /--round/],
    [
      "a model neither round, base nor head",
      ["model", "get", "--round", "last", "--out", "x"],
      /base or head/,
    ],
    ["a stake with 19 decimals", ["miner", "stake", "--amount", "1.0000000000000000001"], /18 decimals/],
    ["a negative sample count", ["client", "submit", "--model", "m", "--samples", "-1"], /whole number/],
    ["noise above 100 %", ["data", "split", "--out", "x", "--label-noise", "0,101"], /percentages/],
    ["a port out of range", ["miner", "run", "--port", "65536"], /65535/],
    ["training without data", ["client", "train", "--out", "x"], /--data/],
    [
      "a step size of 0",
      ["client", "train", "--data", "d", "--out", "x", "--learning-rate", "0"],
      /positive/,
    ],
    [
      "two ways to name the federation",
      ["status", "--contract", `0x${"11".repeat(20)}`, "--network", "demo"],
      /exclude/,
    ],
    ["an argument too many", ["status", "now"], /too many arguments/],
  ];
  for (const [what, args, message] of usage)
    it(`refuses ${what} with exit code 2`, async () => {
      const { code, out, err } = await quorate(args);
      expect(err).to.match(/^error USAGE: /);
      expect(err).to.match(message);
      expect(out).to.equal("");
      expect(code).to.equal(2);
    });

  it("prints help and ends with 0", async () => {
    const { code, out } = await quorate(["--help"]);
    expect(code).to.equal(0);
    for (const word of ["miner", "client", "model", "status", "rounds", "gas", "verify", "key", "data"])
      expect(out).to.match(new RegExp(`^  ${word}`, "m"));
    expect((await quorate(["miner", "run", "--help"])).code).to.equal(0);
  });

  it("shows help and ends with 2 if there is no command", async () => {
    const { code, err } = await quorate([]);
    expect(err).to.contain("Usage: quorate");
    expect(code).to.equal(2);
  });

  it("names a deployment that is not there, malformed or not complete", async () => {
    const missing = await quorate(["status", "--deployment", join(folder, "none.json")]);
    expect(missing.err).to.match(/^error DEPLOYMENT_MISSING: .*none\.json/);
    expect(missing.code).to.equal(2);
    const file = join(folder, "deployment.json");
    for (const text of [
      "{",
      "[]",
      '{"chainId":"1"}',
      '{"chainId":"1","contracts":{"RoundConsensus":{"address":"x"}}}',
    ]) {
      writeFileSync(file, text);
      expect((await quorate(["status", "--deployment", file])).err).to.match(/^error DEPLOYMENT_MALFORMED: /);
    }
    const contracts = { RoundConsensus: { address: `0x${"11".repeat(20)}` } };
    writeFileSync(file, JSON.stringify({ chainId: "1", contracts, complete: false }));
    expect((await quorate(["status", "--deployment", file])).err).to.match(
      /^error DEPLOYMENT_MALFORMED: .*not complete/,
    );
  });

  it("reports an operation that failed with exit code 1, as JSON if asked", async () => {
    const args = ["status", "--rpc", "http://127.0.0.1:9", "--contract", `0x${"11".repeat(20)}`];
    const plain = await quorate(args);
    expect(plain.err).to.match(/^error RPC_UNREACHABLE: /);
    expect(plain.code).to.equal(1);
    const json = await quorate([...args, "--json"]);
    expect(JSON.parse(json.out).error).to.include({ code: "RPC_UNREACHABLE" });
    expect(json.code).to.equal(1);
  });

  it("makes a key once, readable only by its owner", async () => {
    const out = join(folder, "keys", "key.json");
    const env = { QUORATE_PASSWORD: "correct horse" };
    const made = await quorate(["key", "new", "--out", out, "--json"], env);
    expect(made.code, made.err).to.equal(0);
    expect(JSON.parse(made.out).address).to.match(/^0x[0-9a-fA-F]{40}$/);
    expect(statSync(out).mode & 0o077).to.equal(0);
    const again = await quorate(["key", "new", "--out", out], env);
    expect(again.err).to.match(/^error KEYSTORE_EXISTS: /);
    expect(again.code).to.equal(2);
    expect((await quorate(["key", "new", "--out", join(folder, "other.json")])).err).to.match(
      /QUORATE_PASSWORD/,
    );
  });

  it("says which key is missing or wrong and never prints a secret", async () => {
    const at = ["--rpc", "http://127.0.0.1:9", "--contract", `0x${"11".repeat(20)}`];
    const none = await quorate(["client", "claim", ...at]);
    expect(none.err).to.match(/^error KEY_MISSING: /);
    expect(none.code).to.equal(2);
    const malformed = await quorate(["client", "claim", ...at], { QUORATE_PRIVATE_KEY: `${KEY}zz` });
    expect(malformed.err).to.match(/^error KEY_MALFORMED: /);
    expect(malformed.err).not.to.contain(KEY.slice(4, 40));
    const unreachable = await quorate(["client", "claim", ...at, "--folder", folder], {
      QUORATE_PRIVATE_KEY: KEY,
    });
    expect(unreachable.out + unreachable.err).not.to.contain(KEY.slice(4, 40));
    const keystore = join(folder, "keys", "key.json");
    const wrong = await quorate(["client", "claim", ...at, "--keystore", keystore], {
      QUORATE_PASSWORD: "wrong",
    });
    expect(wrong.err).to.match(/^error KEYSTORE_PASSWORD: /);
    expect(wrong.err).not.to.contain("wrong horse");
  });

  it("splits the pool evenly and keeps the share of noise in a shortened part", async () => {
    const out = join(folder, "data");
    const split = [
      "data",
      "split",
      "--parts",
      "2",
      "--label-noise",
      "0,50",
      "--samples",
      "100",
      "--out",
      out,
      "--json",
    ];
    const { code, out: text } = await quorate(split);
    expect(code).to.equal(0);
    const files = JSON.parse(text) as { path: string; samples: number; labelNoise: number }[];
    expect(files.map(({ samples, labelNoise }) => [samples, labelNoise])).to.deep.equal([
      [100, 0],
      [100, 0.5],
    ]);
    expect(files.map(({ path }) => readFileSync(path).subarray(0, 8).toString())).to.deep.equal([
      "QRDATA01",
      "QRDATA01",
    ]);
  });

  it("hides what an unexpected error is made of unless asked", () => {
    const lines: string[] = [];
    const io = { out: () => {}, err: (line: string) => void lines.push(line), env: {}, interactive: false };
    expect(reportFailure(new Error("boom"), io, false)).to.equal(1);
    expect(lines).to.deep.equal(["error UNEXPECTED: boom"]);
    expect(reportFailure(new QuorateError("KEY_MISSING", "no key"), io, false)).to.equal(2);
  });
});
