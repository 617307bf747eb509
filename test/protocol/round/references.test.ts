import { expect } from "chai";
import { AbiCoder, keccak256 } from "ethers";
import fc from "fast-check";
import { type Hex, toHex } from "../../../coordinator/protocol/bytes.ts";
import { keepsReceipt } from "../../../coordinator/protocol/faults/receipt.ts";
import {
  canonicalUpdates,
  compareReferences,
  referenceOf,
  type SignedUpdate,
  signatureHash,
  updatesHash,
} from "../../../coordinator/protocol/round/references.ts";

const word = (value: number): Hex => `0x${value.toString(16).padStart(64, "0")}`;
const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((value): Hex => toHex(value));

function signed(client: number, root: number, sampleCount = 1n, signature = 1): SignedUpdate {
  return {
    client: `0x${client.toString(16).padStart(40, "0")}`,
    update: {
      round: 1n,
      openingHash: word(1),
      baseRoot: word(2),
      modelRoot: word(root),
      modelCid: word(root),
      sampleCount,
    },
    signature: `0x${signature.toString(16).padStart(128, "0")}`,
  };
}

/** Few clients and few models, so that collisions are common. */
const anyUpdates = fc.array(
  fc
    .tuple(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      fc.bigInt(1n, 3n),
      fc.integer({ min: 1, max: 3 }),
    )
    .map((row) => signed(...row)),
  { maxLength: 12 },
);

describe("references", () => {
  it("hash as abi.encode of the array of structs", () => {
    const reference = fc.record({
      client: bytes(20),
      modelRoot: bytes(32),
      sampleCount: fc.bigInt(0n, 2n ** 64n - 1n),
      signatureHash: bytes(32),
    });
    fc.assert(
      fc.property(fc.array(reference, { maxLength: 5 }), (references) => {
        const type = "tuple(address client, bytes32 modelRoot, uint64 sampleCount, bytes32 signatureHash)[]";
        expect(updatesHash(references)).to.equal(
          keccak256(AbiCoder.defaultAbiCoder().encode([type], [references])),
        );
      }),
    );
  });

  it("name a signature by the hash of its 64 bytes", () => {
    const { signature } = signed(1, 1, 1n, 77);
    expect(signatureHash(signature)).to.equal(keccak256(signature));
  });

  it("are ordered by root, then sample count as a number, then signature hash", () => {
    const order = (a: SignedUpdate, b: SignedUpdate) =>
      Math.sign(compareReferences(referenceOf(a), referenceOf(b)));
    expect(order(signed(1, 1, 9n), signed(1, 2, 1n))).to.equal(-1);
    expect(order(signed(1, 1, 9n), signed(1, 1, 10n))).to.equal(-1);
    expect(order(signed(1, 1), signed(1, 1))).to.equal(0);
    const [a, b] = [signed(1, 1, 1n, 1), signed(1, 1, 1n, 2)];
    const byHash = BigInt(signatureHash(a.signature)) < BigInt(signatureHash(b.signature)) ? -1 : 1;
    expect(order(a, b)).to.equal(byHash);
  });
});

describe("canonical updates", () => {
  it("keep the lowest of several by one client", () => {
    expect(canonicalUpdates([signed(1, 5), signed(1, 3), signed(1, 4)])).to.deep.equal([signed(1, 3)]);
    expect(canonicalUpdates([signed(1, 3, 2n), signed(1, 3, 1n)])).to.deep.equal([signed(1, 3, 1n)]);
  });

  it("keep the lowest address of several with one model", () => {
    expect(canonicalUpdates([signed(2, 3), signed(1, 3), signed(3, 4)])).to.deep.equal([
      signed(1, 3),
      signed(3, 4),
    ]);
  });

  it("count another update of a client whose lowest copies a lower address's model", () => {
    // Its receipt for the other one was given before anybody knew of the copy.
    const [author, copy, own] = [signed(1, 3), signed(2, 3), signed(2, 9)];
    expect(canonicalUpdates([author, copy, own])).to.deep.equal([author, own]);
    expect(canonicalUpdates([author, copy])).to.deep.equal([author]);
    // The copied client's own choice decides what is a copy.
    expect(canonicalUpdates([signed(1, 2), author, copy, own])).to.deep.equal([signed(1, 2), copy]);
  });

  it("keep no receipt by a copy of a higher address", () => {
    const [lower, higher] = [signed(1, 3), signed(2, 3)].map((update) => referenceOf(update));
    expect(keepsReceipt([lower!], higher!)).to.equal(true);
    expect(keepsReceipt([higher!], lower!)).to.equal(false);
  });

  it("leave out no client but those whose every model is there under another name", () => {
    fc.assert(
      fc.property(anyUpdates, (updates) => {
        const canonical = canonicalUpdates(updates).map(referenceOf);
        for (const { client, update } of updates)
          expect(keepsReceipt(canonical, { client, modelRoot: update.modelRoot })).to.equal(true);
      }),
    );
  });

  it("are ascending, unique in client and model, and the same for every order of arrival", () => {
    fc.assert(
      fc.property(anyUpdates, fc.integer({ min: 0, max: 11 }), (updates, cut) => {
        const canonical = canonicalUpdates(updates);
        const clients = canonical.map(({ client }) => client);
        expect(clients).to.deep.equal([...new Set(clients)].sort());
        expect(new Set(canonical.map(({ update }) => update.modelRoot)).size).to.equal(canonical.length);
        const turned = [...updates.slice(cut), ...updates.slice(0, cut)].reverse();
        expect(canonicalUpdates(turned)).to.deep.equal(canonical);
        expect(canonicalUpdates([...updates, ...updates])).to.deep.equal(canonical);
        expect(canonicalUpdates(canonical)).to.deep.equal(canonical);
      }),
    );
  });
});
