import { expect } from "chai";
import fc from "fast-check";
import {
  assertArchitecture,
  denseLayers,
  initialModel,
  modelSpec,
} from "../../../coordinator/protocol/learning/architecture.ts";
import { partition } from "../../../coordinator/protocol/learning/partition.ts";
import { createPrng, permutation } from "../../../coordinator/protocol/learning/prng.ts";
import { modelRoot } from "../../../coordinator/protocol/model/model-root.ts";
import { encodeModel, isCanonical } from "../../../coordinator/protocol/model/safetensors.ts";
import { expectCode } from "../expect-code.ts";

const TWO_NN = { kind: "dense", layers: [784, 200, 200, 10] } as const;

describe("seeded numbers", () => {
  it("are xoshiro128**'s", () => {
    // SHA-256("seed") starts 19b25856 e1c150ca 834cffc8 b59b23ad; computed with the reference C code's steps in BigInt.
    const mask = 0xffffffffn;
    const rotate = (x: bigint, k: bigint) => ((x << k) | (x >> (32n - k))) & mask;
    let [a, b, c, d] = [0x5658b219n, 0xca50c1e1n, 0xc8ff4c83n, 0xad239bb5n];
    const prng = createPrng("seed");
    for (let i = 0; i < 100; i++) {
      expect(BigInt(prng.next())).to.equal((rotate((b * 5n) & mask, 7n) * 9n) & mask);
      const t = (b << 9n) & mask;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= t;
      d = rotate(d, 11n);
    }
  });

  it("start from text, bytes or a number's digits", () => {
    const first = [createPrng("12"), createPrng(12), createPrng(new TextEncoder().encode("12"))].map((prng) =>
      prng.next(),
    );
    expect(new Set(first).size).to.equal(1);
    expect(createPrng("13").next()).to.not.equal(first[0]);
  });

  it("stay below any bound and reach every value", () => {
    const prng = createPrng("bounds");
    for (const bound of [1, 2, 3, 10, 2 ** 32]) {
      for (let i = 0; i < 100; i++) expect(prng.below(bound)).to.be.within(0, bound - 1);
    }
    expect(new Set(Array.from({ length: 200 }, () => prng.below(6))).size).to.equal(6);
  });

  it("are not biased by the remainder", () => {
    // Without rejection, values below 2^30 would come twice as often as the others for this bound.
    const prng = createPrng("bias");
    const bound = 3 * 2 ** 30;
    const low = Array.from({ length: 3000 }, () => prng.below(bound)).filter((x) => x < 2 ** 30).length;
    expect(low).to.be.within(880, 1120);
  });

  it("shuffle all elements, all orders alike", () => {
    const prng = createPrng("shuffle");
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 50 }), (count) => {
        expect([...permutation(count, prng)].sort((a, b) => a - b)).to.deep.equal([...Array(count).keys()]);
      }),
    );
    const orders = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const key = permutation(3, prng).join();
      orders.set(key, (orders.get(key) ?? 0) + 1);
    }
    expect(orders.size).to.equal(6);
    for (const times of orders.values()) expect(times).to.be.within(850, 1150);
  });
});

describe("architecture", () => {
  it("has PyTorch's names and shapes in canonical order", () => {
    const tensors = modelSpec(TWO_NN).tensors.map(({ name, shape }) => `${name} ${shape.join("x")}`);
    expect(tensors).to.deep.equal([
      "fc1.bias 200",
      "fc1.weight 200x784",
      "fc2.bias 200",
      "fc2.weight 200x200",
      "fc3.bias 10",
      "fc3.weight 10x200",
    ]);
    const deep = denseLayers({ kind: "dense", layers: new Array(12).fill(2) });
    // fc10 sorts before fc2, so layer 2's tensors come after those of layers 10 and 11.
    expect(deep[1]?.biasAt).to.equal(18);
  });

  it("has an initial model that is canonical, bounded and the same everywhere", () => {
    const model = initialModel(TWO_NN, 1);
    expect(model.floats.length).to.equal(199_210);
    expect(isCanonical(encodeModel(model))).to.equal(true);
    expect(modelRoot(model)).to.equal("0x332ea6a9da8327383cef68aa89e9ddcd507b5117fd5a9f85d2f0c20320d798ee");
    expect(modelRoot(initialModel(TWO_NN, "1"))).to.equal(modelRoot(model));
    expect(modelRoot(initialModel(TWO_NN, 2))).to.not.equal(modelRoot(model));
  });

  it("draws weights uniformly from Glorot's range and leaves biases at zero", () => {
    const { floats } = initialModel(TWO_NN, "range");
    const limit = Math.sqrt(6 / 984);
    const [bias, weight] = [floats.subarray(0, 200), floats.subarray(200, 200 + 784 * 200)];
    expect(bias.every((x) => Object.is(x, 0))).to.equal(true);
    const most = weight.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    const mean = weight.reduce((sum, x) => sum + x, 0) / weight.length;
    expect(most).to.be.within(0.999 * limit, limit);
    expect(mean).to.be.closeTo(0, 0.001);
  });

  const broken: unknown[] = [
    null,
    undefined,
    {},
    { kind: "cnn", layers: [4, 2] },
    { kind: "dense", layers: [4] },
    { kind: "dense", layers: "42" },
    { kind: "dense", layers: [4, 0] },
    { kind: "dense", layers: [4, 1.5] },
    { kind: "dense", layers: [4, 65_537] },
    { kind: "dense", layers: new Array(18).fill(2) },
  ];
  for (const value of broken) {
    it(`LEARNING_ARCHITECTURE: ${JSON.stringify(value)}`, () =>
      expectCode("LEARNING_ARCHITECTURE", () => assertArchitecture(value)));
  }
});

describe("partition", () => {
  const labels = Uint8Array.from({ length: 1000 }, (_, i) => i % 10);

  it("gives every client equally many samples, and no sample twice", () => {
    const parts = partition({ labels, clients: 3, seed: 1 });
    expect(parts.map(({ indices }) => indices.length)).to.deep.equal([333, 333, 333]);
    const all = parts.flatMap(({ indices }) => [...indices]);
    expect(new Set(all).size).to.equal(999);
    for (const { indices, labels: own } of parts) {
      expect([...own]).to.deep.equal([...indices].map((index) => index % 10));
    }
  });

  it("replaces exactly the asked part of the labels by other classes", () => {
    const parts = partition({ labels, clients: 3, seed: 1, labelNoise: [0, 0.2, 0.5] });
    const wrong = parts.map(
      ({ indices, labels: own }) => own.filter((label, i) => label !== (indices[i] as number) % 10).length,
    );
    expect(wrong).to.deep.equal([0, 67, 167]);
    const noisy = partition({ labels, clients: 1, seed: 1, labelNoise: [1] })[0];
    const counts = new Array<number>(10).fill(0);
    for (const label of noisy?.labels ?? []) counts[label] = (counts[label] as number) + 1;
    for (const count of counts) expect(count).to.be.within(60, 140);
  });

  it("is the same for the same seed, whatever the noise, and another for another seed", () => {
    const indices = (seed: number, labelNoise: number[] = []) =>
      partition({ labels, clients: 2, seed, labelNoise }).map((part) => [...part.indices]);
    expect(indices(1)).to.deep.equal(indices(1, [0.5, 0.5]));
    expect(indices(1)).to.not.deep.equal(indices(2));
  });

  it("leaves the labels of a pool with one class alone", () => {
    const [part] = partition({ labels: new Uint8Array(5), clients: 1, seed: 1, labelNoise: [1] });
    expect([...(part?.labels ?? [])]).to.deep.equal([0, 0, 0, 0, 0]);
  });

  it("refuses what can't be done", () => {
    const bad = [
      { clients: 0 },
      { clients: 1.5 },
      { clients: 1001 },
      { clients: 2, labelNoise: [1.1] },
      { clients: 2, labelNoise: [-0.1] },
      { clients: 2, labelNoise: [Number.NaN] },
      { clients: 2, labelNoise: [0, 0, 0] },
    ];
    for (const change of bad)
      expectCode("LEARNING_PARAMETERS", () => partition({ labels, seed: 1, ...change }));
  });
});
