import { expect } from "chai";
import { parseAttack, poisonedData, poisonedValues } from "../../coordinator/cli/client/poison.ts";

const dataset = { images: new Uint8Array(3), labels: Uint8Array.of(0, 4, 9), count: 3, rows: 1, columns: 1 };

describe("a hostile client", () => {
  it("flips its labels, and only then changes its data", () => {
    expect([...poisonedData(parseAttack("label-flip"), dataset).labels]).to.deep.equal([9, 5, 0]);
    expect(poisonedData(parseAttack("ipm:5"), dataset)).to.equal(dataset);
    expect(poisonedData(undefined, dataset)).to.equal(dataset);
  });

  it("sends the opposite of what it trained, around the base model", () => {
    const change = poisonedValues(parseAttack("ipm:5"), "1");
    expect([...change(Float32Array.of(2, 3), Float32Array.of(1, 4))]).to.deep.equal([-4, 9]);
  });

  it("draws the same noise after a restart and another in the next round", () => {
    const noise = (seed: string) => [
      ...poisonedValues(parseAttack("gaussian:1"), seed)(new Float32Array(4), new Float32Array(4)),
    ];
    expect(noise("1/1")).to.deep.equal(noise("1/1"));
    expect(noise("1/1")).to.not.deep.equal(noise("1/2"));
  });
});
