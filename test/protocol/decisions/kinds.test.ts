import { expect } from "chai";
import fc from "fast-check";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { KIND_NAMES, kindOf } from "../../../coordinator/protocol/decisions/kinds.ts";
import type { Ballot } from "../../../coordinator/protocol/decisions/operations.ts";
import { clippedWeights, standingOf } from "../../../coordinator/protocol/decisions/scoring.ts";
import { encodeChoices, select } from "../../../coordinator/protocol/decisions/select.ts";
import { encodeRoundUpdates, HOLDS_NONE, updates } from "../../../coordinator/protocol/decisions/updates.ts";
import { expectCode } from "../expect-code.ts";
import { committeeWith, hashOf } from "../praft/fixtures.ts";
import { ballot, committeeWithLiars, decide, subjects } from "./fixtures.ts";

const score = fc.integer({ min: 0, max: 10_000 });
const [one, two, three] = subjects(3) as [Hex, Hex, Hex];
const CHOICES = encodeChoices([one, two, three]);
const ROUND = encodeRoundUpdates({ round: 7, openingHash: hashOf("opening") });

describe("kinds of tasks", () => {
  it("are registered by name", () => {
    expect(KIND_NAMES).to.deep.equal(["select", "rank", "allocate", "updates"]);
    for (const name of KIND_NAMES) expect(kindOf(name)?.name).to.equal(name);
    expect(kindOf("elect")).to.equal(undefined);
  });

  it("weight F of liars cannot push a score outside the honest range", () => {
    fc.assert(
      fc.property(
        committeeWithLiars,
        fc.array(fc.tuple(score, score), { minLength: 8, maxLength: 8 }),
        ({ committee, liars }, said) => {
          const ballots = committee.members.map((_, i) => ballot(i, one, ...said[i]!));
          const honest = ballots.filter(({ signer }) => !liars.has(signer)).map((each) => each.score);
          const standing = standingOf(committee, one, ballots, 10_000);
          // Two members of unequal weight may have less than a quorum of the clipped weight only if one is silent.
          expect(standing!.score).to.be.within(Math.min(...honest), Math.max(...honest));
        },
      ),
    );
  });

  it("no more than half counts for one member, and a lone voter decides nothing", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1_000_000 }), { minLength: 1, maxLength: 7 }),
        fc.nat(6),
        (weights, pick) => {
          const committee = committeeWith(weights);
          const clipped = clippedWeights(committee);
          const sum = clipped.reduce((all, weight) => all + weight, 0);
          for (const weight of clipped) expect(2 * weight).to.be.at.most(sum);
          const lone = [one, two, three].map((each) => ballot(pick % weights.length, each, 10_000));
          for (const kind of ["select", "rank"])
            expect(decide(kind, committee, CHOICES, { ballots: lone })).to.equal(undefined);
          expect(decide("updates", committee, ROUND, { ballots: lone })).to.equal(undefined);
        },
      ),
    );
    expect(
      decide("select", committeeWith([70, 10, 10, 10]), CHOICES, { ballots: [ballot(0, one, 10_000)] }),
    ).to.equal(undefined);
  });

  it("select takes the subject with most support over the whole committee, rank orders them", () => {
    const committee = committeeWith([1, 1, 1, 1]);
    const all = (subject: Hex, ...scores: number[]) => scores.map((each, i) => ballot(i, subject, each));
    const ballots = [...all(one, 5_000, 5_000, 5_000, 5_000), ...all(two, 6_500, 6_500, 6_500)];
    expect(decide("rank", committee, CHOICES, { ballots })).to.deep.equal([
      [one, 5_000],
      [two, 6_500],
    ]);
    ballots.push(...all(three, 9_000, 9_000, 9_000, 9_000));
    expect(decide("select", committee, CHOICES, { ballots })).to.deep.equal([[three, 9_000]]);
  });

  it("below a quorum of ballots nothing is decided; at a quorum it is", () => {
    const committee = committeeWith([1, 1, 1, 1]);
    const cast = (voters: number) => Array.from({ length: voters }, (_, i) => ballot(i, one, 8_000));
    expect(decide("select", committee, CHOICES, { ballots: cast(2) })).to.equal(undefined);
    expect(decide("select", committee, CHOICES, { ballots: cast(3) })).to.deep.equal([[one, 8_000]]);
    // Four of seven are more than half, and less than Q = 5.
    const uneven = committeeWith([2, 2, 1, 1, 1]);
    expect(decide("select", uneven, CHOICES, { ballots: cast(2) })).to.equal(undefined);
    expect(decide("select", uneven, CHOICES, { ballots: cast(3) })).to.deep.equal([[one, 8_000]]);
  });

  it("confidence weighs a score, and a quorum does not know it", () => {
    const committee = committeeWith([1, 1, 1]);
    const sure = [ballot(0, one, 9_000, 10_000), ballot(1, one, 3_000, 0), ballot(2, one, 9_000, 10_000)];
    expect(decide("select", committee, CHOICES, { ballots: sure })).to.deep.equal([[one, 8_714]]);
    const unsure = sure.map((each) => ({ ...each, confidence: 0 }));
    expect(decide("select", committee, CHOICES, { ballots: unsure })).to.deep.equal([[one, 7_000]]);
  });

  it("equals are told apart by hash, not by their place", () => {
    const committee = committeeWith([1, 1, 1, 1]);
    const ballots = [one, two, three].flatMap((each) => [0, 1, 2, 3].map((i) => ballot(i, each, 7_000)));
    const order = decide("rank", committee, CHOICES, { ballots })!.map(([subject]) => subject);
    expect(order).to.have.members([one, two, three]).and.not.deep.equal([one, two, three]);
  });

  it("the order of the ballots plays no part", () => {
    const committee = committeeWith([3, 1, 4, 1, 5]);
    const ballots: Ballot[] = [one, two, three].flatMap((each, k) =>
      [0, 1, 2, 3, 4].map((i) => ballot(i, each, 1_000 * ((i + k) % 5), 2_000 * i)),
    );
    const outcome = decide("rank", committee, CHOICES, { ballots });
    const full = fc.shuffledSubarray(ballots, { minLength: ballots.length, maxLength: ballots.length });
    fc.assert(
      fc.property(full, (shuffled) => {
        expect(decide("rank", committee, CHOICES, { ballots: shuffled })).to.deep.equal(outcome);
      }),
      { numRuns: 30 },
    );
  });

  it("updates freezes what weight above F holds: liars neither bring in nor keep out", () => {
    const [shared, invented, half] = subjects(3) as [Hex, Hex, Hex];
    fc.assert(
      fc.property(committeeWithLiars, ({ committee, liars }) => {
        const everyone = [...committee.members.keys()];
        const honest = everyone.filter((i) => !liars.has(i));
        const lone = honest.find((i) => committee.members[i]!.weight <= committee.faulty);
        const ballots = [
          ...honest.map((i) => ballot(i, shared, 10_000)),
          ...[...liars].map((i) => ballot(i, invented, 10_000)),
          ...(lone === undefined ? [] : [ballot(lone, half, 10_000)]),
        ];
        const clipped = clippedWeights(committee);
        const heard = honest.reduce((sum, i) => sum + clipped[i]!, 0);
        const all = clipped.reduce((sum, weight) => sum + weight, 0);
        const frozen = decide("updates", committee, ROUND, { ballots });
        if (liars.size === 0 || 2 * heard > all) expect(frozen).to.deep.equal([[shared, 10_000]]);
      }),
    );
    const nobody = [0, 1, 2].map((i) => ballot(i, HOLDS_NONE, 10_000));
    expect(decide("updates", committeeWith([1, 1, 1]), ROUND, { ballots: nobody })).to.deep.equal([]);
  });

  it("refuses parameters that are not its own, and ballots on what was not asked", () => {
    expectCode("DECISION_SUBJECTS", () => encodeChoices([]));
    expectCode("DECISION_SUBJECTS", () => encodeChoices([one, one]));
    const swapped = CHOICES.slice();
    swapped.set(CHOICES.subarray(4, 36), 36);
    swapped.set(CHOICES.subarray(36, 68), 4);
    expectCode("DECISION_SUBJECTS", () => select.read(swapped));
    expectCode("PRAFT_TRAILING", () => select.read(new Uint8Array([...CHOICES, 0])));
    expectCode("DECISION_ROUND", () => updates.read(encodeRoundUpdates({ round: 0, openingHash: one })));
    const choices = select.read(CHOICES);
    expect(select.accepts(choices, hashOf("other"), 1)).to.equal(false);
    expect(select.accepts(choices, one, 10_001)).to.equal(false);
    expect(updates.accepts(updates.read(ROUND), one, 9_999)).to.equal(false);
  });
});
