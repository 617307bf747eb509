import { expect } from "chai";
import fc from "fast-check";
import { createFollower, type Follower } from "../../../coordinator/adapters/chain/follower.ts";
import type { BlockTime } from "../../../coordinator/ports/chain.ts";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { type ChainEvent, chainEvent } from "../../../coordinator/protocol/views/events.ts";
import { EMPTY_VIEW } from "../../../coordinator/protocol/views/federation-view.ts";
import { foldEvents } from "../../../coordinator/protocol/views/fold.ts";
import { address, word } from "../../protocol/views/events.ts";

/** A chain of blocks with one deposit into the pot each, whose tail can be replaced. */
class FakeChain {
  readonly blocks: { readonly hash: Hex; readonly events: readonly ChainEvent[] }[] = [];
  readonly reads: [from: number, to: number][] = [];
  #salt = 0;
  #funded = 0n;

  grow(count: number): void {
    for (let i = 0; i < count; i++) {
      const block = this.blocks.length;
      const hash = word(++this.#salt);
      const origin = { transaction: hash, block, blockHash: hash, time: block, logIndex: 0 };
      this.#funded += 1n;
      const values = { from: address(this.#salt), amount: 1n, funded: this.#funded };
      this.blocks.push({ hash, events: [chainEvent("Funded", values, origin)] });
    }
  }

  replaceTail(count: number): void {
    this.blocks.length -= Math.min(count, this.blocks.length - 1);
    this.#funded = BigInt(this.blocks.length) * 1000n + BigInt(this.#salt);
  }

  head(): BlockTime {
    const number = this.blocks.length - 1;
    return { number, hash: this.blocks[number]!.hash, timestamp: number };
  }

  follower(): Follower {
    const { blocks, reads } = this;
    return createFollower({
      logs: {
        async *read(from, to) {
          reads.push([from, to]);
          // In two pieces, as a node that limits the range would have it.
          const middle = Math.floor((from + to) / 2);
          yield blocks.slice(from, middle + 1).flatMap((block) => block.events);
          yield blocks.slice(middle + 1, to + 1).flatMap((block) => block.events);
        },
      },
      blockHash: async (block) => blocks[block]?.hash,
      deployBlock: 0,
      keepRounds: 1000,
    });
  }

  truth() {
    return foldEvents(
      EMPTY_VIEW,
      this.blocks.flatMap((block) => block.events),
    );
  }
}

describe("chain adapter: follower", () => {
  it("says what a fresh fold says, through growth, reorganisations of any depth and restarts", async () => {
    const step = fc.record({
      replace: fc.oneof(fc.constant(0), fc.nat(8), fc.nat(200)),
      grow: fc.integer({ min: 1, max: 90 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const chain = new FakeChain();
        chain.grow(5);
        const follower = chain.follower();
        for (const { replace, grow } of steps) {
          if (replace > 0) chain.replaceTail(replace);
          chain.grow(grow);
          expect(await follower.view(chain.head())).to.deep.equal(chain.truth());
        }
      }),
      { numRuns: 60 },
    );
  });

  it("reads only what is new and what may still change", async () => {
    const chain = new FakeChain();
    chain.grow(500);
    const follower = chain.follower();
    await follower.view(chain.head());
    for (let i = 0; i < 100; i++) {
      chain.grow(1);
      await follower.view(chain.head());
    }
    expect(chain.reads[0]).to.deep.equal([0, 499]);
    for (const [from, to] of chain.reads.slice(1)) expect(to - from).to.be.at.most(65);
    const reads = chain.reads.length;
    const [one, other] = await Promise.all([follower.view(chain.head()), follower.view(chain.head())]);
    expect(one).to.equal(other);
    expect(chain.reads).to.have.length(reads);
  });

  it("reads again after a failure", async () => {
    const chain = new FakeChain();
    chain.grow(100);
    let fail = true;
    const inner = chain.follower();
    const follower = createFollower({
      logs: {
        async *read() {
          if (fail) throw new Error("the node is down");
          yield chain.blocks.flatMap((block) => block.events);
        },
      },
      blockHash: async (block) => chain.blocks[block]?.hash,
      deployBlock: 0,
      keepRounds: 1000,
    });
    const error = await follower.view(chain.head()).catch((e: Error) => e.message);
    expect(error).to.equal("the node is down");
    fail = false;
    expect(await follower.view(chain.head())).to.deep.equal(await inner.view(chain.head()));
  });
});
