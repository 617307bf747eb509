// The vectors that Solidity reads too (test/contracts/libraries/MessageVectors.t.sol): both sides hash alike.
import { readFileSync } from "node:fs";
import { expect } from "chai";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { payoutRootOf } from "../../../coordinator/protocol/incentives/payout-root.ts";
import {
  domainSeparator,
  MESSAGE_TYPES,
  type MessageKind,
  messageDigest,
  structHash,
} from "../../../coordinator/protocol/round/messages.ts";
import { updatesHash } from "../../../coordinator/protocol/round/references.ts";
import { messageVectors } from "../../vectors/generate-messages.ts";
import { payoutVectors } from "../../vectors/generate-payouts.ts";

const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), "utf8"));

const { chainId, verifyingContract } = messageVectors.domain;
const domain = { chainId: BigInt(chainId), verifyingContract: verifyingContract as Hex };

/** The protocol's message out of the file's decimal strings. */
function parsed(kind: MessageKind, message: Record<string, string | boolean>): never {
  const entries = MESSAGE_TYPES[kind].map(({ name, type }) => {
    const value = message[name];
    return [name, type.startsWith("uint") ? BigInt(value as string) : value];
  });
  return Object.fromEntries(entries) as never;
}

describe("vectors of messages and payouts", () => {
  it("the files are what the generators write", () => {
    expect(read("messages.json")).to.deep.equal(messageVectors);
    expect(read("payouts.json")).to.deep.equal(payoutVectors);
  });

  it("the domain", () => {
    expect(domainSeparator(domain)).to.equal(messageVectors.domainSeparator);
  });

  for (const [index, { kind, message, ...expected }] of messageVectors.messages.entries()) {
    it(`message ${index}, ${kind}`, () => {
      const typed = parsed(kind as MessageKind, message);
      expect(structHash(kind as MessageKind, typed)).to.equal(expected.structHash);
      expect(messageDigest(domain, kind as MessageKind, typed)).to.equal(expected.digest);
    });
  }

  for (const { references, updatesHash: expected } of messageVectors.updates) {
    it(`a list of ${references.length} references`, () => {
      const rows = references.map((reference) => ({
        client: reference.client as Hex,
        modelRoot: reference.modelRoot as Hex,
        sampleCount: BigInt(reference.sampleCount),
        signatureHash: reference.signatureHash as Hex,
      }));
      expect(updatesHash(rows)).to.equal(expected);
    });
  }

  for (const { name, root, claims } of payoutVectors) {
    it(`payouts: ${name}`, () => {
      for (const { account, cumulative, proof } of claims) {
        const row = { client: account, cumulative: BigInt(cumulative) } as Parameters<typeof payoutRootOf>[0];
        expect(payoutRootOf(row, proof as Hex[])).to.equal(root);
      }
    });
  }
});
