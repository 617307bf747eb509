import { expect } from "chai";
import { loadMnist } from "../../../coordinator/adapters/data/mnist.ts";

describe("MNIST", () => {
  it("is split into the clients' pool, the validation set and the test set", async () => {
    const { train, validation, test } = await loadMnist();
    expect([train, validation, test].map(({ count }) => count)).to.deep.equal([54_000, 6000, 10_000]);
    for (const { images, labels, count, rows, columns } of [train, validation, test]) {
      expect([rows, columns, images.length, labels.length]).to.deep.equal([28, 28, 784 * count, count]);
    }
    // The first labels of the published files, and where the training file is cut.
    expect([...train.labels.subarray(0, 5)]).to.deep.equal([5, 0, 4, 1, 9]);
    expect([...test.labels.subarray(0, 5)]).to.deep.equal([7, 2, 1, 0, 4]);
    expect([...validation.labels.subarray(-3)]).to.deep.equal([5, 6, 8]);
  });
});
