import { expect } from "chai";
import { Signature, TypedDataEncoder, verifyTypedData, Wallet } from "ethers";
import { signerOf } from "../../../coordinator/adapters/keys/keystore.ts";
import { createRecoverer } from "../../../coordinator/adapters/keys/recover.ts";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import {
  type Domain,
  MESSAGE_TYPES,
  type MessageKind,
  type Messages,
  messageDigest,
} from "../../../coordinator/protocol/round/messages.ts";
import { CLIENT, candidate, OPENING, update, vote } from "../http/fixtures.ts";

const wallet = new Wallet(`0x${"42".repeat(32)}`);
const signer = signerOf(wallet);
const recoverer = createRecoverer();
const domain: Domain = { chainId: 31_337n, verifyingContract: `0x${"c0".repeat(20)}` };
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const list = { round: 7n, openingHash: OPENING, updatesHash: OPENING };
const messages: Messages = {
  Update: update,
  Manifest: list,
  Inventory: list,
  Candidate: candidate,
  Vote: vote,
  Receipt: { round: 7n, openingHash: OPENING, client: CLIENT, modelRoot: OPENING },
};
const typedDomain = { name: "Quorate", version: "1", ...domain };
const word = (value: bigint): string => value.toString(16).padStart(64, "0");

describe("signatures", () => {
  for (const kind of Object.keys(messages) as MessageKind[]) {
    const message = messages[kind];
    const types = { [kind]: MESSAGE_TYPES[kind].map((field) => ({ ...field })) };

    it(`of ${kind} are those that ethers makes of the same typed data`, async () => {
      const digest = TypedDataEncoder.hash(typedDomain, types, message as never);
      expect(messageDigest(domain, kind, message)).to.equal(digest);
      const signature = await signer.sign(domain, kind, message as never);
      expect(signature).to.match(/^0x[0-9a-f]{128}$/);
      const theirs = await wallet.signTypedData(typedDomain, types, message as never);
      expect(Signature.from(theirs).compactSerialized, "deterministic (RFC 6979)").to.equal(signature);
      expect(verifyTypedData(typedDomain, types, message as never, Signature.from(signature))).to.equal(
        wallet.address,
      );
    });

    it(`of ${kind} name their signer, and nobody of another message, chain or contract`, async () => {
      const signature = await signer.sign(domain, kind, message as never);
      expect(recoverer.recover(domain, kind, message as never, signature)).to.equal(signer.address);
      const others: [Domain, Messages[typeof kind]][] = [
        [{ ...domain, chainId: 1n }, message],
        [{ ...domain, verifyingContract: CLIENT }, message],
        [domain, { ...message, round: 8n }],
        [domain, { ...message, openingHash: `0x${"02".repeat(32)}` }],
      ];
      for (const [where, what] of others)
        expect(recoverer.recover(where, kind, what as never, signature)).not.to.equal(signer.address);
    });
  }

  it("count only in their canonical form", async () => {
    const signature = await signer.sign(domain, "Vote", vote);
    const { r, s, yParity } = Signature.from(signature);
    const recover = (text: string) => recoverer.recover(domain, "Vote", vote, text as Hex);
    expect(recover(signature)).to.equal(wallet.address);
    expect(recover(`0x${signature.slice(2).toUpperCase()}`), "case of the text").to.equal(wallet.address);
    // The same signature with s in the upper half: its parity flips.
    const high = ORDER - BigInt(s);
    const flipped = yParity === 0 ? 1n << 255n : 0n;
    // An upper half s needs 256 bits, so in 64 bytes it collides with the parity bit.
    expect(recover(r + word(high))).not.to.equal(wallet.address);
    expect(recover(r + word((high & ((1n << 255n) - 1n)) | flipped))).not.to.equal(wallet.address);
    // Just above half the order, below 2^255.
    expect(recover(r + word(ORDER / 2n + 1n))).to.equal(undefined);
    expect(recover(r + word(ORDER / 2n))).not.to.equal(undefined);
    expect(recover(Signature.from(signature).serialized), "65 bytes").to.equal(undefined);
    for (const text of [
      "",
      "0x",
      "0x12",
      signature.slice(2),
      `${signature}00`,
      signature.replace("0x", "0xg").slice(0, 130),
    ])
      expect(recover(text), text).to.equal(undefined);
    expect(recover(`0x${word(0n)}${s.slice(2)}`), "r = 0").to.equal(undefined);
    expect(recover(`0x${word(ORDER)}${s.slice(2)}`), "r = order").to.equal(undefined);
    expect(recover(r + word(0n)), "s = 0").to.equal(undefined);
    // 5 is the x of no point on the curve.
    expect(recover(`0x${word(5n)}${s.slice(2)}`), "r of no point").to.equal(undefined);
  });
});
