import { bls12_381 as oracle } from "@noble/curves/bls12-381.js";
import { expect } from "chai";
import { assert as check, property, uint8Array } from "fast-check";
import { createBlsScheme } from "../../../coordinator/adapters/signatures/bls.ts";
import { signatureSchemeSuite, testDigest, testSecret } from "../../ports/signature-scheme.suite.ts";

const scheme = createBlsScheme();
const long = oracle.longSignatures;
const DOMAIN = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
const hash = (message: Uint8Array) => long.hash(message, DOMAIN);
const G1 = oracle.G1.Point;
const G2 = oracle.G2.Point;
const numberOf = (secret: Uint8Array): bigint => BigInt(`0x${Buffer.from(secret).toString("hex")}`);

signatureSchemeSuite("BLS", createBlsScheme);

describe("BLS", () => {
  const digest = testDigest(1);

  it("agrees with noble, both ways, byte for byte", () => {
    const bytes32 = uint8Array({ minLength: 32, maxLength: 32 });
    check(
      property(bytes32, bytes32, (seed, message) => {
        const secret = Uint8Array.from(seed);
        secret[0] = 1;
        const key = scheme.publicKeyOf(secret);
        const signature = scheme.sign(secret, message);
        expect(key).to.deep.equal(long.getPublicKey(secret).toBytes());
        expect(signature).to.deep.equal(long.sign(hash(message), secret).toBytes());
        expect(long.verify(signature, hash(message), key)).to.equal(true);
      }),
      { numRuns: 5 },
    );
  });

  it("aggregates to the sum of the points that noble finds", () => {
    const signatures = [1, 2, 3].map((n) => scheme.sign(testSecret(n), digest));
    expect(scheme.aggregate(signatures)).to.deep.equal(long.aggregateSignatures(signatures).toBytes());
  });

  it("takes infinity neither as key nor as signature nor as aggregate", () => {
    const key = scheme.publicKeyOf(testSecret(1));
    const signature = scheme.sign(testSecret(1), digest);
    const noKey = G1.ZERO.toBytes();
    const nothing = G2.ZERO.toBytes();
    expect(scheme.verify(noKey, digest, nothing)).to.equal(false);
    expect(scheme.verify(key, digest, nothing)).to.equal(false);
    expect(scheme.verifyAggregate([noKey], digest, nothing)).to.equal(false);
    expect(scheme.verifyAggregate([key, noKey], digest, signature)).to.equal(false);
    expect(() => scheme.aggregate([signature, nothing])).to.throw("is not one of bls");
  });

  it("takes no two keys that cancel each other out, though their owner can prove both", () => {
    const mine = testSecret(1);
    const opposite = Buffer.from(
      (oracle.fields.Fr.ORDER - numberOf(mine)).toString(16).padStart(64, "0"),
      "hex",
    );
    const keys = [mine, opposite].map((secret) => scheme.publicKeyOf(secret));
    expect(scheme.verifyAggregate(keys, digest, G2.ZERO.toBytes())).to.equal(false);
  });

  it("takes no point outside the group", () => {
    const outside = firstOutsideG1();
    expect(scheme.verify(outside, digest, scheme.sign(testSecret(1), digest))).to.equal(false);
    expect(scheme.verifyPossession(outside, scheme.provePossession(testSecret(1)))).to.equal(false);
  });

  it("needs the proof of possession: a rogue key would sign for its victim", () => {
    const victim = scheme.publicKeyOf(testSecret(1));
    const attacker = testSecret(2);
    const rogue = G1.fromBytes(scheme.publicKeyOf(attacker)).subtract(G1.fromBytes(victim)).toBytes();
    const forged = scheme.sign(attacker, digest);
    expect(scheme.verifyAggregate([victim, rogue], digest, forged), "the attack").to.equal(true);
    const proofs = [scheme.provePossession(attacker), forged, scheme.provePossession(testSecret(1))];
    for (const proof of proofs) expect(scheme.verifyPossession(rogue, proof)).to.equal(false);
  });
});

/** The first compressed x whose point is on the curve of G1 but, as noble says, not in the subgroup. */
function firstOutsideG1(): Uint8Array {
  for (let x = 1; x < 256; x++) {
    const bytes = new Uint8Array(48);
    bytes[0] = 0x80;
    bytes[47] = x;
    try {
      G1.fromBytes(bytes);
    } catch (error) {
      if (/subgroup/.test(String(error))) return bytes;
    }
  }
  throw new Error("no such point among the first");
}
