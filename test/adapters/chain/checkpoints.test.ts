import { expect } from "chai";
import { createSecp256k1Scheme } from "../../../coordinator/adapters/signatures/secp256k1.ts";
import { fromHex, type Hex, ZERO_HASH } from "../../../coordinator/protocol/bytes.ts";
import { type Decision, leafOf } from "../../../coordinator/protocol/decisions/decision.ts";
import { foundedMembers } from "../../../coordinator/protocol/decisions/founding.ts";
import { checkProof, proveDecision } from "../../../coordinator/protocol/decisions/proof.ts";
import { append, emptyTree, rootOf } from "../../../coordinator/protocol/decisions/tree.ts";
import { type Config, committeeOf, configHash } from "../../../coordinator/protocol/praft/config.ts";
import { checkpointDigest } from "../../../coordinator/protocol/praft/statements.ts";
import type { Checkpoint } from "../../../coordinator/protocol/praft/types.ts";
import { hashOf } from "../../protocol/praft/fixtures.ts";
import { startChain, type TestChain } from "./federation.ts";
import { createFederation, type TestFederation, TOKEN } from "./members.ts";

const scheme = createSecp256k1Scheme();
const decisions: Decision[] = [0, 1, 2].map((position) => ({
  position,
  epoch: 0,
  height: 10 * position,
  task: hashOf(`task ${position}`),
  kind: "select",
  outcome: Uint8Array.of(position),
}));

describe("chain adapter: checkpoints", function () {
  this.timeout(120_000);
  let chain: TestChain;
  let f: TestFederation;
  let config: Config;

  before(async () => {
    chain = await startChain();
    f = await createFederation(chain, { stakes: [2, 1, 1, 1].map((each) => BigInt(1_000 * each) * TOKEN) });
    await f.miners[1]!.chain.openRound();
    const { miners, seats } = await f.reader.view();
    const entries = f.miners.map(({ key, address }) => {
      return { id: address, voteKey: scheme.publicKeyOf(fromHex(key.privateKey, 32)) };
    });
    const members = foundedMembers(
      seats.map((seat) => miners.get(seat)!),
      entries,
    );
    const groupId = await f.miners[0]!.chain.checkpoints.groupId();
    config = { groupId, epoch: 0, members };
  });
  after(async () => {
    f?.close();
    await chain?.stop();
  });

  function signed(
    height: number,
    signers: readonly number[],
    change: Partial<Checkpoint> = {},
  ): Checkpoint[] {
    const tree = emptyTree();
    for (const decision of decisions) append(tree, leafOf(decision));
    const content = {
      height,
      blockHash: hashOf(`block ${height}`),
      stateRoot: hashOf("state"),
      decisionsRoot: rootOf(tree),
      nextConfigHash: ZERO_HASH as Hex,
      ...change,
    };
    return signers.map((signer) => {
      const address = config.members[signer]!.id;
      const { key } = f.miners.find((miner) => miner.address === address)!;
      const secret = fromHex(key.privateKey, 32);
      const signature = scheme.sign(secret, checkpointDigest(config, content));
      return { kind: "checkpoint", epoch: 0, ...content, signer, signature };
    });
  }

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
    const proof = proveDecision(decisions, hashOf("task 1"), anchors.at(-1)!);
    const root = (count: number) => anchors.find((anchor) => anchor.count === BigInt(count))!.decisionsRoot;
    expect(checkProof(proof, root)).to.deep.equal(decisions[1]);
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
