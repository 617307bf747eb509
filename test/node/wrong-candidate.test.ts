import { expect } from "chai";
import type { MinerDeps } from "../../coordinator/node/types.ts";
import type { VoteMessage } from "../../coordinator/ports/transport.ts";
import { QuorateError } from "../../coordinator/protocol/errors.ts";
import { withFloats } from "../../coordinator/protocol/model/model.ts";
import { modelRoot } from "../../coordinator/protocol/model/model-root.ts";
import { encodeModel, parseModel } from "../../coordinator/protocol/model/safetensors.ts";
import { REASON } from "../../coordinator/protocol/round/messages.ts";
import { winnerOf } from "./fake-state.ts";
import type { TestWorldOptions } from "./harness.ts";
import { type Scenario, started } from "./scenario.ts";

let world: Scenario;

describe("a wrong candidate", () => {
  afterEach(() => world.stop());

  /** Miner 0 aggregates wrong: its models have one coordinate changed. */
  const cheat = (coordinate: number): TestWorldOptions => ({
    miners: 4,
    tamper: (deps, index) => (index === 0 ? withWrongModel(deps, coordinate) : deps),
  });

  it("is voted down with the number of the wrong coordinate", async () => {
    world = await started(cheat(5));
    await world.submitAll();
    await world.agreed(1);
    const wrong = world.round(1).candidates.find(({ rank }) => rank === 0)!;
    const nos = world.votesOf(1).filter(({ vote }) => vote.candidate === wrong.id && !vote.support);
    expect(nos).to.have.length(3);
    for (const { vote } of nos) {
      expect(vote.reason).to.equal(REASON.coordinate);
      expect(vote.reasonIndex).to.equal(5n);
      expect(vote.confidence).to.equal(10_000);
    }
    expect(winnerOf(world.round(1))!.rank).to.equal(1);
  });

  it("never becomes the head of two miners", async () => {
    world = await started({ ...cheat(0), miners: 2 });
    await world.submitAll();
    await world.until(() => world.round(1).status !== "open", "round 1 over");
    expect(world.round(1).status).to.equal("failed");
    expect(world.chain.head.round).to.equal(0n);
  });

  it("is voted down as withheld if nobody serves an update, and the no becomes a yes once it is served", async () => {
    world = await started({ miners: 4, parameters: { voteWindow: 40 } });
    let hidden = true;
    world.intercept = (method, endpoint, from) => {
      const toOthers = method === "submitUpdate" && !["http://miner-0", "http://miner-1"].includes(endpoint);
      if (toOthers || (hidden && method === "announceUpdate"))
        throw new QuorateError("MINER_UNREACHABLE", "lost");
      const reader = ["http://miner-2", "http://miner-3"].includes(from);
      if (hidden && reader && method === "content") throw new QuorateError("CONTENT_UNAVAILABLE", "hidden");
    };
    await world.submitAll();
    const nos = () =>
      world.miners
        .slice(2)
        .flatMap(({ signer }) => signer.signed)
        .filter(({ kind, message }) => kind === "Vote" && !(message as VoteMessage["vote"]).support);
    await world.until(() => nos().length === 2, "two withheld votes");
    for (const { message } of nos())
      expect((message as VoteMessage["vote"]).reason).to.equal(REASON.withheld);
    expect(world.round(1).status).to.equal("open");
    hidden = false;
    await world.agreed(1);
    const yes = world.votesOf(1).filter(({ vote }) => vote.support);
    expect(yes.length).to.be.at.least(3);
  });

  it("is voted down if its score falls too far below the best of recent rounds", async () => {
    world = await started();
    await world.submitAll();
    await world.agreed(1);
    await world.until(() => world.chain.rounds.length === 2, "round 2");
    const base = await world.headModel();
    const worse = (i: number) =>
      encodeModel(
        withFloats(
          base,
          base.floats.map((value) => value - 2 - i),
        ),
      );
    await Promise.all([0, 1, 2].map((i) => world.submit(i, worse(i))));
    await world.until(() => world.round(2).status !== "open", "round 2 over");
    expect(world.round(2).status).to.equal("failed");
    expect(world.votesOf(2).map(({ vote }) => vote.reason)).to.deep.equal([REASON.score, REASON.score]);
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
