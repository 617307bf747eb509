import { expect } from "chai";
import { openEvidence } from "../../coordinator/adapters/evidence/file-evidence.ts";
import type { VoteMessage } from "../../coordinator/ports/transport.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import type { Vote } from "../../coordinator/protocol/round/messages.ts";
import { TestWorld } from "./harness.ts";
import { codeOf, DOMAIN } from "./parts.ts";

describe("votes offered to a miner", () => {
  let world: TestWorld;
  const evidence = openEvidence();
  before(async () => {
    // Miner 1 never votes by itself: its signer refuses.
    world = new TestWorld({
      parameters: { voteWindow: 600 },
      tamper: (deps, index) =>
        index === 0
          ? { ...deps, evidence }
          : {
              ...deps,
              signer: {
                address: deps.signer.address,
                sign: (domain, kind, message) =>
                  kind === "Vote"
                    ? Promise.reject(new Error("mute"))
                    : deps.signer.sign(domain, kind, message),
              },
            },
    });
    await world.start();
    await world.until(() => world.chain.rounds.length === 1, "round 1");
    await Promise.all([0, 1, 2].map((i) => world.submit(i, world.update(i))));
    await world.until(() => world.chain.rounds[0]!.candidates.length === 1, "a candidate");
  });
  after(() => world.stop());

  async function offer(change: Partial<Vote> = {}, miner?: Hex): Promise<string> {
    const view = world.chain.rounds[0]!;
    const { signer, address } = world.miners[1]!;
    const vote: Vote = {
      round: 1n,
      openingHash: view.openingHash,
      candidate: view.candidates[0]!.id,
      support: false,
      confidence: 10_000,
      reason: 5,
      reasonIndex: 0n,
      ...change,
    };
    const message: VoteMessage = {
      miner: miner ?? address,
      vote,
      signature: await signer.sign(DOMAIN, "Vote", vote),
    };
    return codeOf(world.miners[0]!.miner.service.offerVote(1n, message));
  }

  const refused: readonly [string, string, Partial<Vote>][] = [
    ["of another round", "VOTE_WRONG_ROUND", { round: 2n }],
    ["on an unknown candidate", "VOTE_UNKNOWN_CANDIDATE", { candidate: `0x${"99".repeat(32)}` }],
    ["with too little confidence", "VOTE_CONFIDENCE", { support: true, reason: 0, confidence: 7_999 }],
    ["with too much confidence", "VOTE_CONFIDENCE", { confidence: 10_001 }],
    ["that says no with less than full confidence", "VOTE_CONFIDENCE", { confidence: 9_999 }],
    ["that says no without a reason", "VOTE_REASON", { reason: 0 }],
    ["that says yes with a reason", "VOTE_REASON", { support: true, reason: 3 }],
  ];
  for (const [what, code, change] of refused)
    it(`are refused ${what}`, async () => expect(await offer(change)).to.equal(code));

  it("are refused from a stranger and from another key", async () => {
    expect(await offer({}, world.clients[0]!.address)).to.equal("VOTE_STRANGER");
    expect(await offer({}, world.miners[0]!.address)).to.equal("VOTE_BAD_SIGNATURE");
  });

  it("are taken once; a second, different one is refused unless it replaces a withheld no", async () => {
    expect(await offer({ reason: 3 })).to.equal("none");
    expect(await offer({ reason: 3 })).to.equal("none");
    expect(await offer({ reason: 4 })).to.equal("VOTE_CONFLICT");
    expect(await offer({ support: true, reason: 0 })).to.equal("none");
    // The no that was replaced may arrive late, and changes nothing.
    expect(await offer({ reason: 3 })).to.equal("none");
    expect(await offer({ reason: 5 })).to.equal("VOTE_CONFLICT");
  });

  it("are evidence if they contradict each other, though the second is refused", () => {
    const [found, ...more] = evidence.contradictions();
    expect(more).to.deep.equal([]);
    expect(found!.signer).to.equal(world.miners[1]!.address);
    const reasons = [found!.first, found!.second].map(({ message }) => (message as Vote).reason);
    expect(reasons).to.deep.equal([3, 4]);
  });
});
