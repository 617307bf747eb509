// A round of two miners and three clients, from the proposal to the last claim, over and over: with the first the ring,
// the payout entries and the balances are empty; with the last everything is in use.
import { BUDGET, deployFederation, type Federation, ONE } from "../../test/contracts/support/federation.ts";
import { agree, content, payoutTree } from "../../test/contracts/support/round.ts";
import { GENESIS } from "./fixed-clock.ts";
import { expectEqual, type GasTable, gasOf } from "./recorder.ts";

/** Ring slots of the demo; the distributor has one more, so everything was written before from round 8 on. */
const ROUNDS = 9n;
const SHARES = [BUDGET / 2n, BUDGET / 4n, BUDGET / 4n];

interface RoundGas {
  propose: number;
  settle: number;
  claims: number[];
}

/** Adds `propose.both`, `settle.2`, `claim` and `round`; `filling` is a round between, in the ring's unused slots. */
export async function measureRounds(gas: GasTable): Promise<void> {
  const f = await deployFederation({ initialDate: GENESIS });
  let owed = f.clients.map((): bigint => 0n);
  const rounds: RoundGas[] = [];
  for (let round = 1n; round <= ROUNDS; ++round) {
    owed = owed.map((sum, i) => sum + SHARES[i]!);
    rounds.push(await playRound(f, round, owed));
  }
  for (const [name, round] of [["first", rounds.at(0)!] as const, ["steady", rounds.at(-1)!] as const]) {
    gas[`propose.both.${name}`] = round.propose;
    gas[`settle.2.${name}`] = round.settle;
    // The very first claim of a federation is apart.
    gas[`claim.${name}`] = Math.max(...round.claims.slice(name === "first" ? 1 : 0));
    gas[`round.${name}`] = round.propose + round.settle + round.claims.reduce((sum, claim) => sum + claim, 0);
    gas[`round.${name}.transactions`] = 2 + round.claims.length;
  }
  gas["settle.2.filling"] = rounds[1]!.settle;
  gas["claim.firstOfFederation"] = rounds[0]!.claims[0]!;
}

/** One agreed round and the claims of all clients; `owed` is what each was to get so far. */
async function playRound(f: Federation, round: bigint, owed: bigint[]): Promise<RoundGas> {
  const tree = payoutTree(f.clients.map((client, i) => [client.address, owed[i]!]));
  const c = content(`round ${round}`, { payoutsRoot: tree.root, payoutsTotal: BUDGET * round });
  const { proposal, settlement } = await agree(f, c);
  expectEqual("agreed round", (await f.consensus.head()).round, round);
  expectEqual("head", (await f.consensus.head()).modelRoot, c.modelRoot as string);
  expectEqual("next round", await f.consensus.currentRound(), round + 1n);
  const { finalAt } = await f.lens.roundInfo(round);
  await f.helpers.time.increaseTo(finalAt);
  const claims = [];
  for (const [index, [account, cumulative]] of tree.entries()) {
    claims.push(await gasOf(await f.distributor.claim(round, account, cumulative, tree.getProof(index))));
  }
  const paid = await Promise.all(f.clients.map((client) => f.token.balanceOf(client.address)));
  expectEqual(
    "paid in tokens",
    paid.map((sum: bigint) => sum / ONE).join(),
    owed.map((sum) => sum / ONE).join(),
  );
  return { propose: await gasOf(proposal), settle: await gasOf(settlement), claims };
}
