import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { WRONG_COORDINATE } from "../../scripts/demo/faults.ts";
import { quorate } from "../../scripts/demo/quorate.ts";
import { type Flow, startFlow } from "../../scripts/demo/scenarios/flow.ts";
import { scenarioNamed } from "../../scripts/demo/scenarios/registry.ts";
import { playScenario } from "../../scripts/demo/scenarios/scenario.ts";

describe("a miner whose aggregates are wrong in one bit", function () {
  this.timeout(240_000);
  const scenario = scenarioNamed("wrong-aggregate-of-three");
  let flow: Flow;

  before(async () => {
    flow = await startFlow(scenario.settings);
  });
  after(() => flow?.stop());

  it("is proven wrong by an honest one, loses half its stake and its seat; the others go on", async () => {
    const story = await playScenario(scenario, flow);
    expect(story).to.contain("50 % slashed, jailed, two agreed rounds without it");
    expect(story).to.contain("nobody honest slashed");
  });

  it("names the coordinate that is wrong", () => {
    const logs = [2, 3]
      .map((index) => readFileSync(join(flow.options.out, "logs", `miner-${index}.log`), "utf8"))
      .join("\n");
    expect(logs).to.match(new RegExp(`"event":"watch-wrong".*"coordinate":${WRONG_COORDINATE}\\b`));
    expect(logs).to.match(/"event":"watch-proven"/);
  });

  it("leaves a round that an auditor finds right", async () => {
    const view = await flow.chain.view();
    const struck = [...view.rounds.values()].find(({ faults }) => faults.length > 0)!;
    const { code, out } = await quorate(["verify", "--round", String(struck.round), ...flow.at]);
    expect(out).to.match(/all \d+ checks hold/);
    expect(code).to.equal(0);
  });

  it("cannot be challenged twice, nor for what is right", async () => {
    const [user] = flow.federation.clients;
    const key = ["--keystore", user!.keystore, "--password-file", user!.passwordFile];
    const challenge = (...args: string[]) => quorate(["challenge", ...key, ...flow.at, ...args]);
    const view = await flow.chain.view();
    const rounds = [...view.rounds.values()];
    const struck = rounds.find(({ faults }) => faults.length > 0)!;
    const again = await challenge("--round", String(struck.round));
    expect(again.code).to.equal(1);
    expect(again.err).to.match(/already proven|ALREADY_PROVEN|final/i);
    const right = rounds.findLast(({ status, faults }) => status === "agreed" && faults.length === 0)!;
    const nothing = await challenge("--round", String(right.round));
    expect([nothing.code, nothing.out]).to.deep.equal([
      1,
      `round ${right.round}: every weight is right, nothing to prove`,
    ]);
    const beyond = await challenge("--round", String(right.round), "--coordinate", "199210");
    expect(beyond.err).to.contain("coordinate 199210 does not exist");
    expect((await challenge("--round", "999")).err).to.contain("round 999 was never opened");
  });
});
