import { expect } from "chai";
import type { Verdict } from "../../coordinator/node/judge.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { withFloats } from "../../coordinator/protocol/model/model.ts";
import { encodeModel } from "../../coordinator/protocol/model/safetensors.ts";
import { REASON, withheldIndex } from "../../coordinator/protocol/round/messages.ts";
import { canonicalUpdates, type SignedUpdate } from "../../coordinator/protocol/round/references.ts";
import { judgedRound } from "./judged-round.ts";
import { DOMAIN } from "./parts.ts";

describe("a verdict on an entry of the manifest", () => {
  const round = judgedRound();
  const { world, genesis, sign, moved, judge, withUpdates } = round;

  const expectNo = (verdict: Verdict, reason: number, reasonIndex: bigint) =>
    expect(verdict).to.deep.equal({ support: false, confidence: 10_000, reason, reasonIndex });

  it("says withheld if the file an update names is not the model it commits to", async () => {
    const signer = world.clients[0]!;
    const { update } = round.updates.find(({ client }) => client === signer.address)!;
    const lying = { ...update, modelCid: await round.store.add(encodeModel(moved(0.5))) };
    const signature = await signer.sign(DOMAIN, "Update", lying);
    const list = canonicalUpdates([
      ...round.updates.filter(({ client }) => client !== signer.address),
      { client: signer.address, update: lying, signature },
    ]);
    const k = list.findIndex(({ client }) => client === signer.address);
    expectNo(await judge(await withUpdates(list)), REASON.withheld, withheldIndex(k, 0));
  });

  /** A list in which client 2's entry is another, and the entry's place. */
  async function withEntry(change: (signed: SignedUpdate) => SignedUpdate | Promise<SignedUpdate>) {
    const victim = world.clients[2]!.address;
    const bad = await change(round.updates.find(({ client }) => client === victim)!);
    const list = canonicalUpdates([...round.updates.filter(({ client }) => client !== victim), bad]);
    return {
      candidate: await withUpdates(list),
      k: list.findIndex(({ signature }) => signature === bad.signature),
    };
  }

  const wrongOnChain: readonly [string, (signed: SignedUpdate) => SignedUpdate | Promise<SignedUpdate>][] = [
    ["is of a client nobody registered", (signed) => ({ ...signed, client: `0x${"ff".repeat(20)}` })],
    ["exceeds the client's cap", () => sign(2, moved(0.03), 10_001n)],
  ];
  for (const [what, change] of wrongOnChain)
    it(`names the entry that ${what}`, async () => {
      const { candidate, k } = await withEntry(change);
      expectNo(await judge(candidate), REASON.reference, BigInt(k));
    });

  it("names no entry for its signature: a signature over another CID would refute an honest no", async () => {
    const forged = await withEntry((signed) => ({ ...signed, signature: `0x${"11".repeat(64)}` }));
    expectNo(await judge(forged.candidate), REASON.payouts, 0n);
    const misstated = await withEntry(({ update, ...rest }) => ({
      ...rest,
      update: { ...update, modelCid: `0x${"12".repeat(32)}` as Hex },
    }));
    expectNo(await judge(misstated.candidate), REASON.payouts, 0n);
  });

  /** Client 2's update with one value, which the honest node would neither take nor sign. */
  const withValue = (value: number) =>
    withEntry(() => {
      const floats = moved(0.03).floats.slice();
      floats[5] = value;
      return sign(2, withFloats(genesis, floats));
    });

  it("names the value that no contract computes with, and no entry, which the contract would find right", async () => {
    for (const value of [2_000, Number.NaN, Number.NEGATIVE_INFINITY]) {
      const { candidate } = await withValue(value);
      expectNo(await judge(candidate), REASON.coordinate, 5n);
      expectNo(await judge(candidate, {}, { rule: "krum:0" }), REASON.payouts, 0n);
    }
  });

  it("leaves a negative zero, which is a value to the contract, to the vote", async () => {
    expectNo(await judge((await withValue(-0)).candidate), REASON.payouts, 0n);
  });
});
