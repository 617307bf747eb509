import { expect } from "chai";
import { loadFederation } from "../../../coordinator/adapters/federation/load-federation.ts";
import { createMemoryStore } from "../../../coordinator/adapters/ipfs/memory-store.ts";
import type { ChainReader, Federation } from "../../../coordinator/ports/chain.ts";
import { type Hex, ZERO_HASH } from "../../../coordinator/protocol/bytes.ts";
import { initialModel } from "../../../coordinator/protocol/learning/architecture.ts";
import { encodeDataset } from "../../../coordinator/protocol/learning/dataset.ts";
import { KERNEL_VERSION } from "../../../coordinator/protocol/learning/kernel-version.ts";
import { modelRoot } from "../../../coordinator/protocol/model/model-root.ts";
import { encodeTask, type Task } from "../../../coordinator/protocol/round/task.ts";

const DATASET = {
  images: new Uint8Array(8).fill(7),
  labels: Uint8Array.of(0, 1),
  count: 2,
  rows: 2,
  columns: 2,
};

async function deployed(change: Partial<Task> = {}, anchors: Partial<Federation> = {}) {
  const store = createMemoryStore();
  const cid = await store.add(encodeDataset(DATASET));
  const task: Task = {
    name: "test",
    architecture: { kind: "dense", layers: [4, 2] },
    kernels: KERNEL_VERSION,
    genesisSeed: "1",
    rule: { name: "fedavg" },
    validation: { cid, size: 2 },
    ...change,
  };
  const genesis = initialModel(task.architecture, "1");
  const federation: Federation = {
    domain: { chainId: 31_337n, verifyingContract: `0x${"c0".repeat(20)}` },
    contracts: {},
    deployBlock: 1,
    taskHash: await store.add(encodeTask(task)),
    genesisRoot: modelRoot(genesis),
    dimension: genesis.floats.length,
    ...anchors,
  };
  const chain = { federation: async () => federation } as ChainReader;
  return { chain, content: { get: (digest: Hex) => store.read(digest) }, genesis };
}

async function codeOf(change: Partial<Task>, anchors: Partial<Federation> = {}): Promise<string> {
  const { chain, content } = await deployed(change, anchors);
  return loadFederation({ chain, content }).then(
    () => "none",
    (error) => error.code,
  );
}

describe("loading a federation", () => {
  it("derives the genesis model and reads the validation set", async () => {
    const { chain, content, genesis } = await deployed();
    const loaded = await loadFederation({ chain, content, expectedChainId: 31_337n });
    expect(loaded.genesis).to.deep.equal(genesis);
    expect(loaded.validation).to.deep.equal(DATASET);
  });

  it("leaves the validation set out for who needs none", async () => {
    const { chain, content } = await deployed();
    expect((await loadFederation({ chain, content, withValidation: false })).validation).to.equal(null);
  });

  it("refuses another chain", async () => {
    const { chain, content } = await deployed();
    const error = await loadFederation({ chain, content, expectedChainId: 1n }).catch((reason) => reason);
    expect(error.code).to.equal("CHAIN_MISMATCH");
  });

  it("refuses a genesis model that is not the chain's", async () => {
    expect(await codeOf({ genesisSeed: "2" })).to.equal("GENESIS_MISMATCH");
    expect(await codeOf({}, { genesisRoot: ZERO_HASH })).to.equal("GENESIS_MISMATCH");
    expect(await codeOf({}, { dimension: 11 })).to.equal("GENESIS_MISMATCH");
  });

  it("refuses a contract of fault proofs that judges by another rule", async () => {
    const fedavg = { kind: 1, trim: 0, maxExponent: 136 };
    expect(await codeOf({}, { provable: fedavg })).to.equal("none");
    expect(await codeOf({}, { provable: { ...fedavg, kind: 2 } })).to.equal("RULE_MISMATCH");
    expect(await codeOf({}, { provable: { ...fedavg, maxExponent: 137 } })).to.equal("RULE_MISMATCH");
    const trimmed: Partial<Task> = { rule: { name: "trimmed-mean", f: 1 } };
    expect(await codeOf(trimmed, { provable: { ...fedavg, kind: 3, trim: 2 } })).to.equal("RULE_MISMATCH");
    expect(await codeOf(trimmed, { provable: { ...fedavg, kind: 3, trim: 1 } })).to.equal("none");
    const krum: Partial<Task> = { rule: { name: "krum", f: 1 } };
    expect(await codeOf(krum, { provable: fedavg })).to.equal("RULE_MISMATCH");
    expect(await codeOf(krum, { provable: { ...fedavg, kind: 0 } })).to.equal("none");
  });

  it("refuses other kernels and another validation set", async () => {
    expect(await codeOf({ kernels: "dense-0" })).to.equal("KERNELS_MISMATCH");
    const { chain, content } = await deployed();
    const store = createMemoryStore();
    const cid = await store.add(
      encodeDataset({ ...DATASET, count: 1, images: new Uint8Array(4), labels: Uint8Array.of(1) }),
    );
    const wrong = await codeOf({ validation: { cid, size: 2 } });
    expect(wrong).to.equal("CONTENT_MISSING");
    expect(await codeOf({ validation: { cid: await deployedCid(), size: 3 } })).to.equal(
      "VALIDATION_MISMATCH",
    );
    expect(await loadFederation({ chain, content })).to.have.property("task");
  });
});

/** Digest of the validation set every store of these tests holds. */
async function deployedCid(): Promise<Hex> {
  return createMemoryStore().digest(encodeDataset(DATASET));
}
