import { expect } from "chai";
import { isQuorateError } from "../../coordinator/protocol/errors.ts";
import type { FederationView } from "../../coordinator/protocol/views/federation-view.ts";
import { parseDemoOptions } from "../../scripts/demo/options.ts";
import type { Flow } from "../../scripts/demo/scenarios/flow.ts";
import { SCENARIOS, scenarioList, scenarioNamed } from "../../scripts/demo/scenarios/registry.ts";
import { checkStakes, must } from "../../scripts/demo/scenarios/scenario.ts";

describe("fault scenarios", () => {
  it("are found by their names, each of its own", () => {
    const names = SCENARIOS.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    for (const name of names) expect(scenarioNamed(name).name).to.equal(name);
    expect(scenarioList().split("\n")).to.have.length(names.length);
    expect(parseDemoOptions(["--scenario", "list"]).scenario).to.equal("list");
    expect(() => scenarioNamed("nothing"))
      .to.throw()
      .and.satisfy((error: unknown) => isQuorateError(error, "USAGE"));
  });

  it("fail when an honest miner is slashed, and only then", () => {
    const [liar, honest] = [`0x${"Aa".repeat(20)}`, `0x${"Bb".repeat(20)}`];
    const miners = [liar, honest].map((address) => ({ wallet: { address } }));
    const flow = { options: { faulty: { index: 0 } }, federation: { miners } } as unknown as Flow;
    const view = (slashed: Record<string, bigint>) =>
      ({
        miners: new Map(
          [liar, honest].map((miner) => [miner.toLowerCase(), { miner, slashed: slashed[miner] ?? 0n }]),
        ),
      }) as unknown as FederationView;
    expect(checkStakes(flow, view({ [liar]: 500n }))).to.equal("nobody honest slashed");
    expect(() => checkStakes(flow, view({ [honest]: 1n }))).to.throw(`miner ${honest} is honest`);
    const nobody = { ...flow, options: {} } as unknown as Flow;
    expect(() => checkStakes(nobody, view({ [liar]: 1n }))).to.throw(`miner ${liar} is honest`);
  });

  it("fail with the sentence that does not hold", () => {
    expect(() => must(false, "the head stays")).to.throw("the head stays: this must hold and does not");
    must(true, "nothing");
  });
});
