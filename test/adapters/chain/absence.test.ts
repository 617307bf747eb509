import { expect } from "chai";
import { expectCode } from "./expect.ts";
import { startChain, TEST_PARAMETERS, type TestChain } from "./federation.ts";
import {
  byRank,
  candidateOf,
  createFederation,
  signCandidate,
  signVote,
  type TestFederation,
  type TestMiner,
  TOKEN,
} from "./members.ts";

describe("chain adapter: absence", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let federation: TestFederation;
  let lazy: TestMiner;
  let others: TestMiner[];
  before(async () => {
    chain = await startChain();
    // Two of 3,000 make 86 %.
    federation = await createFederation(chain, { stakes: [3000n * TOKEN, 3000n * TOKEN, 1000n * TOKEN] });
    lazy = federation.miners[2]!;
    others = federation.miners.slice(0, 2);
  });
  after(async () => {
    federation?.close();
    await chain?.stop();
  });
  let seed = 0;

  /** An agreed round in which the lazy one does nothing. */
  const agreeWithout = async () => {
    const { reader } = federation;
    if ((await reader.currentRound())?.status !== "open") await others[0]!.chain.openRound();
    const { round } = (await reader.currentRound())!;
    await chain.wait(TEST_PARAMETERS.collectMin);
    const candidate = await candidateOf(federation, ++seed);
    const proposers = (await byRank(federation)).slice(0, 2).filter((miner) => miner !== lazy);
    for (const miner of proposers)
      await miner.chain.propose(candidate, [await signCandidate(federation, miner, candidate)]);
    const votes = await Promise.all(others.map((miner) => signVote(federation, miner, candidate)));
    // Past every slot, and the vote window with it.
    await chain.wait(TEST_PARAMETERS.collectMax + TEST_PARAMETERS.proposeSlot);
    await others[0]!.chain.settle(round, votes);
  };

  it("is counted as the contract counts it", async () => {
    const { reader } = federation;
    for (const missed of [1, 2]) {
      await agreeWithout();
      expect(await reader.absentees(), `${missed} missed`).to.deep.equal([]);
      await expectCode(others[0]!.chain.deactivate(lazy.address, BigInt(missed)), "TOO_FEW_ABSENCES");
    }
    await agreeWithout();
    expect(await reader.absentees()).to.deep.equal([{ miner: lazy.address, asOfRound: 3n }]);
  });

  it("ends a seat, which its owner gets back with a clean record", async () => {
    const { reader } = federation;
    const record = async () => (await reader.miners()).find(({ miner }) => miner === lazy.address)!;
    const [{ miner, asOfRound } = { miner: lazy.address, asOfRound: 0n }] = await reader.absentees();
    await others[1]!.chain.deactivate(miner, asOfRound);
    expect(await reader.absentees()).to.deep.equal([]);
    expect(await record()).to.deep.include({ active: true, activeNext: false, mayReturn: false });
    await agreeWithout();
    expect(await record()).to.deep.include({ active: false, mayReturn: true });
    await lazy.chain.reactivate();
    expect(await record()).to.deep.include({ activeNext: true, mayReturn: false });
    await agreeWithout();
    expect(await record()).to.deep.include({ active: true, mayReturn: false });
    await agreeWithout();
    expect(await reader.absentees()).to.deep.equal([]);
  });
});
