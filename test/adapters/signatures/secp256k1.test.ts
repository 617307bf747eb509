import { createRequire } from "node:module";
import { secp256k1 as oracle } from "@noble/curves/secp256k1.js";
import { expect } from "chai";
import { assert as check, property, uint8Array } from "fast-check";
import { createSecp256k1Scheme } from "../../../coordinator/adapters/signatures/secp256k1.ts";
import { signatureSchemeSuite, testDigest, testSecret } from "../../ports/signature-scheme.suite.ts";

const scheme = createSecp256k1Scheme();
const raw = { prehash: false } as const;
const ORDER = oracle.Point.Fn.ORDER;

signatureSchemeSuite("native secp256k1", createSecp256k1Scheme);

describe("native secp256k1", () => {
  it("agrees with noble, both ways, byte for byte", () => {
    const bytes32 = uint8Array({ minLength: 32, maxLength: 32 });
    check(
      property(bytes32, bytes32, (seed, digest) => {
        const secret = Uint8Array.from(seed);
        secret[0] = 1;
        const key = scheme.publicKeyOf(secret);
        const signature = scheme.sign(secret, digest);
        expect(key).to.deep.equal(oracle.getPublicKey(secret));
        expect(signature).to.deep.equal(oracle.sign(digest, secret, raw));
        expect(oracle.verify(signature, digest, key, raw)).to.equal(true);
      }),
      { numRuns: 50 },
    );
  });

  it("gives the known signature of key 1 over SHA-256 of 'Satoshi Nakamoto'", () => {
    // The widely published vector of RFC 6979 on secp256k1 (Trezor, bitcoinjs).
    const secret = Uint8Array.from([...new Uint8Array(31), 1]);
    const digest = Buffer.from("a0dc65ffca799873cbea0ac274015b9526505daaaed385155425f7337704883e", "hex");
    expect(Buffer.from(scheme.sign(secret, digest)).toString("hex")).to.equal(
      "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8" +
        "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
    );
  });

  it("takes no second encoding of a signature or of a key", () => {
    const secret = testSecret(1);
    const digest = testDigest(1);
    const key = scheme.publicKeyOf(secret);
    const signature = scheme.sign(secret, digest);
    const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString("hex")}`);
    const high = Buffer.from(signature);
    high.write((ORDER - s).toString(16).padStart(64, "0"), 32, "hex");
    expect(oracle.verify(high, digest, key, { ...raw, lowS: false }), "a valid pair").to.equal(true);
    expect(scheme.verify(key, digest, high)).to.equal(false);
    const long = oracle.getPublicKey(secret, false);
    expect(oracle.verify(signature, digest, long, raw), "a valid key").to.equal(true);
    expect(scheme.verify(long, digest, signature)).to.equal(false);
  });

  it("finds r or s out of range false", () => {
    const signature = scheme.sign(testSecret(1), testDigest(1));
    for (const offset of [0, 32])
      for (const value of [0n, ORDER, ORDER + 1n]) {
        const bad = Buffer.from(signature);
        bad.write(value.toString(16).padStart(64, "0"), offset, "hex");
        expect(scheme.verify(scheme.publicKeyOf(testSecret(1)), testDigest(1), bad)).to.equal(false);
      }
  });

  it("runs on the native library here, not on its slow stand-in", () => {
    const load = createRequire(import.meta.url);
    expect(load("secp256k1")).to.equal(load("secp256k1/bindings"));
  });
});
