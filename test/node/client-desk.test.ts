import { expect } from "chai";
import { ClientDesk } from "../../coordinator/node/client-desk.ts";
import type { Decision } from "../../coordinator/protocol/decisions/decision.ts";
import { decodeMessage } from "../../coordinator/protocol/praft/decode.ts";
import type { Told } from "../../coordinator/protocol/praft/messages.ts";
import { hashOf, keyOf } from "../protocol/praft/fixtures.ts";

function deskWith(decided: readonly Decision[] = []) {
  const sent: { readonly to: string; readonly frame: Uint8Array }[] = [];
  const asked: string[] = [];
  const transport = { send: (to: string, frame: Uint8Array) => sent.push({ to, frame }) > 0 };
  const decisions = {
    find(task: string) {
      asked.push(task);
      return decided.find((decision) => decision.task === task);
    },
  };
  return { desk: new ClientDesk(transport as never, decisions as never), sent, asked };
}

describe("the desk for clients", () => {
  it("finds and writes an answer once, however many ask for it, until there is a new block", () => {
    const { desk, sent, asked } = deskWith();
    const task = hashOf("task");
    for (let i = 0; i < 5; i++) desk.answer(`client ${i}`, task, 7);
    desk.answer("client 0", task, 8);
    expect(asked).to.deep.equal([task, task]);
    expect(new Set(sent.map(({ frame }) => frame)).size).to.equal(2);
    expect(sent.map(({ frame }) => (decodeMessage(frame) as Told).height)).to.deep.equal([7, 7, 7, 7, 7, 8]);
    // Tasks without number push out the oldest answers.
    for (let i = 0; i < 64; i++) desk.answer("client", hashOf(`task ${i}`), 8);
    asked.length = 0;
    desk.answer("client", task, 8);
    desk.answer("client", hashOf("task 63"), 8);
    expect(asked).to.deep.equal([task]);
  });

  it("replies to who brought a client's bundle last, and about an old one to who asks", () => {
    const { desk, sent } = deskWith();
    const bundle = (sequence: number) => ({
      clientKey: keyOf(1),
      sequence,
      operations: [],
      signature: new Uint8Array(),
    });
    const [taken, forged, old] = [bundle(1), bundle(2), bundle(0)];
    desk.brought("client", taken);
    desk.note("client", taken);
    desk.brought("thief", forged);
    desk.replyAll([taken], () => 1);
    desk.brought("reader", old);
    desk.reply(old, 1);
    expect(sent.map(({ to }) => to)).to.deep.equal(["client", "reader"]);
  });
});
