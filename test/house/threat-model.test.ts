import { existsSync, readFileSync } from "node:fs";
import { expect } from "chai";
import { SCENARIOS } from "../../scripts/demo/scenarios/registry.ts";

/** `file › test`, wherever the line is broken; the file is in test/. */
const TEST = /`([\w./-]+\.t(?:est\.ts|\.sol)) › ([^`]+)`/g;
const SCENARIO = /scenario\s+`([^`]+)`/g;

describe("the threat model", () => {
  const text = readFileSync("docs/threat-model.md", "utf8");

  it("names tests that there are", () => {
    const named = [...text.matchAll(TEST)].map(([, file, name]) => ({
      file,
      name: name!.replace(/\s+/g, " "),
    }));
    expect(named).to.have.length.above(70);
    const missing = named.filter(({ file, name }) => {
      const path = `test/${file}`;
      if (!existsSync(path)) return true;
      const source = readFileSync(path, "utf8");
      // A table of cases has names alone; others stand in their call or declaration.
      return ![`"${name}`, `function ${name}(`].some((start) => source.includes(start));
    });
    expect(missing).to.deep.equal([]);
  });

  it("names scenarios that there are", () => {
    const names = [...text.matchAll(SCENARIO)].map(([, name]) => name);
    expect(names).to.have.length.above(15);
    const known = SCENARIOS.map(({ name }) => name);
    expect(names.filter((name) => !known.includes(name!))).to.deep.equal([]);
  });

  it("names nothing of another form that looks like a test", () => {
    expect(text.match(/`test\/[^`]+`|✔/g)).to.equal(null);
  });
});
