import { expect } from "chai";
import { certifyTimeouts } from "../../../coordinator/protocol/praft/certificates.ts";
import type { Effect } from "../../../coordinator/protocol/praft/effects.ts";
import type { Message, Timeout } from "../../../coordinator/protocol/praft/messages.ts";
import { recover } from "../../../coordinator/protocol/praft/recovery.ts";
import { NEVER, signs } from "../../../coordinator/protocol/praft/state.ts";
import { timeoutDigest } from "../../../coordinator/protocol/praft/statements.ts";
import { step } from "../../../coordinator/protocol/praft/step.ts";
import { createNode } from "../../praft/node.ts";
import { committeeWith, keyOf, testScheme } from "./fixtures.ts";

const committee = committeeWith([1, 1, 1, 1]);
const node = () => createNode(committee, 1, "member");

const recordsOf = (effects: readonly Effect[]): Message[] =>
  effects.flatMap((effect) => (effect.kind === "persist" ? [effect.record] : []));
const sentBy = (effects: readonly Effect[]): Message[] =>
  effects.flatMap((effect) => (effect.kind === "send" ? [effect.message] : []));

function timeoutOf(signer: number, view: number): Timeout {
  const { highQc } = node().state;
  const signature = testScheme.sign(keyOf(signer), timeoutDigest(committee, view, highQc));
  return { kind: "timeout", epoch: 0, view, highQc, signer, signature };
}

describe("praft recovery", () => {
  it("remembers the certificate that took it further, and helps those who lack it", () => {
    const { state, env } = node();
    const tc = certifyTimeouts(
      testScheme,
      [0, 2, 3].map((signer) => timeoutOf(signer, 4)),
    );
    const records = recordsOf(
      step(state, { kind: "message", now: 1, from: "m2", message: { kind: "enter", tc } }, env).effects,
    );
    const { state: again } = recover(committee, env, records, false);
    expect(again.view).to.equal(5);
    const late: Message = timeoutOf(3, 4);
    const { effects } = step(again, { kind: "message", now: 2, from: "m3", message: late }, env);
    expect(sentBy(effects)).to.deep.include({ kind: "enter", tc });
  });

  it("signs nothing after its log was damaged, also after a restart that finds the log whole", () => {
    const { env } = node();
    const { state, effects } = recover(committee, env, [], true);
    expect(signs(state)).to.equal(false);
    expect(signs(recover(committee, env, recordsOf(effects), false).state)).to.equal(false);
    expect(signs(recover(committee, env, [], false).state)).to.equal(true);
  });

  it("signs again in the epoch after the next, counted from where weight Q of the others are", () => {
    const { env } = node();
    const { state } = recover(committee, env, [], true);
    for (const signer of [0, 2, 3]) {
      expect(state.unknownUntil).to.equal(NEVER);
      step(state, { kind: "message", now: 1, from: `m${signer}`, message: timeoutOf(signer, 1) }, env);
    }
    expect(state.unknownUntil).to.equal(1);
    const later = (epoch: number) => signs({ ...state, committee: committeeWith([1, 1, 1, 1], epoch) });
    expect([0, 1, 2].map(later)).to.deep.equal([false, false, true]);
  });
});
