// What the tests of miners share: their states, a key's consent, rounds that someone misses.
import type { Federation } from "./federation.ts";
import { content, propose, signerOf, sorted, vote } from "./round.ts";

/** MinerStatus of IMinerRegistry. */
export const STATUS = {
  none: 0n,
  joining: 1n,
  active: 2n,
  suspending: 3n,
  inactive: 4n,
  exiting: 5n,
  exited: 6n,
};
export const URL = "http://127.0.0.1:7001";

export const statusOf = async (f: Federation, who: { address: string }) =>
  (await f.minerRegistry.minerInfo(who.address)).status;

/** The key's consent to sign for `owner`. */
export async function consent(f: Federation, key: Federation["stranger"], owner: string) {
  const { chainId } = await f.ethers.provider.getNetwork();
  const domain = {
    name: "Quorate",
    version: "1",
    chainId,
    verifyingContract: await f.minerRegistry.getAddress(),
  };
  return key.signTypedData(domain, { Key: [{ name: "owner", type: "address" }] }, { owner });
}

/** Settles the open round without the votes of `absent`. */
export async function agreeWithout(f: Federation, absent: string) {
  const round = await f.consensus.currentRound();
  const c = content(`${round}`);
  await propose(f, c);
  const votes = [];
  for (const s of await f.minerRegistry.roster()) {
    if (s.owner !== absent) votes.push(await vote(f, signerOf(f, s.owner)));
  }
  await f.consensus.settle(round, sorted(votes), c);
}
