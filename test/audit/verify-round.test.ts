import { expect } from "chai";
import { type Hex, sameHex } from "../../coordinator/protocol/bytes.ts";
import { isQuorateError, QuorateError } from "../../coordinator/protocol/errors.ts";
import { winnerOf } from "../../coordinator/protocol/views/queries.ts";
import { startChain, type TestChain, WHOLE_ROUND } from "../adapters/chain/federation.ts";
import { deployForwarder } from "../adapters/chain/forwarder.ts";
import { audit, contentOf, wrongNames } from "./audit.ts";
import { type AuditedFederation, createAuditedFederation, playRound } from "./round.ts";

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
  });

  it("audits a round with an absent miner and one that failed", async () => {
    const absent = await playRound(federation, {
      // The two of 3,000 tokens outweigh the third, whoever was drawn.
      voters: (ranked) => ranked.filter(({ address }) => address !== federation.miners[2]!.address),
    });
    const result = await audit(federation, absent);
    expect(wrongNames(result)).to.deep.equal([]);
    expect(result.checks.filter(({ name }) => /^(vote|reputation) of/.test(name))).to.have.length(4);
    await chain.wait(WHOLE_ROUND);
    const failed = (await federation.reader.view()).latestRound;
    await federation.miners[0]!.chain.failRound(failed);
    expect(wrongNames(await audit(federation, failed))).to.deep.equal([]);
  });

  it("passes an honest round that another contract settled, and says what it can't check again", async () => {
    const settler = await deployForwarder(federation);
    const result = await audit(federation, await playRound(federation, { settler }));
    expect(wrongNames(result)).to.deep.equal([]);
    const vouched = result.checks.filter(({ actual }) => actual === "checked by the contract");
    expect(vouched.map(({ name }) => name.split(" ")[0])).to.deep.equal([
      "settlement",
      ...["vote", "vote", "vote"],
    ]);
    // A node that does not give the transaction hides something else.
    const submittedVotes = () =>
      Promise.reject(new QuorateError("TRANSACTION_MISSING", "the node forgot it"));
    const chainWithout = { ...federation.reader, submittedVotes };
    const forgotten = await audit(federation, 2n, { chain: chainWithout });
    expect(wrongNames(forgotten)).to.have.length(1);
  });
});
