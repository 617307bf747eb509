import { expect } from "chai";
import { assert as check, property, uint8Array } from "fast-check";
import type { SignatureScheme } from "../../coordinator/ports/signature-scheme.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";

const bytes32 = uint8Array({ minLength: 32, maxLength: 32 });
/** A secret key for tests: small enough for either group's order. */
export const testSecret = (n: number): Uint8Array => new Uint8Array(32).fill(n + 1);
export const testDigest = (n: number): Uint8Array => new Uint8Array(32).fill(0xa0 ^ n);

function expectCode(code: string, act: () => unknown): void {
  expect(act)
    .to.throw(QuorateError)
    .that.satisfies((error: QuorateError) => error.code === code, code);
}

function singleSuite(scheme: SignatureScheme): void {
  const secret = testSecret(1);
  const key = scheme.publicKeyOf(secret);
  const digest = testDigest(1);
  const signature = scheme.sign(secret, digest);

  it("makes keys and signatures of the sizes it names, the same bytes each time", () => {
    expect(key).to.have.length(scheme.publicKeyBytes);
    expect(signature).to.have.length(scheme.signatureBytes);
    expect(scheme.sign(secret, digest)).to.deep.equal(signature);
  });

  it("verifies what it signed, for any key and digest, and nothing with one bit changed", () => {
    check(
      property(bytes32, bytes32, uint8Array({ minLength: 2, maxLength: 2 }), (seed, message, [at, bit]) => {
        const mine = Uint8Array.from(seed);
        mine[0] = 1; // below the order of either group, and not zero
        const publicKey = scheme.publicKeyOf(mine);
        const good = scheme.sign(mine, message);
        expect(scheme.verify(publicKey, message, good)).to.equal(true);
        const flip = (value: Uint8Array): Uint8Array => {
          const copy = Uint8Array.from(value);
          copy[at! % copy.length]! ^= 1 << (bit! % 8);
          return copy;
        };
        expect(scheme.verify(flip(publicKey), message, good)).to.equal(false);
        expect(scheme.verify(publicKey, flip(message), good)).to.equal(false);
        expect(scheme.verify(publicKey, message, flip(good))).to.equal(false);
      }),
      { numRuns: 50 },
    );
  });

  it("finds any malformed key, digest or signature false and throws nothing", () => {
    check(
      property(uint8Array({ maxLength: 200 }), (noise) => {
        expect(scheme.verify(noise, digest, signature)).to.equal(false);
        expect(scheme.verify(key, noise, signature)).to.equal(false);
        expect(scheme.verify(key, digest, noise)).to.equal(false);
        expect(scheme.verifyPossession(key, noise)).to.equal(false);
        expect(scheme.verifyPossession(noise, signature)).to.equal(false);
        expect(scheme.verifyAggregate([noise], digest, signature)).to.equal(false);
        expect(scheme.verifyAggregate([key], digest, noise)).to.equal(false);
        expect(scheme.verifyAggregate([key], [noise], signature)).to.equal(false);
      }),
    );
    for (const fill of [0, 0xff]) {
      const same = (length: number): Uint8Array => new Uint8Array(length).fill(fill);
      expect(scheme.verify(same(scheme.publicKeyBytes), digest, signature)).to.equal(false);
      expect(scheme.verify(key, digest, same(scheme.signatureBytes))).to.equal(false);
    }
    for (const extra of [signature.subarray(1), Uint8Array.from([...signature, 0])])
      expect(scheme.verify(key, digest, extra)).to.equal(false);
  });

  it("refuses secrets that are no keys and what is no digest, and shows neither", () => {
    for (const bad of [new Uint8Array(0), new Uint8Array(31).fill(1), new Uint8Array(32), testSecret(254)]) {
      expectCode("SECRET_KEY_MALFORMED", () => scheme.publicKeyOf(bad));
      expectCode("SECRET_KEY_MALFORMED", () => scheme.sign(bad, digest));
      expectCode("SECRET_KEY_MALFORMED", () => scheme.provePossession(bad));
    }
    for (const length of [0, 31, 33])
      expectCode("DIGEST_LENGTH", () => scheme.sign(secret, new Uint8Array(length)));
  });

  it("proves the possession of a key, of this key alone, and never by a signature over a digest", () => {
    const proof = scheme.provePossession(secret);
    expect(scheme.verifyPossession(key, proof)).to.equal(true);
    expect(scheme.verifyPossession(scheme.publicKeyOf(testSecret(2)), proof)).to.equal(false);
    expect(scheme.verifyPossession(key, signature)).to.equal(false);
    expect(scheme.verify(key, digest, proof)).to.equal(false);
  });
}

function aggregateSuite(scheme: SignatureScheme): void {
  const members = [1, 2, 3, 4].map((n) => ({
    secret: testSecret(n),
    key: scheme.publicKeyOf(testSecret(n)),
  }));
  const keys = members.map(({ key }) => key);

  it("aggregates signatures over one digest", () => {
    const digest = testDigest(1);
    const aggregate = scheme.aggregate(members.map(({ secret }) => scheme.sign(secret, digest)));
    expect(scheme.verifyAggregate(keys, digest, aggregate)).to.equal(true);
    expect(scheme.verifyAggregate(keys, testDigest(2), aggregate)).to.equal(false);
    expect(scheme.verifyAggregate(keys.slice(1), digest, aggregate), "a key missing").to.equal(false);
    expect(scheme.verifyAggregate([...keys, keys[0]!], digest, aggregate), "a key twice").to.equal(false);
    expect(scheme.verifyAggregate([keys[0]!, keys[0]!, ...keys.slice(2)], digest, aggregate)).to.equal(false);
    expect(scheme.verifyAggregate([], digest, aggregate), "no key").to.equal(false);
    expect(scheme.verifyAggregate([], [], new Uint8Array(0)), "nothing at all").to.equal(false);
  });

  it("aggregates signatures each over its own digest", () => {
    const digests = members.map((_, i) => testDigest(i));
    const aggregate = scheme.aggregate(members.map(({ secret }, i) => scheme.sign(secret, digests[i]!)));
    expect(scheme.verifyAggregate(keys, digests, aggregate)).to.equal(true);
    expect(scheme.verifyAggregate(keys, digests.toReversed(), aggregate)).to.equal(false);
    expect(scheme.verifyAggregate(keys, digests.slice(1), aggregate)).to.equal(false);
    expect(scheme.verifyAggregate(keys, digests[0]!, aggregate)).to.equal(false);
  });

  it("refuses to aggregate nothing, or what is no signature", () => {
    const good = scheme.sign(members[0]!.secret, testDigest(1));
    expectCode("SIGNATURE_MALFORMED", () => scheme.aggregate([]));
    expectCode("SIGNATURE_MALFORMED", () => scheme.aggregate([good, good.subarray(1)]));
  });

  it("finds an aggregate with one wrong signature false", () => {
    const digest = testDigest(1);
    const signatures = members.map(({ secret }, i) => scheme.sign(secret, i === 2 ? testDigest(9) : digest));
    expect(scheme.verifyAggregate(keys, digest, scheme.aggregate(signatures))).to.equal(false);
  });
}

/** What every signature scheme does. */
export function signatureSchemeSuite(name: string, create: () => SignatureScheme): void {
  describe(`${name} as a signature scheme`, () => {
    singleSuite(create());
    aggregateSuite(create());
  });
}
