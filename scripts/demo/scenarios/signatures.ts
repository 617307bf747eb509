import type { FederationView } from "../../../coordinator/protocol/views/federation-view.ts";
import type { Flow } from "./flow.ts";
import { logOf } from "./miners.ts";
import { agreedRounds, must, type Scenario, until } from "./scenario.ts";

/** More than are waited for. */
const ROUNDS = 12;
const STAKE = 1_000n * 10n ** 18n;
/** Index of the faulty miner. */
const LIAR = 0;
/** Parts of a stake that a double signature costs. */
const HALF = 2n;

function liarOf({ federation }: Flow): string {
  return federation.miners[LIAR]!.wallet.address.toLowerCase();
}

/** How often the honest miners' watchtowers had the liar punished. */
function timesPunished(flow: Flow): bigint {
  const logs = flow.federation.miners.map((_, index) => (index === LIAR ? "" : logOf(flow, index)));
  return BigInt(logs.join("\n").match(/"event":"watch-punished"/g)?.length ?? 0);
}

/** Waits until the liar has lost half of its stake for each offence, and its seat, and the others go on. */
async function jailed(flow: Flow): Promise<FederationView> {
  const liar = liarOf(flow);
  await until(flow, (now) => now.miners.get(liar)!.slashed > 0n, "the liar is slashed");
  await until(
    flow,
    (now) => {
      const since = now.miners.get(liar)!.status === "inactive" ? agreedRounds(now) : [];
      return since.some(({ roster }) => roster.every(({ miner }) => miner.toLowerCase() !== liar));
    },
    "a round agreed without the liar",
  );
  // It may have done it again before its seat was gone.
  return until(
    flow,
    (now) => now.miners.get(liar)!.slashed === STAKE - STAKE / HALF ** timesPunished(flow),
    "it lost half of what it had for each offence, once",
  );
}

/** What the honest miners' watchtowers reported. */
function reported(flow: Flow, pattern: RegExp): boolean {
  return flow.federation.miners.some((_, index) => index !== LIAR && pattern.test(logOf(flow, index)));
}

const twoVotes: Scenario = {
  name: "equivocating-votes",
  what: "one of three miners sends every other miner its vote and then the opposite one",
  settings: { rounds: ROUNDS, miners: 3, faulty: { index: LIAR, fault: "two-votes" } },
  async run(flow) {
    await jailed(flow);
    must(reported(flow, /"watch-double-signature".*"message":"Vote"/), "two votes were found");
    must(reported(flow, /"event":"watch-punished".*"bounty":"[1-9]/), "gas and bounty are reported");
    return "both votes shown to the contract, 50 % slashed, jailed; the other two agree without it";
  },
};

const twoManifests: Scenario = {
  name: "two-manifests",
  what: "one of three miners, when primary, signs two lists of updates",
  settings: { rounds: ROUNDS, miners: 3, faulty: { index: LIAR, fault: "two-manifests" } },
  async run(flow) {
    await jailed(flow);
    must(reported(flow, /"watch-double-signature".*"message":"Manifest"/), "two manifests were found");
    return "both lists shown to the contract, 50 % slashed, jailed; the other two agree without it";
  },
};

const copiedProposal: Scenario = {
  name: "copied-proposal",
  what: "one of two miners computes nothing, signs what the other has posted and votes yes on it",
  settings: { rounds: ROUNDS, miners: 2, faulty: { index: LIAR, fault: "copies" } },
  async run(flow) {
    const liar = liarOf(flow);
    const signedBoth = (now: FederationView) =>
      agreedRounds(now).filter(({ candidates }) => candidates.some(({ signers }) => signers.length === 2));
    const view = await until(flow, (now) => signedBoth(now).length >= 1, "a copy signed by both");
    for (const { candidates, round } of agreedRounds(view))
      must(candidates.length === 1, `round ${round} has one candidate: equal proposals are one`);
    const [copied] = signedBoth(view);
    must(
      copied!.candidates[0]!.signers.some(({ miner }) => miner.toLowerCase() === liar),
      "the copier answers for it with its signature",
    );
    return "the copy is the same candidate, which the copier answers for; nobody is paid twice";
  },
};

export const DOUBLE_DEALING = [twoVotes, twoManifests, copiedProposal];
