import { expect } from "chai";
import { loadFederation } from "../../coordinator/adapters/federation/load-federation.ts";
import { createRecoverer } from "../../coordinator/adapters/keys/recover.ts";
import { createWasmEvaluator } from "../../coordinator/adapters/learning/wasm-evaluator.ts";
import { type AuditOptions, type AuditResult, verifyRound } from "../../coordinator/audit/verify-round.ts";
import type { Content } from "../../coordinator/ports/content.ts";
import { type Hex, keccak, sameHex } from "../../coordinator/protocol/bytes.ts";
import { isQuorateError, QuorateError } from "../../coordinator/protocol/errors.ts";
import type { RoundRecord } from "../../coordinator/protocol/views/federation-view.ts";
import { winnerOf } from "../../coordinator/protocol/views/queries.ts";
import { startChain, type TestChain, WHOLE_ROUND } from "../adapters/chain/federation.ts";
import { type AuditedFederation, createAuditedFederation, playRound } from "./round.ts";

/** Files as the store has them, except those an attacker replaced or lost. */
function contentOf(
  federation: AuditedFederation,
  replace: (digest: Hex, bytes: Uint8Array) => Uint8Array,
): Content {
  return { get: async (digest) => replace(digest, await federation.store.read(digest)) };
}

async function audit(
  federation: AuditedFederation,
  round: bigint,
  overrides: Partial<AuditOptions> = {},
): Promise<AuditResult> {
  const chain = overrides.chain ?? federation.reader;
  const content = overrides.content ?? contentOf(federation, (_, bytes) => bytes);
  return verifyRound({
    chain,
    content,
    loadFederation: () => loadFederation({ chain, content }),
    evaluator: createWasmEvaluator,
    recoverer: createRecoverer(),
    digest: federation.store.digest,
    round,
    ...overrides,
  });
}

/** A reader that tells something else about one round. */
function lying(
  federation: AuditedFederation,
  round: bigint,
  change: (record: RoundRecord) => Partial<RoundRecord>,
): AuditOptions["chain"] {
  const { reader } = federation;
  return {
    ...reader,
    async view() {
      const view = await reader.view();
      const record = view.rounds.get(round)!;
      return { ...view, rounds: new Map(view.rounds).set(round, { ...record, ...change(record) }) };
    },
  };
}

const wrongNames = ({ checks }: AuditResult) =>
  checks.filter((check) => !check.ok).map((check) => check.name);

describe("audit: verifyRound", function () {
  this.timeout(120_000);
  let chain: TestChain;
  let federation: AuditedFederation;
  let names: string[];
  let firstManifest: Hex;
  before(async () => {
    chain = await startChain();
    federation = await createAuditedFederation(chain);
    const first = await playRound(federation);
    firstManifest = winnerOf((await federation.reader.view()).rounds.get(first)!)!.candidate.manifestCid;
    await playRound(federation);
  });
  after(async () => {
    federation?.close();
    await chain?.stop();
  });

  it("finds every check of honest rounds to hold", async () => {
    for (const round of [1n, 2n]) {
      const heard: string[] = [];
      const result = await audit(federation, round, { onCheck: (check) => heard.push(check.name) });
      expect(wrongNames(result)).to.deep.equal([]);
      expect(result.ok).to.equal(true);
      expect(heard).to.deep.equal(result.checks.map((check) => check.name));
      expect(new Set(heard).size).to.equal(heard.length);
      names = heard;
    }
    for (const part of [
      "opening hash",
      "parameters hash",
      "seed of the draw",
      "aggregate model root",
      "Shapley values",
    ])
      expect(names).to.include(part);
    expect(names.filter((name) => name.startsWith("vote of"))).to.have.length(3);
    expect(names.filter((name) => /^update \d of .*signature/.test(name))).to.have.length(3);
    expect(names.filter((name) => name.startsWith("reputation of"))).to.have.length(3);
  });

  it("refuses rounds that never were or are open", async () => {
    for (const [round, code] of [
      [9n, "ROUND_UNKNOWN"],
      [3n, "ROUND_NOT_ENDED"],
    ] as const) {
      const error = await audit(federation, round).catch((e: unknown) => e);
      expect(isQuorateError(error, code)).to.equal(true);
    }
  });

  it("fails on every file that is missing, and says which checks could not be made", async () => {
    const record = (await federation.reader.view()).rounds.get(2n)!;
    const { candidate } = winnerOf(record)!;
    const lost = {
      "model file": candidate.modelCid,
      "manifest file": candidate.manifestCid,
      "base model file": record.baseCid,
    };
    for (const [name, digest] of Object.entries(lost)) {
      const content = contentOf(federation, (wanted, bytes) => {
        if (!sameHex(wanted, digest)) return bytes;
        throw new QuorateError("CONTENT_UNAVAILABLE", "nobody served it");
      });
      const result = await audit(federation, 2n, { content });
      expect(result.ok).to.equal(false);
      expect(wrongNames(result)).to.include(name);
      // Not one check of a clean audit is left out because a file is missing.
      const made = result.checks.map((check) => check.name);
      if (name !== "manifest file")
        expect(made).to.include.members(
          names.filter((n) => n !== "recomputation" && n !== "score within the tolerance"),
        );
      else expect(made).to.include.members(["aggregate model root", "payout root", "candidate id"]);
    }
    const withoutPrevious = await audit(federation, 2n, {
      content: contentOf(federation, (wanted, bytes) => {
        if (wanted !== firstManifest) return bytes;
        throw new QuorateError("CONTENT_UNAVAILABLE", "nobody served it");
      }),
    });
    expect(wrongNames(withoutPrevious)).to.include.members(["previous payouts", "payout root"]);
  });

  it("fails on a tampered update, model or manifest file", async () => {
    const record = (await federation.reader.view()).rounds.get(2n)!;
    const { candidate } = winnerOf(record)!;
    for (const [name, digest] of [
      ["model file", candidate.modelCid],
      ["manifest file", candidate.manifestCid],
    ] as const) {
      const content = contentOf(federation, (wanted, bytes) => {
        if (sameHex(wanted, digest)) bytes[bytes.length - 5]! ^= 1;
        return bytes;
      });
      const result = await audit(federation, 2n, { content });
      expect(result.checks.find((check) => check.name === name)).to.deep.include({
        ok: false,
        actual: "CONTENT_MISMATCH",
      });
    }
    let tampered = 0;
    const files = new Set<Hex>([candidate.modelCid, candidate.manifestCid, firstManifest, record.baseCid]);
    const task = (await federation.reader.federation()).taskHash;
    const content = contentOf(federation, (wanted, bytes) => {
      if (files.has(wanted) || wanted === task || bytes.length > 2_000) return bytes;
      tampered += 1;
      bytes[bytes.length - 5]! ^= 1;
      return bytes;
    });
    const result = await audit(federation, 2n, { content });
    expect(tampered).to.equal(3);
    expect(wrongNames(result).filter((name) => /^update \d of .*model file/.test(name))).to.have.length(3);
  });

  it("fails on a vote whose signature, author, support or weight is not what was counted", async () => {
    const { reader } = federation;
    const forged = await audit(federation, 2n, {
      chain: {
        ...reader,
        submittedVotes: async (transaction) =>
          (await reader.submittedVotes(transaction)).map((vote, k) =>
            k === 0
              ? {
                  ...vote,
                  signature: `${vote.signature.slice(0, -1)}${vote.signature.endsWith("0") ? 1 : 0}` as Hex,
                }
              : vote,
          ),
      },
    });
    expect(wrongNames(forged)[0]).to.match(/^vote of/);
    const hidden = await audit(federation, 2n, { chain: { ...reader, submittedVotes: async () => [] } });
    expect(wrongNames(hidden)).to.have.length(3);
    const lies: Record<string, (record: RoundRecord) => Partial<RoundRecord>> = {
      "a yes turned into a no": ({ countedVotes }) => ({
        countedVotes: countedVotes.map((vote, k) => (k === 0 ? { ...vote, support: false } : vote)),
      }),
      "a vote left out": ({ countedVotes }) => ({ countedVotes: countedVotes.slice(1) }),
      "another weight": ({ roster }) => ({
        roster: roster.map((seat, k) => (k === 0 ? { ...seat, weight: seat.weight * 2n } : seat)),
      }),
      "another ratio": ({ ratioBps }) => ({ ratioBps: ratioBps! - 1 }),
      "another reputation": ({ scores }) => ({
        scores: scores.map((score, k) => (k === 0 ? { ...score, reputation: score.reputation + 1n } : score)),
      }),
      "another seed": ({ seed }) => ({ seed: seed! ^ 1n }),
      "another base": () => ({ baseRoot: keccak(new Uint8Array(1)) }),
      "an earlier finality": ({ finalAt }) => ({ finalAt: finalAt! - 1 }),
      "no winner": () => ({ winner: null }),
    };
    for (const [what, change] of Object.entries(lies)) {
      const result = await audit(federation, 2n, { chain: lying(federation, 2n, change) });
      expect(result.ok, what).to.equal(false);
    }
  });

  it("audits a round with an absent miner and one that failed", async () => {
    const absent = await playRound(federation, {
      // The two of 3,000 tokens outweigh the third, whoever was drawn.
      voters: (ranked) => ranked.filter(({ address }) => address !== federation.miners[2]!.address),
    });
    const names = wrongNames(await audit(federation, absent));
    // It builds on a model that no honest recomputation gives: the round before was a fraud.
    expect(
      names.filter((name) => /vote|reputation|present|winner|ratio|participation/.test(name)),
    ).to.deep.equal([]);
    await chain.wait(WHOLE_ROUND);
    const failed = (await federation.reader.view()).latestRound;
    await federation.miners[0]!.chain.failRound(failed);
    expect(wrongNames(await audit(federation, failed))).to.deep.equal([]);
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
