// The import rules are only worth something if a breach is caught: each rule is broken here on purpose.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect } from "chai";

const project = resolve(import.meta.dirname, "../..");

/** Files that exist so that the planted imports lead somewhere. */
const TARGETS = [
  "coordinator/protocol/round/tally.ts",
  "coordinator/ports/chain.ts",
  "coordinator/adapters/ipfs/store.ts",
  "coordinator/adapters/clock.ts",
  "coordinator/node/node.ts",
  "coordinator/client/submit.ts",
  "coordinator/audit/verify.ts",
  "coordinator/cli/main.ts",
  "explorer/page.ts",
  "scripts/deploy.ts",
  "bench/gas.ts",
  "test/chain.ts",
  "types/index.ts",
];

const PACKAGES = { "@noble/hashes": "", ethers: "", helia: "", commander: "", viem: "dev", hardhat: "dev" };

/** [file that is planted, what it imports, the rule that must name it] */
const BREACHES: [string, string, string][] = [
  ["coordinator/protocol/a.ts", 'import "../ports/chain.ts";', "protocol-files"],
  ["coordinator/protocol/b.ts", 'import "../adapters/clock.ts";', "protocol-files"],
  ["coordinator/protocol/c.ts", 'import "ethers";', "protocol-packages"],
  ["coordinator/protocol/d.ts", 'import type { Helia } from "helia";', "protocol-packages"],
  ["coordinator/protocol/e.ts", 'import "node:fs";', "protocol-core"],
  ["coordinator/protocol/f.ts", 'await import("node:crypto");', "protocol-core"],
  ["coordinator/ports/a.ts", 'import "../adapters/clock.ts";', "ports-files"],
  ["coordinator/ports/b.ts", 'import { tally } from "../protocol/round/tally.ts";', "ports-types"],
  ["coordinator/ports/c.ts", 'import type { Provider } from "ethers";', "ports-packages"],
  ["coordinator/ports/d.ts", 'import type { Stats } from "node:fs";', "ports-core"],
  ["coordinator/adapters/chain/a.ts", 'import "../ipfs/store.ts";', "adapters-apart"],
  ["coordinator/adapters/b.ts", 'import "./clock.ts";', "adapters-apart"],
  ["coordinator/adapters/c.ts", 'import "../node/node.ts";', "adapters-files"],
  ["coordinator/adapters/d.ts", 'import "viem";', "viem-reads"],
  ["coordinator/adapters/e.ts", 'import "hardhat";', "no-dev-packages"],
  [
    "coordinator/adapters/f.ts",
    'import { contract } from "../../types/index.ts";',
    "generated-types-are-types",
  ],
  ["coordinator/node/a.ts", 'import "../client/submit.ts";', "node-files"],
  ["coordinator/node/b.ts", 'import "../adapters/clock.ts";', "node-files"],
  ["coordinator/node/c.ts", 'import "helia";', "node-packages"],
  ["coordinator/node/d.ts", 'import type { Wallet } from "ethers";', "ethers-at-the-edge"],
  ["coordinator/client/a.ts", 'import "../audit/verify.ts";', "client-files"],
  ["coordinator/client/b.ts", 'import "helia";', "client-packages"],
  ["coordinator/audit/a.ts", 'import "../node/node.ts";', "audit-files"],
  ["coordinator/audit/b.ts", 'import "ethers";', "audit-packages"],
  ["coordinator/watch/a.ts", 'import "../client/submit.ts";', "watch-files"],
  ["coordinator/watch/b.ts", 'import "helia";', "watch-packages"],
  ["coordinator/cli/a.ts", 'import "../../explorer/page.ts";', "cli-files"],
  ["coordinator/cli/b.ts", 'import "helia";', "cli-packages"],
  ["coordinator/cli/c.ts", 'import "../../scripts/deploy.ts";', "nobody-imports-scripts"],
  ["coordinator/cli/d.ts", 'import "../../test/chain.ts";', "nobody-imports-tests"],
  ["scripts/a.ts", 'import "../bench/gas.ts";', "nobody-imports-tests"],
  ["explorer/a.ts", 'import "../coordinator/node/node.ts";', "explorer-files"],
  ["explorer/b.ts", 'import "ethers";', "explorer-packages"],
  ["explorer/c.ts", 'import "node:path";', "explorer-core"],
  ["coordinator/node/cycle.ts", 'import "./cycle2.ts";', "no-cycles"],
  ["coordinator/node/e.ts", 'import "./missing.ts";', "resolvable"],
];

/** [file, import] pairs that the table allows; none may be reported. */
const ALLOWED: [string, string][] = [
  ["coordinator/protocol/ok.ts", 'import "./round/tally.ts"; import "@noble/hashes";'],
  ["coordinator/protocol/learning/load.ts", 'import "node:fs";'],
  ["coordinator/ports/ok.ts", 'import type { Tally } from "../protocol/round/tally.ts";'],
  [
    "coordinator/adapters/ipfs/ok.ts",
    'import "helia"; import "./store.ts"; import type {} from "../../ports/chain.ts";',
  ],
  [
    "coordinator/adapters/chain/ok.ts",
    'import type { C } from "../../../types/index.ts"; import "ethers"; import "node:fs";',
  ],
  [
    "coordinator/node/ok.ts",
    'import "../ports/chain.ts"; import "../protocol/round/tally.ts"; import "./node.ts";',
  ],
  ["coordinator/cli/ok.ts", 'import "commander"; import "../adapters/clock.ts"; import "../node/node.ts";'],
  ["explorer/ok.ts", 'import "viem"; import "../coordinator/protocol/round/tally.ts";'],
  ["scripts/ok.ts", 'import "ethers"; import "../coordinator/cli/main.ts"; import "./deploy.ts";'],
  [
    "test/ok.ts",
    'import "../scripts/deploy.ts"; import "../bench/gas.ts"; import "viem"; import "./chain.ts";',
  ],
];

interface Cruise {
  modules: { source: string }[];
  summary: { violations: { from: string; to: string; rule: { name: string } }[] };
}

function cruise(folder: string): Cruise {
  const roots = ["coordinator", "explorer", "scripts", "bench", "test"];
  const result = spawnSync(
    process.execPath,
    [
      join(project, "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs"),
      ...["--config", join(folder, ".dependency-cruiser.cjs"), "--output-type", "json"],
      ...roots.filter((root) => existsSync(join(folder, root))),
    ],
    { cwd: folder, encoding: "utf8", maxBuffer: 1 << 28 },
  );
  expect(result.stdout, result.stderr).to.match(/^\{/);
  return JSON.parse(result.stdout) as Cruise;
}

describe("import rules", () => {
  let folder: string;
  let found: Map<string, Set<string>>;

  function plant(path: string, text: string): void {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "quorate-imports-"));
    for (const file of [".dependency-cruiser.cjs", "tsconfig.json"])
      cpSync(join(project, file), join(folder, file));
    for (const name of Object.keys(PACKAGES)) {
      plant(
        `node_modules/${name}/package.json`,
        JSON.stringify({ name, version: "1.0.0", main: "index.js" }),
      );
      plant(`node_modules/${name}/index.js`, "");
    }
    const names = Object.entries(PACKAGES);
    const manifest = (kind: string) =>
      Object.fromEntries(names.filter(([, k]) => k === kind).map(([n]) => [n, "1.0.0"]));
    plant(
      "package.json",
      JSON.stringify({ type: "module", dependencies: manifest(""), devDependencies: manifest("dev") }),
    );
    for (const path of TARGETS) plant(path, "export {};");
    plant("coordinator/node/cycle2.ts", 'import "./cycle.ts";');
    for (const [path, text] of [...BREACHES, ...ALLOWED]) plant(path, text);
    found = new Map();
    for (const { from, rule } of cruise(folder).summary.violations) {
      found.set(from, (found.get(from) ?? new Set()).add(rule.name));
    }
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [path, text, rule] of BREACHES) {
    it(`${rule} reports ${path}: ${text}`, () => {
      expect([...(found.get(path) ?? [])]).to.include(rule);
    });
  }

  for (const [path, text] of ALLOWED) {
    it(`nothing is wrong with ${path}: ${text}`, () => {
      expect([...(found.get(path) ?? [])]).to.deep.equal([]);
    });
  }

  it("reports nothing else", () => {
    expect([...found.keys()].sort()).to.deep.equal([...new Set(BREACHES.map(([path]) => path))].sort());
  });

  it("every rule has a planted breach", async () => {
    const config = (await import(join(project, ".dependency-cruiser.cjs"))) as {
      default: { forbidden: { name: string }[] };
    };
    const rules = new Set(config.default.forbidden.map(({ name }) => name));
    const broken = new Set(BREACHES.map(([, , rule]) => rule));
    expect([...rules].filter((rule) => !broken.has(rule))).to.deep.equal([]);
  });

  it("the project itself is really read", () => {
    // With an unsupported TypeScript, dependency-cruiser reads no .ts file and reports no breach.
    const read = cruise(project).modules.filter(({ source }) => /^coordinator\/.*\.ts$/.test(source));
    expect(read.length).to.be.greaterThan(40);
  });
});
