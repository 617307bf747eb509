import { expect } from "chai";
import { MODEL_INDEX } from "../../../coordinator/protocol/views/dispute-records.ts";
import { EMPTY_VIEW } from "../../../coordinator/protocol/views/federation-view.ts";
import { foldEvents } from "../../../coordinator/protocol/views/fold.ts";
import { tokenTotals } from "../../../coordinator/protocol/views/queries.ts";
import { address, foundation, type History, opening, settlement, WAD, word } from "./events.ts";

const BOND = 10n * WAD;
const about = { round: 1n, candidate: word(901) };

function asked(history: History, id: number, index: bigint): History {
  const request = { id: word(id), ...about, requester: address(7), index, leaf: 4n, modelRoot: word(9) };
  return history.add("LeafRequested", { ...request, dueAt: 500n, decidedBy: 600n, bond: BOND });
}

describe("disputes in the view", () => {
  const ended = () => settlement(opening(foundation(3), 1n, [1, 2, 3]), 1n, [1, 2, 3]);
  const fold = ({ events }: History) => foldEvents(EMPTY_VIEW, events);

  it("hold requests for leaves, their bonds, and what came of each", () => {
    const open = asked(asked(asked(ended(), 51, 2n), 52, MODEL_INDEX), 53, 0n);
    const view = fold(open);
    expect(tokenTotals(view).bonds).to.equal(3n * BOND);
    const [first, second] = view.rounds.get(1n)!.requests;
    expect(first).to.include({ index: 2, leaf: 4, dueAt: 500, decidedBy: 600, state: "open", decided: null });
    expect(second!.index).to.equal(null);
    const decided = fold(
      open
        .add("LeafAnswered", { id: word(51), ...about, answerer: address(3), paid: BOND / 2n })
        .add("LeafWithheld", { id: word(52), ...about })
        .add("BondReleased", { id: word(53), ...about, requester: address(7) }),
    );
    const { requests, transactions } = decided.rounds.get(1n)!;
    expect(requests.map(({ state }) => state)).to.deep.equal(["answered", "withheld", "released"]);
    expect(requests.map(({ answerer }) => answerer)).to.deep.equal([address(3), null, null]);
    expect(transactions).to.include(requests[1]!.decided!.transaction);
    expect(tokenTotals(decided).bonds).to.equal(0n);
  });

  it("hold broken receipts", () => {
    const broken = { ...about, miner: address(1), client: address(8), modelRoot: word(9) };
    const { brokenReceipts } = fold(ended().add("ReceiptBroken", broken)).rounds.get(1n)!;
    expect(brokenReceipts).to.have.length(1);
    expect(brokenReceipts[0]).to.include({ miner: address(1), client: address(8), candidate: word(901) });
  });
});
