import { expect } from "chai";
import { parseRuleText } from "../../coordinator/protocol/aggregation/rule.ts";
import { initialModel } from "../../coordinator/protocol/learning/architecture.ts";
import { winnerOf } from "../../coordinator/protocol/views/queries.ts";
import { startChain, type TestChain } from "../adapters/chain/federation.ts";
import { audit, wrongNames } from "./audit.ts";
import { type AuditedFederation, createAuditedFederation, playRound } from "./round.ts";

/** Shorter than the updates are apart, so that every one of them is clipped. */
const RULE = parseRuleText("centred-clipping:0.5:2");

describe("audit of a rule that starts at the model of the round before", function () {
  this.timeout(120_000);
  let chain: TestChain;
  let federation: AuditedFederation;
  const wrongIn = async (round: bigint) => wrongNames(await audit(federation, round));
  before(async () => {
    chain = await startChain();
    federation = await createAuditedFederation(chain, RULE);
  });
  after(async () => {
    federation?.close();
    await chain?.stop();
  });

  it("finds two rounds in order, the second clipped around the first one's model", async () => {
    const bases = [federation.base];
    for (const round of [1n, 2n]) {
      expect(await playRound(federation)).to.equal(round);
      bases.push(federation.base);
      expect(await wrongIn(round)).to.deep.equal([]);
    }
    const [genesis, first, second] = bases.map(({ floats }) => floats);
    const moved = (from: Float32Array, to: Float32Array) =>
      Math.hypot(...from.map((value, j) => to[j]! - value));
    // Two steps of at most τ each.
    for (const step of [moved(genesis!, first!), moved(first!, second!)])
      expect(step > 0.01 && step <= 1, `${step}`).to.equal(true);
  });

  it("finds the model wrong that colluding miners clipped around another one, or made by another rule", async () => {
    const elsewhere = initialModel({ kind: "dense", layers: [16, 8, 4] }, "elsewhere");
    for (const collusion of [{ centre: elsewhere }, { rule: parseRuleText("centred-clipping:0.6:2") }]) {
      const base = federation.base;
      const round = await playRound(federation, collusion);
      const record = (await federation.reader.view()).rounds.get(round)!;
      expect(winnerOf(record)).to.not.equal(undefined);
      const wrong = await wrongIn(round);
      expect(wrong).to.include("aggregate model root").and.not.include("base model file");
      expect(wrong.some((name) => name.startsWith("task file"))).to.equal(false);
      expect(federation.base).to.not.equal(base);
    }
  });
});
