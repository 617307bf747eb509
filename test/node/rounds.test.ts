import { expect } from "chai";
import type { MinerDeps } from "../../coordinator/node/types.ts";
import type { VoteMessage } from "../../coordinator/ports/transport.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { withFloats } from "../../coordinator/protocol/model/model.ts";
import { modelRoot } from "../../coordinator/protocol/model/model-root.ts";
import { encodeModel, parseModel } from "../../coordinator/protocol/model/safetensors.ts";
import { REASON } from "../../coordinator/protocol/round/messages.ts";
import { doubleSignatures, TestWorld, type TestWorldOptions } from "./harness.ts";

let world: TestWorld;

async function started(options?: TestWorldOptions): Promise<TestWorld> {
  world = new TestWorld(options);
  await world.start();
  await world.until(() => world.chain.rounds.length === 1, "round 1");
  return world;
}

/** All clients send their update of the open round. */
async function submitAll(clients = [0, 1, 2]): Promise<void> {
  const view = world.chain.current()!;
  const base = view.round === 1n ? undefined : await headModel();
  await Promise.all(clients.map((i) => world.submit(i, world.update(i, base))));
}

async function headModel() {
  const { modelCid } = world.chain.head;
  return parseModel(await world.miners[0]!.store.read(modelCid));
}

const round = (number: number) => world.chain.rounds[number - 1]!;
const agreed = (number: number) =>
  world.until(() => round(number).status === "agreed", `round ${number} agreed`);
const votesOf = (number: number): VoteMessage[] => [...round(number).votes.values()];
const sent = (method: string, number = 1) =>
  world.chain.transactions.filter((tx) => tx.method === method && tx.round === BigInt(number) && !tx.refused);

describe("rounds of a federation", () => {
  afterEach(async () => {
    await world.stop();
    for (const { signer } of world.miners) expect(doubleSignatures(signer)).to.deep.equal([]);
  });

  it("end with one candidate signed by both miners and two transactions, round after round", async () => {
    await started();
    for (let number = 1; number <= 4; number++) {
      await world.until(() => world.chain.rounds.length === number, `round ${number}`);
      await submitAll();
      await agreed(number);
      expect(round(number).candidates).to.have.length(1);
      expect(round(number).candidates[0]!.signers).to.have.length(2);
      expect(round(number).settledVoters).to.have.length(2);
      expect(votesOf(number).map(({ vote }) => vote.confidence)).to.deep.equal([10_000, 10_000]);
      expect(sent("propose", number)).to.have.length(1);
      expect(sent("settle", number)).to.have.length(1);
    }
    // Payouts are cumulative: four budgets in all.
    expect(round(4).candidates[0]!.candidate.payoutsTotal).to.equal(4_000n);
  });

  it("take no more than the collecting time and a few polls", async () => {
    await started({ speed: 10 });
    const opened = world.clock.now();
    await submitAll();
    await agreed(1);
    // 3 s of collecting; the rest is polls of 100 ms and computation, ten times slower on this clock.
    expect(world.clock.now() - opened).to.be.lessThan(9_000);
  });

  it("end without an evaluator with a confidence of 8,000", async () => {
    await started({ evaluator: false });
    await submitAll();
    await agreed(1);
    expect(votesOf(1).map(({ vote }) => vote.confidence)).to.deep.equal([8_000, 8_000]);
  });

  it("stay in collect while nobody sends anything, and go on with the first client", async () => {
    await started();
    await world.clock.sleep(45_000);
    expect(world.chain.statuses()).to.deep.equal(["open"]);
    const first = world.submit(0, world.update(0));
    await world.until(() => world.chain.rounds.length === 2, "round 2");
    expect(round(1).status).to.equal("failed");
    expect((await first).round).to.equal(2n);
    await agreed(2);
    expect(round(2).candidates[0]!.candidate.updateCount).to.equal(1);
  });

  it("collect until the maximum when fewer than the expected updates come", async () => {
    await started();
    await submitAll([0, 2]);
    await agreed(1);
    const [candidate] = round(1).candidates;
    expect(candidate!.candidate.updateCount).to.equal(2);
    expect(candidate!.postedAt).to.be.at.least(round(1).collectMaxUntil);
    expect(candidate!.signers).to.have.length(2);
  });

  it("bring updates sent to one miner only into the candidate of both", async () => {
    await started();
    world.intercept = (method, endpoint, from) => {
      const other = from === "client 0" ? "http://miner-1" : "http://miner-0";
      if (method === "submitUpdate" && endpoint === other)
        throw new QuorateError("MINER_UNREACHABLE", "lost");
    };
    await submitAll();
    await agreed(1);
    expect(round(1).candidates[0]!.candidate.updateCount).to.equal(3);
    expect(round(1).candidates[0]!.signers).to.have.length(2);
  });

  it("bring updates together through the manifest when announcements are lost", async () => {
    await started({ clients: 4, parameters: { collectMax: 6 } });
    world.intercept = (method, endpoint, from) => {
      if (method === "announceUpdate") throw new QuorateError("MINER_UNREACHABLE", "lost");
      const other = from === "client 0" ? "http://miner-1" : "http://miner-0";
      if (method === "submitUpdate" && endpoint === other)
        throw new QuorateError("MINER_UNREACHABLE", "lost");
    };
    await submitAll();
    await agreed(1);
    expect(round(1).candidates[0]!.candidate.updateCount).to.equal(3);
    expect(round(1).candidates[0]!.signers).to.have.length(2);
  });

  it("keep two different updates of a client, count the lowest, refuse a third", async () => {
    await started();
    const shifts = [0.011, 0.013, 0.017];
    const answers = [];
    for (const shift of shifts.slice(0, 2))
      answers.push(await world.submit(0, world.update(0, undefined, shift)));
    const roots = answers.map(({ modelRoot: root }) => root).sort();
    for (const { counts } of answers[1]!.acknowledged) expect(counts).to.equal(roots[0]);
    for (const { held } of answers[1]!.acknowledged) expect([...held].sort()).to.deep.equal(roots);
    const third = await world.submit(0, world.update(0, undefined, shifts[2])).catch((error) => error);
    expect(third.code).to.equal("UPDATE_NOT_ACKNOWLEDGED");
    expect(third.details.refused[0].code).to.equal("UPDATE_LIMIT");
    await submitAll([1, 2]);
    await agreed(1);
    const [posted] = round(1).candidates;
    expect(posted!.candidate.updateCount).to.equal(3);
    const used = await world.miners[0]!.miner.service.updates(1n);
    expect(used).to.have.length(4);
  });
});

describe("rounds with silent miners", () => {
  afterEach(async () => {
    await world.stop();
    for (const { signer } of world.miners) expect(doubleSignatures(signer)).to.deep.equal([]);
  });

  const three: TestWorldOptions = { miners: 4 };

  it("are agreed by the primary's candidate if the secondary is silent", async () => {
    await started(three);
    await world.kill(1);
    await submitAll();
    await agreed(1);
    expect(round(1).candidates.map(({ signers }) => signers.length)).to.deep.equal([1]);
    expect(round(1).candidates[0]!.rank).to.equal(0);
  });

  it("are agreed by the secondary's candidate if the primary is silent", async () => {
    await started(three);
    await world.kill(0);
    await submitAll();
    await agreed(1);
    expect(round(1).candidates.map(({ rank }) => rank)).to.deep.equal([1]);
  });

  it("are agreed by a reserve's candidate in its slot if both proposers are silent", async () => {
    await started({ miners: 6, weights: [400n, 400n, 2_000n, 2_000n, 2_000n, 2_000n] });
    await Promise.all([world.kill(0), world.kill(1)]);
    await submitAll();
    await agreed(1);
    expect(round(1).candidates.map(({ rank }) => rank)).to.deep.equal([2]);
    expect(round(1).candidates[0]!.postedAt).to.be.at.least(round(1).proposeUntil);
  });

  it("fail after the grace if two miners cannot agree because one is silent, and the next round opens", async () => {
    await started();
    await submitAll();
    await world.kill(1);
    await world.until(() => world.chain.rounds.length === 2, "round 2");
    expect(round(1).status).to.equal("failed");
    expect(sent("castVote")).to.have.length(1);
  });

  it("gain the secondary's signature even if it comes late", async () => {
    await started();
    await world.kill(1);
    // The primary goes alone; the secondary comes back when the candidate is posted.
    await submitAll();
    await world.until(() => round(1).candidates.length === 1, "the primary's candidate");
    await world.restart(1);
    await agreed(1);
    expect(round(1).candidates.map(({ signers }) => signers.length)).to.deep.equal([2]);
  });

  it("go on where they were when the chain was unreachable for a while", async () => {
    await started();
    await submitAll();
    world.chain.down = true;
    await world.clock.sleep(4_000);
    const refused = await world.miners[0]!.miner.service.votes(1n).then(() => "answered");
    expect(refused).to.equal("answered");
    expect(world.miners[0]!.miner.status().rpc).to.equal("unreachable");
    world.chain.down = false;
    await agreed(1);
  });
});

describe("a wrong candidate", () => {
  afterEach(() => world.stop());

  /** Miner 0 aggregates wrong: its models have one coordinate changed. */
  const cheat = (coordinate: number): TestWorldOptions => ({
    miners: 4,
    tamper: (deps, index) => (index === 0 ? withWrongModel(deps, coordinate) : deps),
  });

  it("is voted down with the number of the wrong coordinate", async () => {
    await started(cheat(5));
    await submitAll();
    await agreed(1);
    const wrong = round(1).candidates.find(({ rank }) => rank === 0)!;
    const nos = votesOf(1).filter(({ vote }) => vote.candidate === wrong.id && !vote.support);
    expect(nos).to.have.length(3);
    for (const { vote } of nos) {
      expect(vote.reason).to.equal(REASON.coordinate);
      expect(vote.reasonIndex).to.equal(5n);
      expect(vote.confidence).to.equal(10_000);
    }
    expect(world.chain.winnerOf(round(1))!.rank).to.equal(1);
  });

  it("never becomes the head of two miners", async () => {
    await started({ ...cheat(0), miners: 2 });
    await submitAll();
    await world.until(() => round(1).status !== "open", "round 1 over");
    expect(round(1).status).to.equal("failed");
    expect(world.chain.head.round).to.equal(0n);
  });

  it("is voted down as withheld if nobody serves an update, and the no becomes a yes once it is served", async () => {
    await started({ miners: 4, parameters: { voteWindow: 40 } });
    let hidden = true;
    world.intercept = (method, endpoint, from) => {
      const toOthers = method === "submitUpdate" && !["http://miner-0", "http://miner-1"].includes(endpoint);
      if (toOthers || (hidden && method === "announceUpdate"))
        throw new QuorateError("MINER_UNREACHABLE", "lost");
      const reader = ["http://miner-2", "http://miner-3"].includes(from);
      if (hidden && reader && method === "content") throw new QuorateError("CONTENT_UNAVAILABLE", "hidden");
    };
    await submitAll();
    const nos = () =>
      world.miners
        .slice(2)
        .flatMap(({ signer }) => signer.signed)
        .filter(({ kind, message }) => kind === "Vote" && !(message as VoteMessage["vote"]).support);
    await world.until(() => nos().length === 2, "two withheld votes");
    for (const { message } of nos())
      expect((message as VoteMessage["vote"]).reason).to.equal(REASON.withheld);
    expect(round(1).status).to.equal("open");
    hidden = false;
    await agreed(1);
    const yes = votesOf(1).filter(({ vote }) => vote.support);
    expect(yes.length).to.be.at.least(3);
  });

  it("is voted down if its score falls too far below the best of recent rounds", async () => {
    await started();
    await submitAll();
    await agreed(1);
    await world.until(() => world.chain.rounds.length === 2, "round 2");
    const base = await headModel();
    const worse = (i: number) =>
      encodeModel(
        withFloats(
          base,
          base.floats.map((value) => value - 2 - i),
        ),
      );
    await Promise.all([0, 1, 2].map((i) => world.submit(i, worse(i))));
    await world.until(() => round(2).status !== "open", "round 2 over");
    expect(round(2).status).to.equal("failed");
    expect(votesOf(2).map(({ vote }) => vote.reason)).to.deep.equal([REASON.score, REASON.score]);
  });
});

/** A store and a signer that together make a miner stand by a changed model. */
function withWrongModel(deps: MinerDeps, coordinate: number): MinerDeps {
  const { signer, store, federation } = deps;
  return {
    ...deps,
    signer: {
      address: signer.address,
      async sign(domain, kind, message) {
        if (kind !== "Candidate") return signer.sign(domain, kind, message);
        const candidate = message as { modelRoot: string; modelCid: `0x${string}` };
        const model = parseModel(await store.read(candidate.modelCid));
        const floats = model.floats.slice();
        floats[coordinate] = floats[coordinate]! + 1;
        const wrong = withFloats(federation.genesis, floats);
        Object.assign(candidate, {
          modelRoot: modelRoot(wrong),
          modelCid: await store.add(encodeModel(wrong)),
        });
        return signer.sign(domain, kind, message);
      },
    },
  };
}
