import { expect } from "chai";
import { type Flow, startFlow } from "../../scripts/demo/scenarios/flow.ts";
import { scenarioNamed } from "../../scripts/demo/scenarios/registry.ts";
import { playScenario } from "../../scripts/demo/scenarios/scenario.ts";

describe("a miner that goes on alone", function () {
  this.timeout(240_000);
  const scenario = scenarioNamed("alone-then-ratified");
  let flow: Flow;

  before(async () => {
    flow = await startFlow(scenario.settings);
  });
  after(() => flow?.stop());

  it("decides three rounds provisionally and unpaid; the first round of two ratifies them", async () => {
    const story = await playScenario(scenario, flow);
    expect(story).to.match(/[3-9] rounds degraded, all ratified by round \d+, which pays for itself alone/);
    expect(story).to.contain("RATIFIED").and.to.contain("nobody honest slashed");
  });
});
