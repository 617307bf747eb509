import { readFileSync } from "node:fs";
import { expect } from "chai";
import { fromHex, type Hex, toHex } from "../../../coordinator/protocol/bytes.ts";
import { leafOf } from "../../../coordinator/protocol/decisions/decision.ts";
import { append, climb, emptyTree, pathOf, rootOf } from "../../../coordinator/protocol/decisions/tree.ts";
import { signingAddress } from "../../../coordinator/protocol/praft/address.ts";
import { configHash, memberWords } from "../../../coordinator/protocol/praft/config.ts";
import { checkpointDigest } from "../../../coordinator/protocol/praft/statements.ts";

const vectors = JSON.parse(readFileSync(new URL("../../vectors/checkpoints.json", import.meta.url), "utf8"));
const groupId: Hex = vectors.domainSeparator;

describe("vectors of checkpoints, committees and decisions", () => {
  const keys: Uint8Array[] = vectors.publicKeys.map((key: string) => fromHex(key, 33));

  it("digests are EIP-712 under the group's id", () => {
    for (const { message, digest } of vectors.checkpoints)
      expect(toHex(checkpointDigest({ groupId, epoch: message.epoch }, message))).to.equal(digest);
  });

  it("keys have the addresses that a contract recovers; what is no key has another", () => {
    expect(keys.map(signingAddress)).to.deep.equal(
      vectors.addresses.map((each: string) => each.toLowerCase()),
    );
    const negated = keys[0]!.slice();
    negated[0]! ^= 1;
    const noPoint = new Uint8Array(33).fill(0xff);
    for (const wrong of [negated, noPoint, keys[0]!.subarray(1), new Uint8Array(48)])
      expect(signingAddress(wrong))
        .to.match(/^0x[0-9a-f]{40}$/)
        .and.not.equal(signingAddress(keys[0]!));
  });

  it("committees hash to what the registry holds", () => {
    const members = keys.map((voteKey, i) => ({ id: `m${i}`, voteKey, weight: vectors.weights[i] }));
    const [all, two] = vectors.committees;
    expect(memberWords({ groupId, epoch: 0, members }).map(BigInt)).to.deep.equal(all.members.map(BigInt));
    expect(configHash({ groupId, epoch: 0, members }, all.details)).to.equal(all.hash);
    expect(configHash({ groupId, epoch: 9, members: members.slice(1, 3) }, two.details)).to.equal(two.hash);
  });

  it("decisions are leaves under the root, whatever their number", () => {
    const leaves: Hex[] = vectors.decisions.map(
      (each: { outcome: Hex | null; kind: string }, position: number) =>
        leafOf({
          ...each,
          position,
          outcome: each.outcome === null ? undefined : fromHex(each.outcome),
        } as never),
    );
    expect(leaves).to.deep.equal(vectors.decisions.map(({ leaf }: { leaf: Hex }) => leaf));
    const tree = emptyTree();
    for (const [i, leaf] of leaves.entries()) {
      append(tree, leaf);
      expect(rootOf(tree)).to.equal(vectors.roots[i]);
      expect(pathOf(leaves, i)).to.deep.equal(vectors.decisions[i].proof);
      expect(climb(leaf, pathOf(leaves, i))).to.equal(vectors.roots.at(-1));
    }
  });
});
