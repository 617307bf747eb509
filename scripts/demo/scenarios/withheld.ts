import { fundTokens } from "../../federation/accounts.ts";
import { faultyOf, LIAR, ROUNDS, STAKE } from "./lies.ts";
import { agreedRounds, must, type Scenario, until } from "./scenario.ts";

const BOND = 10n * 10n ** 18n;
/** Bonds each honest miner may have open or lost. */
const BONDS = 2;

const withheldModel: Scenario = {
  name: "withheld-model",
  what: "one of three miners posts a wrong model and serves it to nobody; the others ask for a part of it, with a bond",
  settings: {
    rounds: ROUNDS,
    miners: 3,
    bonds: BONDS,
    faulty: { index: LIAR, fault: "withholds-model" },
  },
  async run(flow) {
    const { federation } = flow;
    const liar = faultyOf(flow);
    for (const [index, { wallet }] of federation.miners.entries())
      if (index !== LIAR) await fundTokens(federation.funder, wallet.address, BigInt(BONDS) * BOND);
    const view = await until(flow, (now) => now.miners.get(liar)!.slashed > 0n, "the liar is slashed");
    const asked = [...view.rounds.values()].flatMap(({ requests }) => requests);
    const concluded = asked.filter(({ state }) => state === "withheld");
    must(concluded.length >= 1, "a request was concluded without an answer");
    must(
      concluded.every(({ index }) => index === null),
      "the model itself was asked for",
    );
    must(view.miners.get(liar)!.stake === (STAKE * 9n) / 10n, "a tenth of its stake is gone, once");
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

export const WITHHELD = [withheldModel];
