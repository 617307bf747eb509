import { expect } from "chai";
import { parseRuleText } from "../../../coordinator/protocol/aggregation/rule.ts";
import { decodeTask, encodeTask, type Task } from "../../../coordinator/protocol/round/task.ts";
import { expectCode } from "../expect-code.ts";

const TASK: Task = {
  name: "MNIST",
  architecture: { kind: "dense", layers: [784, 200, 200, 10] },
  kernels: "dense-1",
  genesisSeed: "1",
  rule: { name: "fedavg" },
  validation: { cid: `0x${"ab".repeat(32)}`, size: 6_000 },
};

describe("task file", () => {
  it("comes back as it was written, with and without a validation set", () => {
    expect(decodeTask(encodeTask(TASK))).to.deep.equal(TASK);
    const bare = { ...TASK, validation: null };
    expect(decodeTask(encodeTask(bare))).to.deep.equal(bare);
  });

  it("carries any rule with its parameters, and FedAvg as it always did", () => {
    const rule = parseRuleText("nnm:2+krum:2:byzfl");
    expect(decodeTask(encodeTask({ ...TASK, rule }))).to.deep.equal({ ...TASK, rule });
    expect(new TextDecoder().decode(encodeTask(TASK))).to.contain(
      '  "rule": {\n    "name": "fedavg"\n  },\n',
    );
  });

  const broken: readonly [string, unknown][] = [
    ["format", { format: "other" }],
    ["format", { version: 2 }],
    ["name", { name: 7 }],
    ["architecture.kind", { architecture: { kind: "cnn", layers: [1, 2] } }],
    ["architecture.layers", { architecture: { kind: "dense", layers: [784] } }],
    ["architecture.layers", { architecture: { kind: "dense", layers: [784, 0] } }],
    ["kernels", { kernels: null }],
    ["genesisSeed", { genesisSeed: 1 }],
    ["rule.name", { rule: { name: "best" } }],
    ["rule.name", { rule: { name: "median", f: 1 } }],
    ["rule.name", { rule: undefined }],
    ["rule.f", { rule: { name: "krum" } }],
    ["rule.tau", { rule: { name: "centred-clipping", tau: 0 } }],
    ["validation", { validation: { cid: "0x12", size: 1 } }],
    ["validation", { validation: { cid: `0x${"ab".repeat(32)}`, size: 0 } }],
    ["validation", { validation: undefined }],
  ];
  for (const [field, change] of broken)
    it(`is refused naming ${field}: ${JSON.stringify(change)}`, () => {
      const json = JSON.parse(new TextDecoder().decode(encodeTask(TASK)));
      const bytes = new TextEncoder().encode(JSON.stringify({ ...json, ...(change as object) }));
      expect(expectCode("TASK_MALFORMED", () => decodeTask(bytes)).details.field).to.equal(field);
    });

  it("is refused if it is not JSON in UTF-8", () => {
    expectCode("TASK_MALFORMED", () => decodeTask(new TextEncoder().encode("task")));
    expectCode("TASK_MALFORMED", () => decodeTask(Uint8Array.of(0xff)));
  });
});
