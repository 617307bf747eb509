import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { networkIdentity } from "../../coordinator/adapters/peers/identity.ts";
import { readCommittee } from "../../coordinator/cli/praft/committee.ts";
import { openVoter, type VoteScheme } from "../../coordinator/cli/praft/voter.ts";
import { toHex } from "../../coordinator/protocol/bytes.ts";

/** A member as `praft identity` prints it. */
async function entryOf(i: number, name: VoteScheme) {
  const secret = new Uint8Array(32).fill(i + 1);
  const { scheme, secretKey } = await openVoter(name, secret);
  return {
    id: networkIdentity(secret).id,
    voteKey: toHex(scheme.publicKeyOf(secretKey)),
    possession: toHex(scheme.provePossession(secretKey)),
    weight: 1,
    address: `127.0.0.1:${7_000 + i}`,
  };
}

describe("a committee file", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quorate-committee-"));
  });
  after(() => rm(folder, { recursive: true }));

  const read = async (members: readonly object[], more: object = {}) => {
    const file = join(folder, "committee.json");
    await writeFile(file, JSON.stringify({ groupId: `0x${"5c".repeat(32)}`, epoch: 0, members, ...more }));
    return readCommittee(file);
  };
  const codeOf = (reading: Promise<unknown>) =>
    reading.then(
      () => "none",
      ({ code }: { code: string }) => code,
    );

  it("has secp256k1 keys if it does not say, and needs no proof of them", async () => {
    const { possession: _, ...entry } = await entryOf(0, "secp256k1");
    const { scheme, config } = await read([entry]);
    expect([scheme, config.members[0]!.voteKey.length]).to.deep.equal(["secp256k1", 33]);
    expect(await codeOf(read([entry], { scheme: "rsa" }))).to.equal("COMMITTEE_MALFORMED");
    expect(await codeOf(read([entry], { scheme: "bls" }))).not.to.equal("none");
  });

  it("has BLS keys only with proof that each owner has the secret", async () => {
    const [a, b] = [await entryOf(0, "bls"), await entryOf(1, "bls")];
    const { scheme, config } = await read([a, b], { scheme: "bls" });
    expect([scheme, config.members[1]!.voteKey.length]).to.deep.equal(["bls", 48]);
    const { possession: _, ...unproven } = b;
    for (const bad of [unproven, { ...b, possession: a.possession }, { ...b, possession: 7 }])
      expect(await codeOf(read([a, bad], { scheme: "bls" }))).to.equal("COMMITTEE_POSSESSION");
  });

  it("gives a BLS voter a key of its own, always the same", async () => {
    const secret = new Uint8Array(32).fill(9);
    const [a, b] = [await openVoter("bls", secret), await openVoter("bls", secret)];
    expect(a.secretKey).to.deep.equal(b.secretKey);
    expect(a.secretKey).not.to.deep.equal(secret);
    expect((await openVoter("secp256k1", secret)).secretKey).to.equal(secret);
  });
});
