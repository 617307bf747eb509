import type { FederationView, RoundRecord } from "../../../coordinator/protocol/views/federation-view.ts";
import { contractAt, fundTokens } from "../../federation/accounts.ts";
import { startWatch } from "../federation.ts";
import { openRound, submit, trainAll } from "./clients.ts";
import type { Flow } from "./flow.ts";
import { faultyOf, LIAR, ROUNDS, STAKE } from "./lies.ts";
import { agreedRounds, must, type Scenario, until } from "./scenario.ts";

const BOND = 10n * 10n ** 18n;
/** Bonds each honest miner may have open or lost. */
const BONDS = 2;
/** What a withheld leaf costs each signer and yes-voter, and what of that is the asker's. */
const LOST = STAKE / 10n;
const BOUNTY = (LOST * 3n) / 10n;
/** Seconds. The demo's window holds one answer time and grace: then nobody can ask once a round has ended. */
const CHALLENGE_WINDOW = 60;

/** Waits until a request has run out of time; resolves with its round. */
async function concluded(
  flow: Flow,
): Promise<{ readonly view: FederationView; readonly record: RoundRecord }> {
  const isConcluded = ({ requests }: RoundRecord) => requests.some(({ state }) => state === "withheld");
  const view = await until(
    flow,
    ({ rounds }) => [...rounds.values()].some(isConcluded),
    "a request was concluded without an answer",
  );
  return { view, record: [...view.rounds.values()].find(isConcluded)! };
}

const withheldModel: Scenario = {
  name: "withheld-model",
  what: "one of three miners posts a wrong model and serves it to nobody; the others ask for a part of it, with a bond",
  settings: {
    rounds: ROUNDS,
    miners: 3,
    bonds: BONDS,
    challengeWindow: CHALLENGE_WINDOW,
    faulty: { index: LIAR, fault: "withholds-model" },
  },
  async run(flow) {
    const { federation } = flow;
    const liar = faultyOf(flow);
    for (const [index, { wallet }] of federation.miners.entries())
      if (index !== LIAR) await fundTokens(federation.funder, wallet.address, BigInt(BONDS) * BOND);
    const { view, record } = await concluded(flow);
    must(record.winner === null, "nobody could see it, so nobody agreed it");
    const [asked] = record.requests.filter(({ state }) => state === "withheld");
    must(asked!.index === null, "the model itself was asked for");
    must(view.miners.get(liar)!.slashed === LOST, "a tenth of its stake is gone, once");
    const later = await until(flow, (now) => agreedRounds(now).length >= 2, "two agreed rounds");
    must(later.miners.get(liar)!.status === "inactive", "the liar has lost its seat");
    const lies = [...later.rounds.values()].flatMap(({ faults }) => faults.map(({ candidate }) => candidate));
    must(
      agreedRounds(later).every(({ winner }) => winner !== null && !lies.includes(winner)),
      "no round was won by what nobody could see",
    );
    return "nobody showed the leaf in the answer time: 10 % slashed, jailed, bond back; two agreed rounds without it";
  },
};

const withheldUpdate: Scenario = {
  name: "withheld-update",
  what: "two miners, who are all there are, agree a round and show one of its updates to nobody; a client asks for it",
  settings: {
    rounds: ROUNDS,
    miners: 2,
    startClients: false,
    challengeWindow: CHALLENGE_WINDOW,
    faulty: { index: 0, fault: "withholds-update", accomplices: [1] },
  },
  async run(flow) {
    const { federation, supervisor } = flow;
    const [user] = federation.clients;
    const asker = user!.wallet.address;
    await fundTokens(federation.funder, asker, BOND);
    const round = await openRound(flow);
    for (const [client, file] of (await trainAll(flow)).entries())
      must((await submit(flow, client, file)).code === 0, `client ${client + 1} submits`);
    const agreed = await flow.ended(round);
    must(agreed.status === "agreed", `both said yes, so it is agreed (it is ${agreed.status})`);
    startWatch(supervisor, federation, { user: user!, bonds: 1 });
    const { view, record } = await concluded(flow);
    must(record.round === agreed.round, "it was about the agreed round");
    must(record.requests.length === 1 && record.requests[0]!.index === 2, "the third update was asked for");
    must(record.requests[0]!.requester.toLowerCase() === asker.toLowerCase(), "by the client");
    must(record.status === "reverted", `the round is taken back (it is ${record.status})`);
    must(view.latestSettlement === 0n, "the genesis model is the head again, and nobody is paid");
    for (const { slashed, status } of view.miners.values()) {
      must(slashed === LOST, "both have lost a tenth of their stake");
      // Nobody is left to open a round, at which their seats would be gone.
      must(status === "suspending", `both are jailed (one is ${status})`);
    }
    const token = await contractAt(federation.funder, "FederationToken");
    must((await token.balanceOf!(asker)) === BOND + 2n * BOUNTY, "the asker has its bond and two bounties");
    return `update 2 of round ${round} was not shown in the answer time: 10 % of both miners slashed, the round reverted`;
  },
};

export const WITHHELD = [withheldModel, withheldUpdate];
