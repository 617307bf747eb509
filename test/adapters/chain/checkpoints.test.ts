import { expect } from "chai";
import { ZERO_HASH } from "../../../coordinator/protocol/bytes.ts";
import { checkProof, proveDecision } from "../../../coordinator/protocol/decisions/proof.ts";
import { type Config, committeeOf, configHash } from "../../../coordinator/protocol/praft/config.ts";
import type { Checkpoint } from "../../../coordinator/protocol/praft/messages.ts";
import { hashOf } from "../../protocol/praft/fixtures.ts";
import { DECISIONS, rosterCommittee, signCheckpoint } from "./anchors.ts";
import { startChain, type TestChain } from "./federation.ts";
import { createFederation, type TestFederation, TOKEN } from "./members.ts";

describe("chain adapter: checkpoints", function () {
  this.timeout(120_000);
  let chain: TestChain;
  let f: TestFederation;
  let config: Config;

  before(async () => {
    chain = await startChain();
    f = await createFederation(chain, { stakes: [2, 1, 1, 1].map((each) => BigInt(1_000 * each) * TOKEN) });
    await f.miners[1]!.chain.openRound();
    config = await rosterCommittee(f);
  });
  after(async () => {
    f?.close();
    await chain?.stop();
  });

  const signed = (height: number, signers: readonly number[], change: Partial<Checkpoint> = {}) =>
    signCheckpoint(f, config, signers, { height, ...change });

  it("takes the committee from the roster, as the miners compute it", async () => {
    const { checkpoints } = f.miners[1]!.chain;
    expect((await checkpoints.head()).configHash).to.equal(ZERO_HASH);
    await checkpoints.found();
    expect((await checkpoints.head()).configHash).to.equal(configHash(config, ZERO_HASH));
    const error = await checkpoints.found().catch((thrown) => thrown);
    expect(error.code).to.equal("ALREADY_FOUNDED");
  });

  it("anchors what replicas sign with r and s alone, and proves a decision from the chain's events", async () => {
    const { checkpoints } = f.miners[2]!.chain;
    const few = await checkpoints.anchor(config, signed(64, [1, 2, 3])).catch((thrown) => thrown);
    expect(few.code).to.equal("BELOW_QUORUM");
    await checkpoints.anchor(config, signed(64, [0, 1, 3]));
    const { newest, ...head } = await checkpoints.head();
    expect(head).to.deep.equal({ count: 1, epoch: 0, height: 64, configHash: configHash(config, ZERO_HASH) });
    expect(newest!.content.blockHash).to.equal(hashOf("block 64"));
    const { anchors } = await f.reader.view();
    const proof = proveDecision(DECISIONS, hashOf("task 1"), anchors.at(-1)!);
    const root = (count: number) => anchors.find((anchor) => anchor.count === BigInt(count))!.decisionsRoot;
    expect(checkProof(proof, root)).to.deep.equal(DECISIONS[1]);
  });

  it("hands over to the committee that the engine's hash names", async () => {
    const next = committeeOf({ ...config, epoch: 1, members: config.members.slice(1) });
    const { checkpoints } = f.miners[3]!.chain;
    await checkpoints.anchor(config, signed(70, [0, 1, 2, 3], { nextConfigHash: next.hash }));
    const { epoch, configHash: held } = await checkpoints.head();
    expect([epoch, held]).to.deep.equal([1, next.hash]);
  });

  it("takes half of the stake of who signed two", async () => {
    const { checkpoints } = f.miners[1]!.chain;
    const [first] = signed(90, [2]);
    const [second] = signed(90, [2], { stateRoot: hashOf("another state") });
    await checkpoints.accuse(config, first!, second!);
    const { miners } = await f.reader.view();
    expect(miners.get(config.members[2]!.id.toLowerCase())!.stake).to.equal(500n * TOKEN);
    const again = await checkpoints.accuse(config, first!, second!).catch((thrown) => thrown);
    expect(again.code).to.equal("ALREADY_PUNISHED");
  });
});
