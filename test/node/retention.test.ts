import { expect } from "chai";
import { parseModel } from "../../coordinator/protocol/model/safetensors.ts";
import { TestWorld, type TestWorldOptions } from "./harness.ts";

describe("files of ended rounds", () => {
  let world: TestWorld;
  afterEach(() => world.stop());

  async function play(rounds: number, options: TestWorldOptions = {}): Promise<void> {
    world = new TestWorld(options);
    await world.start();
    for (let number = 1; number <= rounds; number++) {
      await world.until(() => world.chain.rounds.length === number, `round ${number}`);
      const { modelCid, round } = world.chain.head;
      const base = round === 0n ? undefined : parseModel(await world.miners[0]!.store.read(modelCid));
      await Promise.all([0, 1, 2].map((i) => world.submit(i, world.update(i, base))));
      await world.until(() => world.chain.rounds[number - 1]!.status === "agreed", `round ${number} agreed`);
    }
  }

  const rangeOf = async (index: number) => (await world.miners[index]!.miner.service.info()).rounds;

  async function untilRange(index: number, first: string, last: string): Promise<void> {
    let range: Awaited<ReturnType<typeof rangeOf>> = null;
    for (let look = 0; look < 200; look++) {
      range = await rangeOf(index);
      if (range?.first === first && range.last === last) return;
      await world.clock.sleep(100);
    }
    expect(range).to.deep.equal({ first, last });
  }

  const filesOf = (number: number) => {
    const { candidate } = world.chain.rounds[number - 1]!.candidates[0]!;
    return [candidate.manifestCid, candidate.modelCid];
  };

  it("are all kept by default and advertised, after a restart too", async () => {
    await play(2);
    await untilRange(0, "1", "2");
    await world.kill(1);
    await world.restart(1);
    await untilRange(1, "1", "2");
    for (const digest of [...filesOf(1), ...filesOf(2)])
      expect(await world.miners[1]!.miner.service.content(digest)).to.not.equal(undefined);
  });

  it("older than the last retained rounds are forgotten once no claim and no base needs them", async () => {
    await play(5, {
      parameters: { challengeWindow: 1 },
      tamper: (deps, index) =>
        index === 0 ? { ...deps, config: { ...deps.config, retainRounds: 2 } } : deps,
    });
    await untilRange(1, "1", "5");
    const range = await rangeOf(0);
    expect(Number(range!.first)).to.be.greaterThan(1);
    for (const digest of filesOf(1)) {
      expect(await world.miners[0]!.miner.service.content(digest)).to.equal(undefined);
      expect(await world.miners[1]!.miner.service.content(digest)).to.not.equal(undefined);
    }
    for (const digest of filesOf(5))
      expect(await world.miners[0]!.miner.service.content(digest)).to.not.equal(undefined);
  });

  it("are kept while claims may still need them, however few rounds are retained", async () => {
    await play(4, {
      parameters: { challengeWindow: 600 },
      tamper: (deps) => ({ ...deps, config: { ...deps.config, retainRounds: 1 } }),
    });
    await untilRange(0, "1", "4");
    for (const digest of filesOf(1))
      expect(await world.miners[0]!.miner.service.content(digest)).to.not.equal(undefined);
  });
});
