import { expect } from "chai";
import { createPrometheusMetrics } from "../../coordinator/adapters/metrics/prometheus.ts";
import { type RecordingLogger, recordingLogger } from "../adapters/http/fixtures.ts";
import { TestWorld } from "./harness.ts";

describe("what a miner logs and measures", () => {
  let world: TestWorld;
  let logger: RecordingLogger;
  const nothing = { ledger: () => [], miner: async () => undefined, slashed: async () => new Map() };
  const metrics = createPrometheusMetrics(nothing);

  before(async () => {
    logger = recordingLogger();
    world = new TestWorld({ tamper: (deps, index) => (index === 0 ? { ...deps, logger, metrics } : deps) });
    await world.start();
    await world.until(() => world.chain.rounds.length >= 1, "round 1");
    await Promise.all([0, 1, 2].map((i) => world.submit(i, world.update(i))));
    await world.until(() => world.chain.rounds[0]!.status === "agreed", "round 1 agreed");
    await world.until(() => world.miners[0]!.miner.status().round === "2", "round 2 seen");
  });
  after(() => world.stop());

  it("names round and phase in every line", () => {
    expect(logger.lines.length).to.be.greaterThan(8);
    for (const { fields, message } of logger.lines) {
      expect(fields, message).to.have.property("round");
      expect(fields, message).to.have.property("phase");
    }
  });

  it("tells the story of a round from its lines: phases in order, votes with their reasons", () => {
    const story = logger.lines.filter(({ fields }) => fields.round === "1");
    const phases = story.filter(({ message }) => message === "phase").map(({ fields }) => fields.phase);
    expect(phases.filter((phase) => phase !== "ended")).to.deep.equal(["collect", "propose", "vote"]);
    const votes = story.filter(({ message }) => message === "vote");
    expect(votes.map(({ fields }) => [fields.support, fields.reason])).to.deep.equal([
      [true, "none"],
      [true, "none"],
    ]);
    for (const { fields } of logger.lines.filter(({ message }) => message === "phase"))
      if (fields.before) expect(fields.seconds).to.be.at.least(0);
  });

  it("measures the same", async () => {
    const page = await metrics.page();
    expect(page).to.contain('quorate_votes_total{support="yes",reason="none"} 2');
    expect(page).to.contain("quorate_round 2\n");
    expect(page).to.contain("quorate_chain_reachable 1\n");
    for (const phase of ["collect", "propose", "vote"])
      expect(page).to.match(new RegExp(`quorate_phase_seconds_count\\{phase="${phase}"\\} [1-9]`));
  });

  it("counts what fails by code", async () => {
    world.unreachable.add(world.miners[1]!.endpoint);
    await Promise.all([0, 1].map((i) => world.submit(i, world.update(i)).catch(() => undefined)));
    await world.until(
      () => logger.lines.some(({ fields }) => fields.code === "MINER_UNREACHABLE"),
      "a failure",
    );
    expect(await metrics.page()).to.match(
      /quorate_failures_total\{doing="\w+",code="MINER_UNREACHABLE"\} [1-9]/,
    );
    world.unreachable.clear();
  });
});
