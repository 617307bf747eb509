import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { openFileDecisions, readDecisions } from "../../../coordinator/adapters/decisions/file-decisions.ts";
import type { Decision } from "../../../coordinator/protocol/decisions/decision.ts";
import { expectCode } from "../../protocol/expect-code.ts";
import { hashOf } from "../../protocol/praft/fixtures.ts";

const decisionAt = (position: number): Decision => ({
  position,
  epoch: 0,
  height: position,
  task: hashOf(`task ${position}`),
  kind: "rank",
  outcome: position % 2 ? undefined : Uint8Array.of(position),
});

describe("file of decisions", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "quorate-decisions-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("keeps each decision once, over restarts that tell them again", () => {
    expect(readDecisions(folder)).to.deep.equal([]);
    for (let start = 0; start < 3; start++) {
      const store = openFileDecisions(folder);
      for (let i = 0; i < 4 + start; i++) store.add(decisionAt(i));
      expect(store.find(hashOf("task 3"))).to.deep.equal(decisionAt(3));
      expect(store.find(hashOf("task 9"))).to.equal(undefined);
      store.close();
    }
    expect(readDecisions(folder)).to.deep.equal([0, 1, 2, 3, 4, 5].map(decisionAt));
  });

  it("drops a torn last line, and refuses a file with another one", () => {
    const file = join(folder, "decisions.hex");
    const store = openFileDecisions(folder);
    store.add(decisionAt(0));
    store.close();
    appendFileSync(file, readFileSync(file, "utf8").slice(0, 40));
    expect(readDecisions(folder)).to.deep.equal([decisionAt(0)]);
    const again = openFileDecisions(folder);
    again.add(decisionAt(1));
    again.close();
    expect(readDecisions(folder)).to.deep.equal([0, 1].map(decisionAt));
    writeFileSync(file, "0x1234\n");
    expectCode("DECISIONS_CORRUPT", () => readDecisions(folder));
  });
});
