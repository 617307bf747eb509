// Each rule of the house is broken on purpose. The breaches are put together at run time, so that this file has none.
import { expect } from "chai";
import { fileBreaches } from "../../scripts/check/house-rules.ts";

const lines = (count: number) => "x\n".repeat(count);

const calls = (count: number) => "  run();\n".repeat(count);
const method = (name: string, count: number) => `  ${name}() {\n${calls(count)}  },\n`;

/** [what is wrong, path, text, what the message must say] */
const BREACHES: [string, string, string, RegExp][] = [
  ["a long module", "coordinator/node/a.ts", lines(251), /251 lines, more than 250/],
  ["a long test", "test/node/a.test.ts", lines(251), /more than 250/],
  ["a long contract", "contracts/A.sol", lines(401), /more than 400/],
  ["a long library", "contracts/libraries/A.sol", lines(121), /more than 120/],
  ["a long function", "coordinator/node/a.ts", `function long() {\n${calls(39)}}\n`, /long has 41 lines/],
  [
    "a long method in a factory",
    "coordinator/node/a.ts",
    `function create() {\n  return {\n${method("short", 3)}${method("long", 39)}  };\n}\n`,
    /long has 41 lines/,
  ],
  ["a name without meaning", "coordinator/node/utils.ts", "x\n", /name/],
  ["a path of one machine", "README.md", `see /${"home"}/ann/models`, /path of one machine/],
  ["a focused test", "test/a.test.ts", `it.${"only"}("x", () => {});`, /switched off or narrowed/],
  [
    "a switched-off suite",
    "test/a.test.ts",
    `describe.${"skip"}("x", () => {});`,
    /switched off or narrowed/,
  ],
  ["an unfinished mark", "contracts/A.sol", `// ${"TO"}DO: check`, /unfinished/],
  ["a clock in the protocol", "coordinator/protocol/a.ts", "const now = Date.now();", /no clock/],
  ["randomness in the protocol", "coordinator/protocol/a.ts", "const x = Math.random();", /no randomness/],
  ["a log in the protocol", "coordinator/protocol/a.ts", 'console.log("x");', /no log/],
  ["an open last bit", "coordinator/protocol/a.ts", "const y = Math.exp(x);", /last bits/],
];

const ALLOWED: [string, string, string][] = [
  ["a module of 250 lines", "coordinator/node/a.ts", lines(250)],
  ["a function of 40 lines", "coordinator/node/a.ts", `function f() {\n${calls(38)}}\n`],
  [
    "a factory of short methods",
    "coordinator/node/a.ts",
    `function create() {\n  return {\n${method("a", 30)}${method("b", 30)}  };\n}\n`,
  ],
  ["a long suite", "test/node/a.test.ts", `describe("x", () => {\n${calls(100)}});\n`],
  ["a clock outside the protocol", "coordinator/adapters/clock.ts", "const now = Date.now();"],
  ["a comment that names the clock", "coordinator/protocol/a.ts", "// never Date.now()"],
  ["a route that looks like a path", "coordinator/node/a.ts", 'get("/rounds/work/3");'],
  ["arithmetic that is fixed", "coordinator/protocol/a.ts", "const y = Math.fround(Math.sqrt(x));"],
];

describe("rules of the house", () => {
  for (const [what, path, text, message] of BREACHES) {
    it(`reports ${what}`, () => {
      const breaches = fileBreaches(path, text);
      expect(breaches.map((breach) => breach.path)).to.deep.equal([path]);
      expect(breaches[0]?.message).to.match(message);
    });
  }

  for (const [what, path, text] of ALLOWED) {
    it(`allows ${what}`, () => {
      expect(fileBreaches(path, text)).to.deep.equal([]);
    });
  }
});
