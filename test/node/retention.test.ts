import { expect } from "chai";
import { createMemoryStore } from "../../coordinator/adapters/ipfs/memory-store.ts";
import type { LoadedFederation } from "../../coordinator/ports/federation.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { parseModel } from "../../coordinator/protocol/model/safetensors.ts";
import { TestWorld, type TestWorldOptions } from "./harness.ts";

const TASK = new TextEncoder().encode("a task file");

function withTask(loaded: LoadedFederation, taskHash: Hex): LoadedFederation {
  return { ...loaded, federation: { ...loaded.federation, taskHash } };
}

describe("files of ended rounds", () => {
  let world: TestWorld;
  afterEach(() => world.stop());

  async function play(rounds: number, options: TestWorldOptions = {}): Promise<void> {
    world = new TestWorld(options);
    await world.start();
    await playOn(rounds);
  }

  /** Plays what is missing of `rounds` rounds. */
  async function playOn(rounds: number): Promise<void> {
    const done = world.chain.rounds.filter(({ status }) => status === "agreed").length;
    for (let number = done + 1; number <= rounds; number++) {
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
    const { candidate } = world.chain.rounds[number - 1]!.candidates.at(-1)!;
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

  /** Posts a second candidate in an ended round. Its proposer names any file as its manifest, or none that exists. */
  const postLoser = (number: number, manifestCid: Hex) => {
    const round = world.chain.rounds[number - 1]!;
    const [won] = round.candidates;
    const loser = { ...won!, id: manifestCid, candidate: { ...won!.candidate, manifestCid } };
    round.candidates = [loser, ...round.candidates];
  };

  it("are found after a restart though a candidate named garbage as its manifest", async () => {
    await play(2);
    await untilRange(1, "1", "2");
    await world.kill(1);
    postLoser(1, await world.miners[1]!.store.add(Uint8Array.of(1, 2, 3)));
    postLoser(2, `0x${"5e".repeat(32)}`);
    await world.restart(1);
    await untilRange(1, "1", "2");
    await world.until(() => world.miners[1]!.miner.status().round === "3", "round 3");
  });

  it("are forgotten though a candidate named garbage as its manifest", async () => {
    const task = await createMemoryStore().digest(TASK);
    await play(2, {
      parameters: { challengeWindow: 1 },
      tamper: (deps, index) =>
        index === 0
          ? {
              ...deps,
              config: { ...deps.config, retainRounds: 1 },
              federation: withTask(deps.federation, task),
            }
          : deps,
    });
    const garbage = await world.miners[0]!.store.add(Uint8Array.of(1, 2, 3));
    await world.miners[0]!.store.add(TASK);
    postLoser(1, garbage);
    postLoser(2, task);
    await playOn(6);
    expect(Number((await rangeOf(0))!.first)).to.be.greaterThan(1);
    for (const digest of [garbage, ...filesOf(1)])
      expect(await world.miners[0]!.miner.service.content(digest)).to.equal(undefined);
    // What every round needs is forgotten with none, whatever a candidate names.
    expect(await world.miners[0]!.store.has(task)).to.equal(true);
  });
});
