import { setTimeout as sleep } from "node:timers/promises";
import { pauseFederation } from "../../federation/pause.ts";
import { checkSignatures, followersOf, minerThatReports } from "./miners.ts";
import { must, type Scenario } from "./scenario.ts";

/** Of block time, seconds: longer than every window. */
const LONG = 86_400;
/** For miners that would act on what has run out. */
const LOOK_MS = 4_000;

const paused: Scenario = {
  name: "paused-in-a-round",
  what: "governance holds the federation in the middle of a round, for longer than all of its windows",
  settings: { rounds: 5, miners: 2 },
  async run(flow) {
    const { provider, funder } = flow.federation;
    const { chain } = flow;
    await minerThatReports(followersOf(flow), "manifest", 1);
    await pauseFederation(funder, false);
    await provider.send("evm_increaseTime", [LONG]);
    await provider.send("evm_mine", []);
    const held = (await chain.currentRound())!;
    await sleep(LOOK_MS);
    const still = (await chain.currentRound())!;
    must(still.round === held.round && still.status === "open", "the round is open all the while");
    must(still.candidates.length === held.candidates.length, "nothing was posted in it");
    await pauseFederation(funder, true);
    const first = await flow.ended(Number(held.round));
    must(first.status === "agreed", `round ${held.round} is agreed (it is ${first.status})`);
    must(first.held >= LONG, "everything in it was later by the pause");
    const next = await flow.ended(Number(held.round) + 1);
    must(next.status === "agreed", `the next is agreed, too (it is ${next.status})`);
    checkSignatures(flow);
    return `${first.held} s of block time passed in round ${held.round}, and no deadline; it and the next are agreed`;
  },
};

export const PAUSES = [paused];
