import { expect } from "chai";
import { quorate } from "../../scripts/demo/quorate.ts";
import { type Flow, startFlow } from "../../scripts/demo/scenarios/flow.ts";
import { scenarioNamed } from "../../scripts/demo/scenarios/registry.ts";
import { playScenario } from "../../scripts/demo/scenarios/scenario.ts";

describe("a miner killed in each phase and started again", function () {
  this.timeout(240_000);
  const scenario = scenarioNamed("killed-in-each-phase");
  let flow: Flow;
  before(async () => {
    flow = await startFlow(scenario.settings);
  });
  after(() => flow?.stop());

  it("goes on in every phase, and never signed two things for one slot", async () => {
    expect(await playScenario(scenario, flow)).to.contain("sum of balances unchanged");
  });

  it("left nothing an auditor would refuse", async () => {
    for (const round of [3, 5]) {
      const { code, out } = await quorate(["verify", "--round", String(round), ...flow.at]);
      expect(code, out).to.equal(0);
    }
  });
});
