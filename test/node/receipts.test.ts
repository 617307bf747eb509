// A receipt is a promise to list its client: what a miner signs never breaks one of its own.
import { expect } from "chai";
import { createSigningRoom, type SigningRoom } from "../../coordinator/node/signing.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { keepsReceipt } from "../../coordinator/protocol/faults/receipt.ts";
import {
  canonicalUpdates,
  referenceOf,
  type SignedUpdate,
  updatesHash,
} from "../../coordinator/protocol/round/references.ts";
import { codeOf, createSigner, createTestJournal, DOMAIN } from "./parts.ts";

const ROUND = { round: 1n, openingHash: `0x${"aa".repeat(32)}` as Hex };
const word = (value: number): Hex => `0x${value.toString(16).padStart(64, "0")}`;

function update(client: number, root: number): SignedUpdate {
  const signed = {
    ...ROUND,
    baseRoot: word(9),
    modelRoot: word(root),
    modelCid: word(root),
    sampleCount: 1n,
  };
  const address: Hex = `0x${client.toString(16).padStart(40, "0")}`;
  return {
    client: address,
    update: signed,
    signature: `0x${"11".repeat(63)}${root.toString(16).padStart(2, "0")}`,
  };
}

describe("receipts of a miner", () => {
  let room: SigningRoom;
  let journal: ReturnType<typeof createTestJournal>;
  beforeEach(() => {
    journal = createTestJournal();
    room = createSigningRoom({ journal, signer: createSigner("miner"), domain: DOMAIN });
  });
  const list = (updates: readonly SignedUpdate[]) =>
    room.manifest({ ...ROUND, updatesHash: updatesHash(updates.map(referenceOf)) }, updates);

  it("stop it from signing a list without their client", async () => {
    await room.receipt(update(1, 5));
    expect(await codeOf(list([update(2, 6)]))).to.equal("RECEIPT_BROKEN");
    expect(room.signedManifest(ROUND)).to.equal(undefined);
    // Any update of the client will do.
    expect((await list([update(1, 7), update(2, 6)])).updates).to.have.length(2);
  });

  it("are not signed any more once the list is, but given again", async () => {
    const first = await room.receipt(update(1, 5));
    await list([update(1, 5)]);
    expect(await codeOf(room.receipt(update(2, 6)))).to.equal("UPDATE_CLOSED");
    expect((await room.receipt(update(1, 5))).signature).to.equal(first.signature);
    const again = createSigningRoom({ journal, signer: createSigner("miner"), domain: DOMAIN });
    expect(await codeOf(again.receipt(update(2, 6)))).to.equal("UPDATE_CLOSED");
    const next = { ...update(2, 6), update: { ...update(2, 6).update, round: 2n } };
    expect(await codeOf(again.receipt(next))).to.equal("none");
  });

  it("and a list signed at the same time: one of them is refused", async () => {
    const outcomes = await Promise.all([
      codeOf(room.receipt(update(1, 5))),
      codeOf(list([update(2, 6)])),
      codeOf(room.receipt(update(3, 7))),
    ]);
    expect(outcomes).to.deep.equal(["none", "RECEIPT_BROKEN", "none"]);
    await list([update(1, 5), update(3, 7)]);
    const late = await Promise.all([codeOf(list([update(1, 5)])), codeOf(room.receipt(update(4, 8)))]);
    expect(late).to.deep.equal(["none", "UPDATE_CLOSED"]);
  });

  it("are kept by the canonical list of whatever was acknowledged, copies among it", async () => {
    // A client sends an original, then a lower copy of somebody else's; and two that copy each other.
    const sets = [
      [update(2, 9), update(2, 3), update(1, 3)],
      [update(1, 3), update(1, 2), update(2, 3), update(2, 2), update(3, 2)],
      [update(3, 1), update(2, 1), update(2, 4), update(1, 4)],
    ];
    for (const acknowledged of sets) {
      const references = canonicalUpdates(acknowledged).map(referenceOf);
      for (const { client, update: sent } of acknowledged)
        expect(keepsReceipt(references, { client, modelRoot: sent.modelRoot }), client).to.equal(true);
    }
  });
});
