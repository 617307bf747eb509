import { expect } from "chai";
import type { Verdict } from "../../coordinator/node/judge.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { withFloats } from "../../coordinator/protocol/model/model.ts";
import { modelRoot } from "../../coordinator/protocol/model/model-root.ts";
import { encodeModel } from "../../coordinator/protocol/model/safetensors.ts";
import { encodeManifestFile } from "../../coordinator/protocol/round/manifest-file.ts";
import { type Candidate, REASON, withheldIndex } from "../../coordinator/protocol/round/messages.ts";
import { judgedRound } from "./judged-round.ts";

/** Judges altered versions of an honest round. */
describe("a verdict", () => {
  const round = judgedRound();
  const { genesis, parameters, hidden, parts, judge } = round;

  const expectNo = (verdict: Verdict, reason: number, reasonIndex: bigint) =>
    expect(verdict).to.deep.equal({ support: false, confidence: 10_000, reason, reasonIndex });

  it("on an honest candidate is yes, with full confidence", async () => {
    expect(await judge(round.honest.candidate)).to.deep.equal({
      support: true,
      confidence: 10_000,
      reason: 0,
      reasonIndex: 0n,
    });
  });

  it("without an evaluator is yes with 8,000 if the model is right", async () => {
    const { results } = parts(false);
    const { candidate } = await results.of(
      { view: round.view, parameters },
      round.updates,
      new AbortController().signal,
    );
    expect((await judge(candidate, {}, { evaluator: false })).confidence).to.equal(8_000);
  });

  /** The result of a rule, but for two weights. */
  async function wrongModel(rule: string): Promise<Candidate> {
    const { signal } = new AbortController();
    const { model, candidate } = await parts(true, rule).results.of(
      { view: round.view, parameters },
      round.updates,
      signal,
    );
    const floats = model.floats.slice();
    floats[6] = 0.5;
    floats[3] = 0.25;
    const wrong = withFloats(genesis, floats);
    return { ...candidate, modelRoot: modelRoot(wrong), modelCid: await round.store.add(encodeModel(wrong)) };
  }

  for (const rule of ["fedavg", "median", "trimmed-mean:1"])
    it(`names the first wrong coordinate of ${rule}, which a contract can check`, async () => {
      expectNo(await judge(await wrongModel(rule), {}, { rule }), REASON.coordinate, 3n);
    });

  for (const rule of ["multi-krum:0", "meamed:1", "geometric-median", "nnm:1+median"])
    it(`names no coordinate of ${rule}, where it would prove nothing: a wrong model rests on the vote`, async () => {
      expectNo(await judge(await wrongModel(rule), {}, { rule }), REASON.payouts, 0n);
    });

  it("says withheld, of the aggregate, if nobody serves the claimed model or it is not the one named", async () => {
    const aggregate = withheldIndex(3, 0);
    const unseen = { ...round.honest.candidate, modelRoot: `0x${"77".repeat(32)}` as Hex };
    expectNo(await judge({ ...unseen, modelCid: `0x${"78".repeat(32)}` }), REASON.withheld, aggregate);
    expectNo(await judge(unseen), REASON.withheld, aggregate);
  });

  it("says score if the claimed score is not the recomputed one", async () => {
    const { validationScore } = round.honest.candidate;
    const boasted = { ...round.honest.candidate, validationScore: validationScore + 1 };
    expectNo(await judge(boasted), REASON.score, 0n);
  });

  it("says score if the score fell more than 0.05 below the best of recent rounds", async () => {
    const { validationScore } = round.honest.candidate;
    expect((await judge(round.honest.candidate, { bestRecentScore: validationScore + 50 })).support).to.equal(
      true,
    );
    expectNo(
      await judge(round.honest.candidate, { bestRecentScore: validationScore + 51 }),
      REASON.score,
      0n,
    );
  });

  it("says payouts if payouts or the manifest are not the recomputed ones", async () => {
    const greedy = { ...round.honest.candidate, payoutsTotal: round.honest.candidate.payoutsTotal + 1n };
    expectNo(await judge(greedy), REASON.payouts, 0n);
    const payouts = round.honest.manifest.payouts.slice(1);
    const manifestCid = await round.store.add(encodeManifestFile({ ...round.honest.manifest, payouts }));
    expectNo(await judge({ ...round.honest.candidate, manifestCid }), REASON.payouts, 0n);
  });

  it("says payouts if the record is not the one of the candidate's list", async () => {
    const noRecord = await round.store.add(new TextEncoder().encode("not a manifest"));
    expectNo(await judge({ ...round.honest.candidate, manifestCid: noRecord }), REASON.payouts, 0n);
    const other = { ...round.honest.candidate, updatesHash: `0x${"55".repeat(32)}` as Hex };
    expectNo(await judge(other), REASON.payouts, 0n);
    const counted = { ...round.honest.candidate, updateCount: 2 };
    expectNo(await judge(counted), REASON.payouts, 0n);
  });

  it("says withheld if nobody serves the record, or an update, which is named", async () => {
    hidden.add(round.honest.candidate.manifestCid);
    expectNo(await judge(round.honest.candidate), REASON.withheld, 0n);
    hidden.clear();
    hidden.add(round.updates[1]!.update.modelCid);
    expectNo(await judge(round.honest.candidate), REASON.withheld, withheldIndex(1, 0));
  });
});
