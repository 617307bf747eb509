// Steps of a round apart, and settlements of many voters.
import { DEMO, deployFederation, type Federation, STAKE } from "../../test/contracts/support/federation.ts";
import { agree, content, order, propose, sorted, vote } from "../../test/contracts/support/round.ts";
import { GENESIS } from "./fixed-clock.ts";
import { expectEqual, type GasTable, gasOf } from "./recorder.ts";

/** The smallest ring, full after two rounds, and the collect time that allows it. */
const SMALL_RING = { ringSlots: 2n, parameters: { collectMin: DEMO.challengeWindow }, initialDate: GENESIS };
/** By then ring slots (2) and payout entries (3) were all written before. */
const STEADY_ROUND = 5n;

/** Adds `settle.N`: all of N miners vote in one settlement. */
export async function measureSettlement(gas: GasTable, voters: number): Promise<void> {
  const stakes = Array.from({ length: voters }, () => STAKE);
  const f = await deployFederation({ ...SMALL_RING, stakes, unopened: true });
  while ((await f.minerRegistry.queuedCount()) > 0n) await f.minerRegistry.applyQueued();
  await f.consensus.openRound();
  for (let round = 1n; round <= STEADY_ROUND; ++round) {
    const { settlement } = await agree(f, content(`round ${round}`));
    expectEqual("agreed round", (await f.consensus.head()).round, round);
    const first = (await f.minerRegistry.minerInfo(f.miners.at(-1)!.address)).absences;
    expectEqual("absences of the last voter", first, 0n);
    if (round === 1n) gas[`settle.${voters}.first`] = await gasOf(settlement);
    if (round === STEADY_ROUND) gas[`settle.${voters}.steady`] = await gasOf(settlement);
  }
}

/** Adds `propose.one`, `propose.cosign`, `castVote`: a proposer posts alone, the other joins, a vote comes on chain. */
export async function measureFallbacks(gas: GasTable): Promise<void> {
  const f = await deployFederation(SMALL_RING);
  for (let round = 1n; round <= STEADY_ROUND; ++round) {
    const c = content(`round ${round}`);
    const one = await gasOf(await propose(f, c, [0]));
    const cosign = await gasOf(await propose(f, c, [1]));
    const [caster, sender] = f.miners;
    const cast = await gasOf(await f.consensus.castVote(round, await vote(f, caster!)));
    const signers = (await f.lens.candidates(round))[0]!.signers;
    expectEqual("signers", signers.join(), (await order(f)).map((miner) => miner.address).join());
    expectEqual("votes on chain", (await f.lens.castVotes(round)).length, 1);
    await f.consensus.settle(round, sorted([await vote(f, sender!)]), c);
    expectEqual("agreed round", (await f.consensus.head()).round, round);
    if (round !== 1n && round !== STEADY_ROUND) continue;
    const name = round === 1n ? "first" : "steady";
    gas[`propose.one.${name}`] = one;
    gas[`propose.cosign.${name}`] = cosign;
    gas[`castVote.${name}`] = cast;
  }
}

/** Adds `openRound` and `failRound`, without a candidate and with one nobody voted on. */
export async function measureFailures(gas: GasTable): Promise<void> {
  const f = await deployFederation({ ...SMALL_RING, unopened: true });
  gas["openRound.first"] = await gasOf(await f.consensus.openRound());
  for (let round = 1n; round < STEADY_ROUND; ++round) {
    const withCandidate = round % 2n === 0n;
    if (withCandidate) await propose(f, content(`round ${round}`));
    const failure = await failWhenLegal(f, round);
    gas[withCandidate ? "failRound.candidate" : "failRound.empty"] = failure;
    const { finalAt } = await f.lens.roundInfo(round);
    await f.helpers.time.increaseTo(finalAt);
    gas["openRound.steady"] = await gasOf(await f.consensus.openRound());
  }
  expectEqual("ballots", (await f.consensus.progress()).ballots, 2n);
  expectEqual("settlements", (await f.consensus.head()).settlement, 0n);
}

async function failWhenLegal(f: Federation, round: bigint): Promise<number> {
  const { graceEnd, lastSlotEnd } = await f.lens.roundInfo(round);
  await f.helpers.time.increaseTo(graceEnd > lastSlotEnd ? graceEnd : lastSlotEnd);
  return gasOf(await f.consensus.failRound(round));
}

/** Adds `register`: a federation's first miner, a later one, and one that left and comes back. */
export async function measureRegistration(gas: GasTable): Promise<void> {
  const f = await deployFederation({ stakes: [], clients: 0, unopened: true, initialDate: GENESIS });
  const [first, next] = [f.stranger, f.admin];
  await f.token.transfer(first.address, 3n * STAKE);
  gas["register.first"] = await register(f, first);
  gas["register.next"] = await register(f, next);
  await f.minerRegistry.connect(first).exit();
  await f.minerRegistry.applyQueued();
  gas["register.again"] = await register(f, first);
  expectEqual("stake", (await f.minerRegistry.minerInfo(first.address)).stake, STAKE);
  expectEqual("held", await f.minerRegistry.totalHeld(), 3n * STAKE);
}

async function register(f: Federation, miner: Federation["stranger"]): Promise<number> {
  await f.token.connect(miner).approve(f.minerRegistry, STAKE);
  const registry = f.minerRegistry.connect(miner);
  return gasOf(await registry.register(STAKE, miner.address, "0x", "http://127.0.0.1:7001"));
}
