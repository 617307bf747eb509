import { expect } from "chai";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { deadlinesOf, isFinal, tokenTotals } from "../../../coordinator/protocol/views/queries.ts";
import type { TestFederation } from "./members.ts";

const STATUSES = ["none", "open", "agreed", "failed", "reverted", "voided", "degraded", "ratified"];
const MINER_STATUSES = ["none", "joining", "active", "suspending", "inactive", "exiting", "exited"];

/** The view folded from the logs says what the contracts' own getters say. */
export async function expectViewEqualsGetters(federation: TestFederation): Promise<void> {
  const { reader, chain } = federation;
  const { RoundConsensus, RoundLens, MinerRegistry, ClientRegistry, RewardDistributor } =
    reader.connection.contracts;
  const view = await reader.view();
  const pending = { blockTag: "pending" };

  const progress = await RoundConsensus.progress();
  expect(view.latestRound).to.equal(progress.round);
  expect(view.ballots).to.equal(Number(progress.ballots));
  expect(view.latestSettlement).to.equal(progress.settlement);

  const now = await reader.pendingTime();
  for (const record of view.rounds.values()) {
    const info = await RoundLens.roundInfo(record.round, pending);
    expect(record.status).to.equal(STATUSES[Number(info.status)]);
    expect(record.opened.time).to.equal(Number(info.openedAt));
    expect(record.candidates.length).to.equal(Number(info.candidateCount));
    expect(record.roster.length).to.equal(Number(info.members));
    const deadlines = deadlinesOf(record);
    if (record.status === "open") {
      expect(deadlines.collectMinEnd).to.equal(Number(info.collectMinEnd));
      expect(deadlines.collectMaxEnd).to.equal(Number(info.collectMaxEnd));
      expect(deadlines.proposeDeadline).to.equal(Number(info.proposeDeadline));
      expect(deadlines.lastSlotEnd).to.equal(Number(info.lastSlotEnd));
      expect(deadlines.graceEnd ?? 0).to.equal(Number(info.graceEnd));
      expect(record.updateTarget).to.equal(Number(info.updateTarget));
      const votes = await RoundLens.castVotes(record.round);
      expect(record.castVotes.map((vote) => vote.miner)).to.have.members(votes.map((vote) => vote.miner));
    } else if (record.status !== "voided") {
      expect(record.finalAt ?? 0).to.equal(Number(info.finalAt));
      expect(record.ballot ?? 0).to.equal(Number(info.ballot));
      expect(record.settlement ?? 0n).to.equal(info.settlement);
      expect(isFinal(record, now)).to.equal(await RoundConsensus.isFinal(record.round, pending));
    }
    if (record.candidates.length > 0) expect(deadlines.voteDeadline).to.equal(Number(info.voteDeadline));
    const candidates = await RoundLens.candidates(record.round);
    expect(record.candidates.map(({ id }) => id)).to.deep.equal(candidates.map(({ id }) => id));
    for (const [index, posted] of candidates.entries())
      if (record.status === "open")
        expect(record.candidates[index]!.signers.map(({ miner }) => miner)).to.deep.equal([
          ...posted.signers,
        ]);
  }

  const seats = await MinerRegistry.roster();
  expect(view.seats).to.deep.equal(seats.map(({ owner }) => owner.toLowerCase()));
  for (const seat of seats) {
    const miner = view.miners.get(seat.owner.toLowerCase())!;
    expect([miner.key, miner.weight]).to.deep.equal([seat.key, seat.weight]);
  }
  for (const miner of view.miners.values()) {
    const info = await MinerRegistry.minerInfo(miner.miner);
    expect(miner).to.deep.include({
      status: MINER_STATUSES[Number(info.status)],
      stake: info.stake,
      reputation: info.reputation,
      weight: info.weight,
      key: info.key as Hex,
      nextKey: info.nextKey as Hex,
      unbonding: info.unbonding,
      releaseAt: Number(info.releaseAt),
    });
  }

  for (const { client, terms, claimed } of view.clients.values()) {
    expect(claimed).to.equal(await RewardDistributor.claimed(client));
    if (terms.length === 0) continue;
    const known = await reader.client(client);
    const onChain = await ClientRegistry.terms(client);
    expect(known!.active).to.equal(onChain.active);
    if (onChain.active)
      expect([known!.key, known!.sampleCap]).to.deep.equal([onChain.key, onChain.sampleCap]);
  }
  const totals = tokenTotals(view);
  expect(totals.funded).to.equal(await RewardDistributor.funded());
  expect(totals.claimed).to.equal(await RewardDistributor.totalClaimed());
  expect(totals.staked + totals.unbonding).to.equal(await MinerRegistry.totalHeld());
  expect((await reader.finalPayouts())?.root).to.equal(
    await RewardDistributor.latestFinal(pending).then(async (settlement) =>
      settlement === 0n ? undefined : (await RewardDistributor.payout(settlement)).root,
    ),
  );
  const head = await RoundConsensus.head();
  expect((await reader.head()).modelRoot).to.equal(head.modelRoot);
  await expectOrderEqualsDraw(federation, view.latestRound);
  expect(await chain.provider.getBlockNumber()).to.equal((await reader.latestBlock()).number);
}

async function expectOrderEqualsDraw({ reader }: TestFederation, round: bigint): Promise<void> {
  const { RoundLens } = reader.connection.contracts;
  const current = await reader.currentRound();
  if (current?.status !== "open") return;
  const drawn = await RoundLens.proposers(round, { blockTag: "pending" });
  expect(current.order).to.deep.equal([...drawn]);
}
