import { expect } from "chai";
import { createChallenger } from "../../coordinator/adapters/chain/challenge-writer.ts";
import { type QuorateWriter, transactorOf } from "../../coordinator/adapters/chain/writer.ts";
import { openEvidence } from "../../coordinator/adapters/evidence/file-evidence.ts";
import { createRecoverer } from "../../coordinator/adapters/keys/recover.ts";
import { createMemoryLedger } from "../../coordinator/adapters/ledger/memory-ledger.ts";
import type { Challenger } from "../../coordinator/ports/challenges.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import type { Candidate } from "../../coordinator/protocol/round/messages.ts";
import { challengeOf } from "../../coordinator/watch/challenge.ts";
import { findFault } from "../../coordinator/watch/find-fault.ts";
import { createWatch, type WatchEvent } from "../../coordinator/watch/watch.ts";
import { startChain, TEST_PARAMETERS, type TestChain } from "../adapters/chain/federation.ts";
import {
  byRank,
  createFederation,
  outsider,
  postTogether,
  type TestFederation,
  TOKEN,
} from "../adapters/chain/members.ts";
import { DIMENSION, smallCandidate, smallSearch } from "./small-candidate.ts";

const STAKE = 1_000n * TOKEN;
/** Spacing of float32 just above 1. */
const ULP = 2 ** -23;
/** A weight whose claim only the exact test refuses, and one that is beyond tolerance. */
const [ROUNDED, WRONG] = [0, 1];

/** Three updates whose mean at ROUNDED lies halfway between 1 and the next float: either is tolerable, 1 is right. */
const ROWS = [1 - ULP / 2, 1 + 2 * ULP, 1].map((value) => new Float32Array(DIMENSION).fill(value));

/** A friend of two liars is the first to prove what they signed, the cheapest way there is. */
describe("a fault proven by the liars' friend", function () {
  this.timeout(60_000);
  let chain: TestChain;
  let federation: TestFederation;
  let tower: QuorateWriter;
  let friend: QuorateWriter;
  let stored: Map<Hex, Uint8Array>;
  let candidate: Candidate;
  let events: WatchEvent[];

  before(async () => {
    chain = await startChain();
  });
  after(() => chain?.stop());

  beforeEach(async () => {
    federation = await createFederation(chain, { stakes: [STAKE, STAKE, STAKE] });
    await federation.miners[0]!.chain.openRound();
    await chain.wait(TEST_PARAMETERS.collectMin);
    events = [];
    [tower, friend] = [await outsider(federation, 18), await outsider(federation, 17)];
    ({ candidate, stored } = await smallCandidate(federation, ROWS, (right) =>
      right.map((value, j) => value + ([ULP, 4_096 * ULP][j] ?? 0)),
    ));
    await postTogether(federation, candidate);
  });
  afterEach(() => {
    tower.close();
    friend.close();
    federation.close();
  });

  /** The friend proves a weight wrong, accusing as many as it is told. */
  const giveUp = async (coordinate: number, accused: number): Promise<void> => {
    const search = await smallSearch(federation, stored);
    const record = (await federation.reader.view()).rounds.get(1n)!;
    const posted = record.candidates[0]!;
    const fault = (await findFault(search, candidate, coordinate))!;
    const witnesses = { ...search, recoverer: createRecoverer() };
    const challenge = await challengeOf(witnesses, { record, posted, fault }, friend.account);
    await friend.challenger.prove({ ...challenge, accused: challenge.accused.slice(0, accused) });
  };
  const watchWith = async (challenger: Challenger = tower.challenger) =>
    createWatch({
      ...(await smallSearch(federation, stored)),
      challenger,
      recoverer: createRecoverer(),
      evidence: openEvidence(),
      emit: (event) => events.push(event),
    });
  const inspect = async (watch: Awaited<ReturnType<typeof watchWith>>) =>
    watch.inspect(await federation.reader.pendingTime());
  const slashes = async () => {
    const { miners } = await federation.reader.view();
    return (await byRank(federation)).map(({ address }) => miners.get(address.toLowerCase())!.slashed);
  };
  const kinds = () => events.map(({ kind }) => kind);

  it("costs the liar that was left out as much, once", async () => {
    await giveUp(WRONG, 1);
    expect(await slashes()).to.deep.equal([STAKE / 2n, 0n, 0n]);
    const watch = await watchWith();
    await inspect(watch);
    expect(await slashes()).to.deep.equal([STAKE / 2n, STAKE / 2n, 0n]);
    expect(kinds()).to.deep.equal(["accused"]);
    await inspect(watch);
    expect(kinds()).to.deep.equal(["accused"]);
  });

  it("at the low rate is proven again at the high one", async () => {
    await giveUp(ROUNDED, 2);
    expect(await slashes()).to.deep.equal([STAKE / 100n, STAKE / 100n, 0n]);
    const watch = await watchWith();
    await inspect(watch);
    const [wrong] = events;
    expect(wrong).to.deep.include({ kind: "wrong", verdict: "wrong", coordinate: WRONG });
    expect(kinds()).to.deep.equal(["wrong", "proven"]);
    // The rest of half the stake that was left: 50 % less the 1 % already taken.
    const [first, second, honest] = await slashes();
    expect([first, honest]).to.deep.equal([second, 0n]);
    expect(first! > (STAKE * 49n) / 100n).to.equal(true);
  });

  it("is proven all the same when each commitment was sent by somebody else first", async () => {
    const own = transactorOf(tower, chain.wallet(18), createMemoryLedger());
    const thief = transactorOf(friend, chain.wallet(17), createMemoryLedger());
    const challenger = createChallenger(tower, {
      ...own,
      async send(call) {
        if (call.method === "commit") await thief.send(call);
        return own.send(call);
      },
    });
    await inspect(await watchWith(challenger));
    expect(kinds()).to.deep.equal(["wrong", "proven"]);
    expect((await slashes()).slice(0, 2)).to.deep.equal([STAKE / 2n, STAKE / 2n]);
  });
});
