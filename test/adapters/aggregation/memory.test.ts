import { expect } from "chai";
import { createAggregationEngine } from "../../../coordinator/adapters/aggregation/engine.ts";
import {
  fileLayoutOf,
  layoutOf,
  MemoryPool,
  rowOf,
} from "../../../coordinator/adapters/aggregation/memory.ts";
import { parseRuleText } from "../../../coordinator/protocol/aggregation/rule.ts";
import { expectCode } from "../../protocol/expect-code.ts";

const small = layoutOf({ updates: 2, dimension: 10 }, 2);
const large = layoutOf({ updates: 9, dimension: 100_000 }, 2);

describe("the aggregation's memory", () => {
  it("is the same for calls that follow each other, and only grows", () => {
    const pool = new MemoryPool();
    const first = pool.take(small);
    pool.give(first);
    expect(pool.take(large)).to.equal(first);
    expect(first.buffer.byteLength).to.be.at.least(large.bytes);
    pool.give(first);
    expect(pool.take(small)).to.equal(first);
  });

  it("is another one for each call at the same time, all of them kept", () => {
    const pool = new MemoryPool();
    const both = [pool.take(small), pool.take(small)];
    expect(both[0]).to.not.equal(both[1]);
    for (const memory of both) pool.give(memory);
    expect(new Set([pool.take(small), pool.take(small)])).to.deep.equal(new Set(both));
  });

  it("refuses what does not fit it, before it takes one", () => {
    const pool = new MemoryPool();
    const huge = layoutOf({ updates: 1024, dimension: 10_000_000 }, 2);
    expectCode("AGGREGATION_TOO_LARGE", () => pool.take(huge));
    expect(fileLayoutOf({ updates: 1024, dimension: 10_000_000 }, 2).bytes).to.be.below(600e6);
  });

  it("ends rows with zeros, whatever was there", () => {
    const memory = new MemoryPool().take(small);
    new Uint8Array(memory.buffer).fill(0xff);
    const row = rowOf(memory, small, 1);
    expect(row).to.have.length(10);
    const tile = new Float32Array(memory.buffer, row.byteOffset, 2_048);
    expect(tile.subarray(10).every((value) => value === 0)).to.equal(true);
    expect(row.every(Number.isNaN)).to.equal(true);
  });

  it("does not fill the machine, call after call", async () => {
    const engine = await createAggregationEngine();
    const updates = Array.from({ length: 5 }, (_, k) => ({
      floats: new Float32Array(1_000_000).fill(k),
      sampleCount: 1,
    }));
    const call = () => engine.aggregate(parseRuleText("median"), updates);
    await call();
    const before = process.memoryUsage().rss;
    for (let k = 0; k < 30; k++) await call();
    await engine.stop();
    // A new memory each time would add 28 MB for each.
    expect(process.memoryUsage().rss - before).to.be.below(300e6);
  }).timeout(60_000);
});
