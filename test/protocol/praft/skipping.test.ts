import { expect } from "chai";
import { skipLate } from "../../../coordinator/protocol/praft/skipping.ts";
import { createState, currentLeader, type State } from "../../../coordinator/protocol/praft/state.ts";
import { createNode } from "../../praft/node.ts";
import { committeeWith } from "./fixtures.ts";

const SKIP = 8;

/** Of so many members, with the newest committed block in this view. */
function stateOf(weights: readonly number[], committedView = 0): State {
  const { env } = createNode(committeeWith(weights), 0, "member");
  const state = createState(committeeWith(weights), env);
  state.committedView = committedView;
  return state;
}

const skippedIn = (state: State, view: number) =>
  [...state.skippedUntil.keys()].filter((i) => state.skippedUntil[i]! > view);
const ones = (count: number) => new Array<number>(count).fill(1);

describe("praft leaders whose views failed", () => {
  it("lose their turns for a while", () => {
    const state = stateOf(ones(4), 1);
    const failed = currentLeader(state, 2);
    skipLate(state, { view: 3 }, SKIP);
    expect(skippedIn(state, 3)).to.deep.equal([failed]);
    expect(skippedIn(state, 3 + SKIP)).to.deep.equal([]);
    for (let view = 3; view < 3 + SKIP; view++) expect(currentLeader(state, view)).not.to.equal(failed);
  });

  it("are no more than weight F at a time, those that failed last", () => {
    const state = stateOf(ones(4), 1);
    const failed = [2, 3, 4].map((view) => currentLeader(state, view));
    expect(new Set(failed).size).to.equal(3);
    skipLate(state, { view: 5 }, SKIP);
    expect(skippedIn(state, 5)).to.deep.equal([failed[2]]);
    state.committedView = 5;
    const next = currentLeader(state, 6);
    skipLate(state, { view: 7 }, SKIP);
    expect(skippedIn(state, 7)).to.deep.equal([next]);
    const seven = stateOf(ones(7), 1);
    const last = [3, 4].map((view) => currentLeader(seven, view));
    skipLate(seven, { view: 5 }, SKIP);
    expect(skippedIn(seven, 5)).to.have.members(last);
  });

  it("are not one whose weight alone is above F: nothing goes on without it", () => {
    const state = stateOf([5, 1, 1, 1], 0);
    for (let view = 1; view <= 8; view++) {
      state.committedView = view - 1;
      skipLate(state, { view: view + 1 }, SKIP);
    }
    expect(skippedIn(state, 9)).not.to.include(0);
  });

  it("are those who led then, not who would lead with them skipped", () => {
    for (let start = 1; start < 60; start++) {
      const state = stateOf(ones(7), start);
      // One is away since before: its turn is its follower's, who leads twice in a row.
      state.skippedUntil[currentLeader(state, start + 1)] = start + SKIP;
      const failed = new Set([1, 2].map((i) => currentLeader(state, start + i)));
      skipLate(state, { view: start + 3 }, SKIP);
      for (const member of skippedIn(state, start + 3 + SKIP - 1)) expect([...failed]).to.include(member);
    }
  });

  it("are nobody if no view failed", () => {
    const state = stateOf(ones(4), 3);
    state.skippedUntil = [9, 0, 0, 0];
    skipLate(state, { view: 4 }, SKIP);
    expect(state.skippedUntil).to.deep.equal([9, 0, 0, 0]);
  });
});
