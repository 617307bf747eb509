import { expect } from "chai";
import { keccak } from "../../coordinator/protocol/bytes.ts";
import {
  decodeManifestFile,
  encodeManifestFile,
  type ManifestFile,
} from "../../coordinator/protocol/round/manifest-file.ts";
import type { RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import { winnerOf } from "../../coordinator/protocol/views/queries.ts";
import { startChain, type TestChain } from "../adapters/chain/federation.ts";
import { audit, lying, wrongNames } from "./audit.ts";
import { type AuditedFederation, createAuditedFederation, playRound } from "./round.ts";

describe("audit: frauds", function () {
  this.timeout(120_000);
  let chain: TestChain;
  let federation: AuditedFederation;
  before(async () => {
    chain = await startChain();
    federation = await createAuditedFederation(chain);
    await playRound(federation);
    await playRound(federation);
  });
  after(async () => {
    federation?.close();
    await chain?.stop();
  });

  it("fails on the very check that a lie of the chain's reader is about", async () => {
    const other = keccak(new Uint8Array(1));
    const first = <T>(list: readonly T[], change: (item: T) => Partial<T>): T[] =>
      list.map((item, k) => (k === 0 ? { ...item, ...change(item) } : item));
    const lies: [check: RegExp, lie: (record: RoundRecord) => Partial<RoundRecord>][] = [
      [/^opening hash$/, () => ({ openingHash: other })],
      [/^parameters hash$/, () => ({ parametersHash: other })],
      [/^quorum$/, ({ parameters }) => ({ parameters: { ...parameters, quorumBps: 5001n } })],
      [/^base model root$/, () => ({ baseRoot: other })],
      [/^payout root before the round$/, () => ({ payoutsRoot: other })],
      [/^seed of the draw$/, ({ seed }) => ({ seed: seed! ^ 1n })],
      [/^seed block$/, ({ seedBlock }) => ({ seedBlock: seedBlock! + 1 })],
      [/^candidate 0: id$/, ({ candidates }) => ({ candidates: first(candidates, () => ({ id: other })) })],
      [
        /^candidate 0: signature of/,
        ({ candidates }) => ({
          candidates: first(candidates, ({ signers }) => ({
            signers: first(signers, () => ({ signature: signers[1]!.signature })),
          })),
        }),
      ],
      [
        /^candidate 0: rank of/,
        ({ candidates, roster }) => ({
          candidates: first(candidates, ({ signers }) => ({
            signers: roster.map(({ miner }) => ({ miner, signature: signers[0]!.signature })),
          })),
        }),
      ],
      [/^vote of/, ({ countedVotes }) => ({ countedVotes: first(countedVotes, () => ({ support: false })) })],
      [
        /^vote of/,
        ({ countedVotes }) => ({ countedVotes: first(countedVotes, () => ({ confidence: 9000 })) }),
      ],
      [/^uncounted vote of seat/, ({ countedVotes }) => ({ countedVotes: countedVotes.slice(1) })],
      [/^miners present$/, ({ scores }) => ({ scores: scores.slice(1) })],
      [/^winner$/, ({ countedVotes }) => ({ countedVotes: countedVotes.slice(0, 1) })],
      [/^winner$/, () => ({ winner: null })],
      [/^ratio$/, ({ ratioBps }) => ({ ratioBps: ratioBps! - 1 })],
      [/^participation$/, ({ participationBps }) => ({ participationBps: participationBps! - 1 })],
      [/^final at$/, ({ finalAt }) => ({ finalAt: finalAt! - 1 })],
      [/^recorded payout root$/, ({ settlement }) => ({ settlement: settlement! - 1n })],
      [
        /^reputation of/,
        ({ scores }) => ({ scores: first(scores, ({ reputation }) => ({ reputation: reputation + 1n })) }),
      ],
      [/^weight of/, ({ scores }) => ({ scores: first(scores, ({ weight }) => ({ weight: weight + 1n })) })],
    ];
    for (const [check, lie] of lies) {
      const wrong = wrongNames(await audit(federation, 2n, { chain: lying(federation, 2n, lie) }));
      expect(
        wrong.some((name) => check.test(name)),
        `${check} in ${wrong.join(", ")}`,
      ).to.equal(true);
    }
    // What the next round builds on is part of this one's outcome.
    const later = lying(federation, 3n, () => ({ baseRoot: other }));
    expect(wrongNames(await audit(federation, 2n, { chain: later }))).to.deep.equal([
      "next round's base model",
    ]);
  });

  it("fails on the very check that a forged manifest is about", async () => {
    const record = (await federation.reader.view()).rounds.get(2n)!;
    const honest = decodeManifestFile(await federation.store.read(winnerOf(record)!.candidate.manifestCid));
    const shapley = honest.shapley!;
    const forgeries: [checks: string[], forgery: Partial<ManifestFile>][] = [
      [["manifest: round"], { round: 9n }],
      [["manifest: opening hash"], { openingHash: keccak(new Uint8Array(3)) }],
      [["manifest: base model"], { baseRoot: keccak(new Uint8Array(4)) }],
      [["updates hash", "update count", "total samples"], { updates: honest.updates.slice(1) }],
      [
        ["Shapley values", "manifest file equals the recomputed one"],
        { shapley: { ...shapley, numerators: shapley.numerators.map((n) => n + 1n) } },
      ],
      [["manifest file equals the recomputed one"], { payouts: [] }],
    ];
    for (const [expected, forgery] of forgeries) {
      const manifestCid = await federation.store.add(encodeManifestFile({ ...honest, ...forgery }));
      const chain = lying(federation, 2n, ({ candidates }) => ({
        candidates: candidates.map((posted) => ({
          ...posted,
          candidate: { ...posted.candidate, manifestCid },
        })),
      }));
      expect(wrongNames(await audit(federation, 2n, { chain }))).to.include.members(expected);
    }
  });

  it("finds what colluding miners agreed against the rules", async () => {
    const other = keccak(new Uint8Array(2));
    const score = await playRound(federation, {
      candidate: (honest) => ({ validationScore: honest.validationScore + 1 }),
    });
    expect(wrongNames(await audit(federation, score))).to.include.members([
      "validation score",
      "candidate id",
    ]);
    const cap = await playRound(federation, { sampleCount: 2_000_000n });
    const overCap = wrongNames(await audit(federation, cap)).filter((name) =>
      /^update \d of .*cap$/.test(name),
    );
    expect(overCap).to.have.length(3);
    const signers = [chain.wallet(17), chain.wallet(18), federation.clients[2]!];
    const strangers = wrongNames(await audit(federation, await playRound(federation, { signers })));
    // Their models are arbitrary, so the score may be another complaint.
    expect(strangers.filter((name) => /^update \d of .*signature/.test(name))).to.have.length(2);
    const model = await playRound(federation, { candidate: () => ({ modelRoot: other }) });
    expect(wrongNames(await audit(federation, model))).to.include.members([
      "aggregate model root",
      "candidate id",
    ]);
    // Last, because no honest table follows from a wrong total.
    const paid = federation.payouts.reduce((sum, row) => sum + row.cumulative, 0n);
    const payout = await playRound(federation, {
      candidate: ({ payoutsTotal }) => ({ payoutsTotal: payoutsTotal + (payoutsTotal > paid ? -1n : 1n) }),
    });
    expect(wrongNames(await audit(federation, payout))).to.include.members(["payout total", "candidate id"]);
  });
});
