import { expect } from "chai";
import { getAddress, Interface } from "ethers";
import fc from "fast-check";
import { readContractBook } from "../../coordinator/adapters/explorer/contract-book.ts";
import { type Hex, toHex } from "../../coordinator/protocol/bytes.ts";
import {
  type ChainEvent,
  chainEvent,
  EVENT_FIELDS,
  type EventName,
} from "../../coordinator/protocol/views/events.ts";
import { EMPTY_VIEW } from "../../coordinator/protocol/views/federation-view.ts";
import { foldEvents } from "../../coordinator/protocol/views/fold.ts";
import { tokenTotals } from "../../coordinator/protocol/views/queries.ts";
import { summaryOfRound } from "../../coordinator/protocol/views/summary.ts";
import { type AbiItem, indexAbis } from "../../explorer/chain/decode.ts";
import type { Federation } from "../../explorer/chain/federation.ts";
import { decodeLog } from "../../explorer/chain/logs.ts";
import type { RawLog } from "../../explorer/chain/types.ts";

// Random event histories: what ethers encodes and decodes for the command line, the explorer must decode with viem to
// the same events, and the same view must come of it.
const book = readContractBook("artifacts");
const interfaces = Object.values(book.abis).map((abi) => new Interface(abi as never));
const explorer = { abi: indexAbis(Object.values(book.abis) as AbiItem[][]) } as unknown as Federation;

const address = fc.constantFrom(
  ...Array.from({ length: 4 }, (_, i) => getAddress(`0x${String(i + 1).repeat(40)}`)),
);
const word = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
const small = fc.integer({ min: 0, max: 4 }).map(BigInt);

/** A value of an ABI type; small integers, so that events speak of the same rounds and seats. */
function arbitraryOf(input: {
  type: string;
  components?: readonly never[] | null;
  baseType?: string;
}): fc.Arbitrary<unknown> {
  const { type } = input;
  if (type.endsWith("[]"))
    return fc.array(arbitraryOf({ ...input, type: type.slice(0, -2) }), { maxLength: 3 });
  if (type === "tuple" || type.startsWith("tuple("))
    return fc.tuple(...(input.components ?? []).map((part) => arbitraryOf(part)));
  if (type === "address") return address;
  if (type === "bytes32") return word;
  if (type === "bool") return fc.boolean();
  if (type === "string") return fc.string({ maxLength: 20 });
  const bits = Number(/^uint(\d+)$/.exec(type)?.[1] ?? 256);
  return bits <= 64 ? small : fc.oneof(small, fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }));
}

function eventOf(name: EventName) {
  const source = interfaces.find((one) => one.getEvent(name))!;
  const fragment = source.getEvent(name)!;
  return fc.tuple(...fragment.inputs.map((input) => arbitraryOf(input as never))).map((values) => {
    const { topics, data } = source.encodeEventLog(fragment, values);
    const parsed = source.parseLog({ topics, data })!;
    const args = Object.fromEntries(fragment.inputs.map((input, i) => [input.name, parsed.args[i]]));
    return { name, args, topics: topics as Hex[], data: data as Hex };
  });
}

/** Parallel lists differ in length in random events, which no contract emits. */
function fits({ args }: { args: Record<string, unknown> }): boolean {
  const { miners, reputations, weights, signers, signatures } = args as Record<string, unknown[] | undefined>;
  if (miners) return miners.length === reputations!.length && miners.length === weights!.length;
  return !signers || !signatures || signatures.length === 2 * signers.length;
}

const names = Object.keys(EVENT_FIELDS) as EventName[];
const history = fc.array(
  fc
    .constantFrom(...names)
    .chain((name) => eventOf(name))
    .filter(fits),
  { maxLength: 40 },
);

describe("random event histories", () => {
  it("give the explorer and the command line the same view, to the last unit", () => {
    fc.assert(
      fc.property(history, (emitted) => {
        const theirs: ChainEvent[] = [];
        const ours: ChainEvent[] = [];
        for (const [i, { name, args, topics, data }] of emitted.entries()) {
          const hash: Hex = `0x${i.toString(16).padStart(64, "0")}`;
          const origin = { transaction: hash, block: i, blockHash: hash, time: 1_000 + i, logIndex: 0 };
          theirs.push(chainEvent(name, args, origin));
          const log = {
            address: hash,
            topics,
            data,
            blockNumber: `0x${i.toString(16)}`,
            blockHash: hash,
            transactionHash: hash,
            logIndex: "0x0",
          } as RawLog;
          ours.push(decodeLog(explorer, log, 1_000 + i)!);
        }
        expect(ours).to.deep.equal(theirs);
        const [a, b] = [fold(theirs), fold(ours)];
        expect(b).to.deep.equal(a);
        if (a === "refused" || b === "refused") return;
        expect(tokenTotals(b)).to.deep.equal(tokenTotals(a));
        for (const [round, record] of a.rounds)
          expect(summaryOfRound(b.rounds.get(round)!, 2_000)).to.deep.equal(summaryOfRound(record, 2_000));
      }),
      { numRuns: 300 },
    );
  });
});

/** A history no contract would write may make no sense to the reducers; it must make none to both. */
function fold(events: readonly ChainEvent[]) {
  try {
    return foldEvents(EMPTY_VIEW, events);
  } catch {
    return "refused" as const;
  }
}
