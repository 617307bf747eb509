import { expect } from "chai";
import { AbiCoder, keccak256, TypedDataEncoder } from "ethers";
import fc from "fast-check";
import { type Hex, toHex } from "../../../coordinator/protocol/bytes.ts";
import { messageFromJson, messageToJson } from "../../../coordinator/protocol/round/message-json.ts";
import {
  type Candidate,
  candidateId,
  domainSeparator,
  MESSAGE_TYPES,
  type MessageKind,
  type Messages,
  messageDigest,
  openingHash,
  structHash,
  withheldIndex,
} from "../../../coordinator/protocol/round/messages.ts";
import { expectCode } from "../expect-code.ts";

const WIDE = ["uint64", "uint256"];
const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((value): Hex => toHex(value));

/** Any value of an EIP-712 type the protocol uses. */
function anyValue(type: string): fc.Arbitrary<unknown> {
  if (type === "bool") return fc.boolean();
  if (type === "address") return bytes(20);
  if (type === "bytes32") return bytes(32);
  const max = 2n ** BigInt(type.slice(4)) - 1n;
  return WIDE.includes(type) ? fc.bigInt({ min: 0n, max }) : fc.bigInt({ min: 0n, max }).map(Number);
}

function anyMessage(kind: MessageKind): fc.Arbitrary<Messages[MessageKind]> {
  const fields = MESSAGE_TYPES[kind].map(({ name, type }) => [name, anyValue(type)] as const);
  return fc.record(Object.fromEntries(fields)) as fc.Arbitrary<unknown> as fc.Arbitrary<
    Messages[MessageKind]
  >;
}

const anyDomain = fc.record({
  chainId: fc.bigInt({ min: 1n, max: 2n ** 64n }),
  verifyingContract: bytes(20),
});
const KINDS = Object.keys(MESSAGE_TYPES) as MessageKind[];

describe("signed messages", () => {
  for (const kind of KINDS)
    it(`${kind}: the digest is the one of ethers' EIP-712 encoder`, () => {
      fc.assert(
        fc.property(anyDomain, anyMessage(kind), (domain, message) => {
          const full = { name: "Quorate", version: "1", ...domain };
          const types = { [kind]: MESSAGE_TYPES[kind].map((field) => ({ ...field })) };
          const expected = TypedDataEncoder.hash(full, types, message);
          expect(messageDigest(domain, kind, message as never)).to.equal(expected);
          expect(structHash(kind, message as never)).to.equal(TypedDataEncoder.from(types).hash(message));
          expect(domainSeparator(domain)).to.equal(TypedDataEncoder.hashDomain(full));
        }),
        { numRuns: 30 },
      );
    });

  for (const kind of KINDS)
    it(`${kind}: comes back from JSON as it was`, () => {
      fc.assert(
        fc.property(anyMessage(kind), (message) => {
          const json = JSON.parse(JSON.stringify(messageToJson(kind, message as never)));
          expect(messageFromJson(kind, json)).to.deep.equal(message);
        }),
        { numRuns: 30 },
      );
    });

  it("name the field that is not usable", () => {
    const json = messageToJson("Receipt", {
      round: 1n,
      openingHash: `0x${"11".repeat(32)}`,
      client: `0x${"22".repeat(20)}`,
      modelRoot: `0x${"33".repeat(32)}`,
    });
    for (const [field, value] of [
      ["round", "-1"],
      ["round", 1],
      ["client", "0xzz"],
      ["modelRoot", null],
    ] as const) {
      const error = expectCode("MESSAGE_MALFORMED", () =>
        messageFromJson("Receipt", { ...json, [field]: value }),
      );
      expect(error.details.field).to.equal(field);
    }
  });

  it("change their digest with every field", () => {
    const zero: Candidate = {
      round: 0n,
      openingHash: `0x${"00".repeat(32)}`,
      baseRoot: `0x${"00".repeat(32)}`,
      modelRoot: `0x${"00".repeat(32)}`,
      modelCid: `0x${"00".repeat(32)}`,
      updatesHash: `0x${"00".repeat(32)}`,
      manifestCid: `0x${"00".repeat(32)}`,
      payoutsRoot: `0x${"00".repeat(32)}`,
      payoutsTotal: 0n,
      updateCount: 0,
      totalSamples: 0n,
      validationScore: 0,
    };
    const ids = Object.entries(zero).map(([field, value]) => {
      const other = typeof value === "string" ? `0x${"00".repeat(31)}01` : typeof value === "bigint" ? 1n : 1;
      return candidateId({ ...zero, [field]: other });
    });
    expect(new Set([...ids, candidateId(zero)]).size).to.equal(13);
  });

  it("bind a round to chain, contract, base, parameters and block", () => {
    const opening = {
      chainId: 31_337n,
      contract: `0x${"c0".repeat(20)}` as Hex,
      round: 7n,
      baseRoot: `0x${"01".repeat(32)}` as Hex,
      parametersHash: `0x${"02".repeat(32)}` as Hex,
      parentBlockHash: `0x${"03".repeat(32)}` as Hex,
    };
    const types = ["uint256", "address", "uint64", "bytes32", "bytes32", "bytes32"];
    const encoded = AbiCoder.defaultAbiCoder().encode(types, Object.values(opening));
    expect(openingHash(opening)).to.equal(keccak256(encoded));
  });

  it("pack a withheld leaf as update << 32 | leaf", () => {
    expect(withheldIndex(3, 5)).to.equal((3n << 32n) + 5n);
    expect(withheldIndex(0, 2 ** 32 - 1)).to.equal(2n ** 32n - 1n);
  });
});
