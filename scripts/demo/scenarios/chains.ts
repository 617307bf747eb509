import { existsSync } from "node:fs";
import { join } from "node:path";
import { startAnvil } from "../federation.ts";
import { checkSignatures, followersOf, minerThatReports } from "./miners.ts";
import { agreedRounds, must, type Scenario, until } from "./scenario.ts";

const STATE = "chain-state.json";

const restarted: Scenario = {
  name: "chain-restarted",
  what: "the chain's node is stopped in the middle of a round and started again with its chain",
  settings: { rounds: 5, miners: 2, anvil: ["--state", STATE] },
  async run(flow) {
    // Once the order of proposers is stored: anvil forgets the hashes of old blocks, which it is drawn from.
    await minerThatReports(followersOf(flow), "posted", 1);
    const { supervisor, options, federation } = flow;
    await supervisor.stop(["chain"]);
    must(existsSync(join(options.out, STATE)), "the chain was written to disk");
    const before = await flow.chain.latestBlock().catch(() => undefined);
    must(before === undefined, "the node is away");
    await startAnvil(options, supervisor, Number(new URL(federation.rpcUrl).port));
    for (const round of [1, 2]) {
      const { status } = await flow.ended(round);
      must(status === "agreed", `round ${round} is agreed (it is ${status})`);
    }
    await checkSignatures(flow);
    return "the miners wait for it; the round that was open and the next are agreed";
  },
};

const reorganised: Scenario = {
  name: "chain-reorganised",
  what: "the block with a settlement is replaced by one without it",
  settings: { rounds: 6, miners: 2, anvil: [] },
  async run(flow) {
    await minerThatReports(followersOf(flow), "settled", 1);
    const { provider } = flow.federation;
    const settled = (await flow.chain.view()).rounds.get(1n)!;
    const depth = (await provider.getBlockNumber()) - settled.ended!.block + 1;
    await provider.send("anvil_reorg", [depth, []]);
    const { blockHash } = settled.ended!;
    // The miners may be faster than whoever looks for the open round.
    await until(
      flow,
      ({ rounds }) => {
        const ended = rounds.get(1n)!.ended;
        return ended !== null && ended.blockHash !== blockHash;
      },
      "round 1 is settled in another block",
    );
    const record = await flow.ended(1);
    must(record.status === "agreed", "round 1 is agreed again");
    must(record.winner === settled.winner, "by the same candidate: its signatures still hold");
    const view = await until(flow, (now) => agreedRounds(now).length >= 3, "two more agreed rounds");
    const second = view.rounds.get(2n)!;
    must(second.baseSettlement === 1n, "round 2 builds on it");
    await checkSignatures(flow);
    return `${depth} blocks replaced; settled again with the same votes, then two more rounds`;
  },
};

export const CHAIN_FAULTS = [restarted, reorganised];
