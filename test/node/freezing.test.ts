import { expect } from "chai";
import type { MinerEvent } from "../../coordinator/node/types.ts";
import { type Hex, ZERO_HASH } from "../../coordinator/protocol/bytes.ts";
import { decodeOperation, encodeOpen } from "../../coordinator/protocol/decisions/operations.ts";
import { encodeRoundUpdates } from "../../coordinator/protocol/decisions/updates.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { CommonLog, secretOf } from "./common-log.ts";
import type { TestWorldOptions } from "./harness.ts";
import { doubleSignatures } from "./parts.ts";
import { Scenario } from "./scenario.ts";

let world: Scenario;
let log: CommonLog;
let events: MinerEvent[][];

/** Miners with a replica each, as far as the log goes; the first round is open. */
async function startedWithLog(options: TestWorldOptions = {}): Promise<void> {
  const miners = options.miners ?? 3;
  world = new Scenario({
    ...options,
    miners,
    tamper: (deps, index) => {
      log ??= new CommonLog(
        deps.clock,
        Array.from({ length: miners }, (_, i) => `miner ${i}`),
      );
      return { ...deps, ordering: log.of(index, secretOf(`miner ${index}`)) };
    },
  });
  events = world.miners.map(() => []);
  for (const [i, { miner }] of world.miners.entries()) miner.on((event) => void events[i]!.push(event));
  await world.start();
  await world.until(() => world.chain.rounds.length === 1, "round 1");
}

const of = (kind: MinerEvent["kind"], round = "1") =>
  events.map((all) => all.filter((event) => event.kind === kind && event.round === round));

/** Client i reaches miner i only, and miners don't tell each other. */
function scattered(): void {
  world.intercept = (method, endpoint, from) => {
    const lost =
      method === "announceUpdate" ||
      (method === "submitUpdate" && endpoint !== `http://miner-${from.replace("client ", "")}`);
    if (lost) throw new QuorateError("MINER_UNREACHABLE", "lost");
  };
}

describe("a round's updates, frozen by the committee", () => {
  beforeEach(() => {
    log = undefined as unknown as CommonLog;
  });
  afterEach(async () => {
    await world.stop();
    log.stop();
    for (const { signer } of world.miners) expect(doubleSignatures(signer)).to.deep.equal([]);
  });

  it("are the same at all miners, those too that one miner alone was sent", async () => {
    await startedWithLog({ parameters: { collectMax: 6 } });
    scattered();
    await world.submitAll();
    await world.agreed(1);
    const frozen = of("frozen").map(([first]) => first);
    expect(frozen.map((event) => event?.updates)).to.deep.equal([3, 3, 3]);
    expect(new Set(frozen.map((event) => event?.updatesHash)).size).to.equal(1);
    const [candidate] = world.round(1).candidates;
    expect(candidate!.candidate.updatesHash).to.equal(frozen[0]!.updatesHash);
    expect(candidate!.signers).to.have.length(2);
  });

  it("come from the proposers' exchange while the engine stands still", async () => {
    await startedWithLog();
    log.places[2]!.alive = false;
    await world.submitAll();
    await world.agreed(1);
    expect(of("frozen").flat()).to.deep.equal([]);
    expect(world.round(1).candidates[0]!.candidate.updateCount).to.equal(3);
    expect(world.round(1).candidates[0]!.signers).to.have.length(2);
    log.places[2]!.alive = true;
    await world.until(() => world.chain.rounds.length === 2, "round 2");
    await world.submitAll();
    await world.agreed(2);
    expect(of("frozen", "2").map((all) => all.length)).to.deep.equal([1, 1, 1]);
  });

  it("are nobody's concern once a candidate is posted", async () => {
    await startedWithLog({ parameters: { proposeSlot: 60, voteWindow: 60 } });
    log.still = true;
    world.intercept = (method) => {
      if (method === "offerVote" || method === "votes") throw new QuorateError("MINER_UNREACHABLE", "lost");
    };
    await world.submitAll();
    await world.until(() => world.round(1).candidates.length === 1, "a candidate");
    expect(log.asked).not.to.deep.equal([]);
    // A miner may not have seen the candidate yet; an opening that did not come is lost after two seconds.
    const posted = world.clock.now();
    await world.until(() => world.clock.now() > posted + 2_000, "two seconds");
    const asked = log.asked.length;
    await world.until(() => world.clock.now() > posted + 9_000, "seven more");
    expect(log.asked).to.have.length(asked);
    expect(world.round(1).status).to.equal("open");
  });

  it("are not taken from a committee in which the partner cast no ballot", async () => {
    await startedWithLog({ miners: 4 });
    // The secondary's replica is gone; the others are weight Q and freeze without it.
    log.places[1]!.alive = false;
    world.intercept = (method, endpoint, from) => {
      const toSecondary = endpoint === "http://miner-1";
      const lost = method === "submitUpdate" && toSecondary !== (from === "client 2");
      if (lost || method === "announceUpdate" || method === "updates")
        throw new QuorateError("MINER_UNREACHABLE", "lost");
    };
    await world.submitAll();
    await world.agreed(1);
    expect(world.round(1).candidates).to.have.length(1);
    expect(world.round(1).candidates[0]!.candidate.updateCount).to.equal(3);
  });

  it("are asked for by a miner that none of them reached, once others have collected", async () => {
    await startedWithLog();
    world.intercept = (method, endpoint) => {
      const lost = method === "submitUpdate" && endpoint === "http://miner-2";
      if (lost || method === "announceUpdate") throw new QuorateError("MINER_UNREACHABLE", "lost");
    };
    await world.submitAll();
    await world.agreed(1);
    expect(of("frozen").map(([first]) => first?.updates)).to.deep.equal([3, 3, 3]);
    expect(of("update")[2]).to.deep.equal([]);
  });

  it("are frozen though a stranger opened tasks before, some too short and some too long", async () => {
    await startedWithLog();
    const { round, openingHash } = world.chain.rounds[0]!;
    const parameters = encodeRoundUpdates({ round: Number(round), openingHash });
    const open = (heights: number) =>
      encodeOpen({ kind: "updates", closeHeight: log.height + heights, salt: ZERO_HASH, parameters });
    log.order([...Array.from({ length: 5 }, (_, i) => open(2 + i)), open(4_000), open(50_000)]);
    await world.submitAll();
    await world.agreed(1);
    expect(of("frozen").map((all) => all.length)).to.deep.equal([1, 1, 1]);
  });

  it("are frozen once there are some, though a stranger opened tasks while there were none", async () => {
    await startedWithLog({ parameters: { collectMax: 6 } });
    const { round, openingHash, collectMaxUntil } = world.chain.rounds[0]!;
    const parameters = encodeRoundUpdates({ round: Number(round), openingHash });
    await world.until(() => world.clock.now() > 1_000 * (collectMaxUntil + 1), "the end of collecting");
    const closeHeight = log.height + 20;
    log.order([encodeOpen({ kind: "updates", closeHeight, salt: ZERO_HASH, parameters })]);
    await world.until(() => log.height > closeHeight, "the end of the task");
    await world.submitAll();
    await world.agreed(1);
    expect(of("frozen").map(([first]) => first?.updates)).to.deep.equal([3, 3, 3]);
  });

  it("are voted on in eight tasks at most, however many a stranger opens", async () => {
    await startedWithLog({ parameters: { collectMax: 6, proposeSlot: 60 } });
    const { round, openingHash, collectMaxUntil } = world.chain.rounds[0]!;
    const parameters = encodeRoundUpdates({ round: Number(round), openingHash });
    await world.until(() => world.clock.now() > 1_000 * (collectMaxUntil + 1), "the end of collecting");
    // Nobody holds any, so nothing is frozen, and each task asks for ballots.
    for (let i = 0; i < 10; i++) {
      const closeHeight = log.height + 20;
      log.order([encodeOpen({ kind: "updates", closeHeight, salt: ZERO_HASH, parameters })]);
      await world.until(() => log.height > closeHeight, `the end of task ${i}`);
    }
    const operations = log.asked.flatMap((each) => each.operations.map(decodeOperation));
    const tasksOf = (signer: number) =>
      new Set(
        operations.flatMap((each) =>
          each?.operation === "ballot" && each.signer === signer ? [each.task] : [],
        ),
      ).size;
    expect([0, 1, 2].map(tasksOf)).to.deep.equal([8, 8, 8]);
  });

  it("are not kept back by a miner that answers with forged entries", async () => {
    await startedWithLog({ miners: 4, parameters: { collectMax: 6 } });
    scattered();
    // What it says of its own update names another file; and it lists two forged ones of each client before the true ones.
    const liar = world.miners[0]!.miner.service;
    const honest = liar.updates.bind(liar);
    const file: Hex = `0x${"77".repeat(32)}`;
    Object.assign(liar, {
      updates: async (round: bigint) => {
        const all = await honest(round);
        const forged = world.clients.flatMap(({ address }) =>
          all.slice(0, 1).flatMap((signed) =>
            [1n, 2n].map((sampleCount) => ({
              ...signed,
              client: address,
              update: { ...signed.update, sampleCount },
            })),
          ),
        );
        return [
          ...forged,
          ...all.map((signed) => ({ ...signed, update: { ...signed.update, modelCid: file } })),
        ];
      },
    });
    await world.submitAll();
    await world.agreed(1);
    const frozen = of("frozen").map(([first]) => first?.updates);
    // What only the liar holds is not frozen: it is of no more weight than F.
    expect(frozen.slice(1)).to.deep.equal([2, 2, 2]);
  });

  it("are settled by the exchange of two miners, who both propose", async () => {
    await startedWithLog({ miners: 2 });
    await world.submitAll();
    await world.agreed(1);
    expect(of("frozen").flat()).to.deep.equal([]);
    expect(of("manifest").map(([first]) => first?.updates)).to.deep.equal([3, 3]);
  });

  it("leave no client out whom a proposer has acknowledged", async () => {
    await startedWithLog({ miners: 4, clients: 5, parameters: { collectMax: 6 } });
    // Client 3 reaches the primary only, and nobody can ask for it: weight F holds it, so it is not frozen.
    world.intercept = (method, endpoint, from) => {
      const lost = method === "submitUpdate" && from === "client 3" && endpoint !== "http://miner-0";
      if (lost || method === "announceUpdate" || method === "updates")
        throw new QuorateError("MINER_UNREACHABLE", "lost");
    };
    await world.submitAll([0, 1, 2, 3]);
    await world.agreed(1);
    const own = world.miners[0]!.signer.signed.find(({ kind }) => kind === "Manifest");
    const { updatesHash } = own!.message as { updatesHash: string };
    const [frozen] = of("frozen")[1]!;
    expect(frozen?.updates).to.equal(3);
    expect(updatesHash).not.to.equal(frozen!.updatesHash);
  });
});
