import { setTimeout as sleep } from "node:timers/promises";
import { QuorateError } from "../../../coordinator/protocol/errors.ts";
import type { FederationView, RoundRecord } from "../../../coordinator/protocol/views/federation-view.ts";
import { outcomeOf } from "../../../coordinator/protocol/views/outcomes.ts";
import { isConserved } from "../checks.ts";
import { readMoney } from "../money.ts";
import { faultyMiners } from "../options.ts";
import { type Flow, type FlowSettings, startFlow } from "./flow.ts";

/** A fault made on purpose in a running federation, and what the protocol says must come of it. */
export interface Scenario {
  readonly name: string;
  /** What goes wrong, in a line. */
  readonly what: string;
  readonly settings: FlowSettings;
  /** Makes the fault; resolves with what came of it. @throws QuorateError SCENARIO_FAILED */
  readonly run: (flow: Flow) => Promise<string>;
}

export interface ScenarioResult {
  readonly name: string;
  readonly ok: boolean;
  /** What happened, or why it is not what must happen. */
  readonly story: string;
  readonly seconds: number;
}

/** Runs a scenario in a federation of its own, from deployment to the check of all balances. */
export async function runScenario(scenario: Scenario): Promise<ScenarioResult> {
  const started = performance.now();
  const { name } = scenario;
  const done = (ok: boolean, story: string) => ({
    name,
    ok,
    story,
    seconds: (performance.now() - started) / 1_000,
  });
  let flow: Flow | undefined;
  try {
    flow = await startFlow(scenario.settings);
    return done(true, await playScenario(scenario, flow));
  } catch (error) {
    return done(false, (error as Error).message);
  } finally {
    await flow?.stop();
  }
}

/** Runs a scenario in a federation that was started with its settings; resolves with its story. */
export async function playScenario(scenario: Scenario, flow: Flow): Promise<string> {
  const story = await scenario.run(flow);
  const view = await flow.chain.view();
  return [story, stateOf(view), await checkStakes(flow, view), await checkMoney(flow)].join("; ");
}

/** @throws QuorateError SCENARIO_FAILED unless `holds` */
export function must(holds: boolean, what: string): void {
  if (!holds) throw new QuorateError("SCENARIO_FAILED", `${what}: this must hold and does not`);
}

/** Waits until the chain shows something. @throws QuorateError SCENARIO_FAILED after `seconds` */
export async function until(
  { chain, supervisor }: Flow,
  holds: (view: FederationView) => boolean,
  what: string,
  seconds = 150,
): Promise<FederationView> {
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    const view = await chain.view();
    if (holds(view)) return view;
    must(Date.now() < end, `${what} within ${seconds} s (${stateOf(view)})`);
    supervisor.check();
    await sleep(200);
  }
}

export function agreedRounds({ rounds }: FederationView): RoundRecord[] {
  return [...rounds.values()].filter(({ status }) => status === "agreed");
}

/** How many rounds ended in which way. */
function stateOf({ rounds }: FederationView): string {
  const ends = [...rounds.values()].flatMap((record) => outcomeOf(record) ?? []);
  const counts = Map.groupBy(ends, ({ status, reason }) => `${status} (${reason})`);
  return [...counts].map(([end, { length }]) => `${length} × ${end}`).join(", ") || "no round ended";
}

/** @throws QuorateError SCENARIO_FAILED if anyone but the faulty miners lost stake */
export function checkStakes({ options, federation }: Flow, { miners }: FederationView): string {
  const guilty = faultyMiners(options).map((index) => federation.miners[index]!.wallet.address.toLowerCase());
  for (const { miner, slashed } of miners.values())
    must(
      slashed === 0n || guilty.includes(miner.toLowerCase()),
      `miner ${miner} is honest and keeps its stake`,
    );
  return "nobody honest slashed";
}

async function checkMoney({ federation }: Flow): Promise<string> {
  const money = await readMoney(federation);
  must(isConserved(money), `all balances add up to the supply (${money.balances} of ${money.supply})`);
  return "sum of balances unchanged";
}
