import { spawnSync } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { openEvidence, readEvidence } from "../../../coordinator/adapters/evidence/file-evidence.ts";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import type { SignedOnce } from "../../../coordinator/protocol/faults/contradiction.ts";
import { REASON, type Reason, type Vote } from "../../../coordinator/protocol/round/messages.ts";
import { temporaryFolders } from "../../ports/temporary-folder.ts";
import { expectCode } from "../../protocol/expect-code.ts";

const SIGNER: Hex = `0x${"a1".repeat(20)}`;
const OPENING: Hex = `0x${"0b".repeat(32)}`;

function vote(change: Partial<Vote> = {}): SignedOnce {
  const message: Vote = {
    ...{ round: 3n, openingHash: OPENING, candidate: `0x${"cc".repeat(32)}`, support: true },
    ...{ confidence: 10_000, reason: REASON.none, reasonIndex: 0n },
    ...change,
  };
  const digit = `${message.reason}${Number(message.support)}`;
  return { kind: "Vote", message, signature: `0x${digit.repeat(64)}` };
}
const no = (reason: Reason) => vote({ support: false, reason });

describe("evidence against miners", () => {
  const newFolder = temporaryFolders();

  it("is a second message for one slot, not the same again, nor another round's or key's", () => {
    const book = openEvidence();
    const note = (signed: SignedOnce, signer = SIGNER) => book.note({ signer, signed });
    note(vote());
    note(vote());
    note(vote({ candidate: `0x${"dd".repeat(32)}` }));
    note(vote({ openingHash: `0x${"0c".repeat(32)}`, support: false, reason: REASON.score }));
    note(no(REASON.score), `0x${"a2".repeat(20)}`);
    expect(book.contradictions()).to.deep.equal([]);
    note(no(REASON.score));
    note(no(REASON.payouts));
    expect(book.contradictions()).to.deep.equal([
      { signer: SIGNER, first: vote(), second: no(REASON.score) },
    ]);
    expect(book.sightings(OPENING)).to.have.length(5);
  });

  it("is not the yes that replaces a withheld no, in either order, but anything beside them", () => {
    for (const [first, second] of [
      [no(REASON.withheld), vote()],
      [vote(), no(REASON.withheld)],
    ] as const) {
      const book = openEvidence();
      for (const signed of [first, second]) book.note({ signer: SIGNER, signed });
      expect(book.contradictions()).to.deep.equal([]);
      book.note({ signer: SIGNER, signed: no(REASON.score) });
      expect(book.contradictions()).to.have.length(1);
    }
  });

  it("outlives its process, but for a line that a crash cut short", () => {
    const path = join(newFolder(), "evidence.jsonl");
    const book = openEvidence(path);
    for (const signed of [vote(), no(REASON.score)]) book.note({ signer: SIGNER, signed });
    appendFileSync(path, '{"signer":');
    expect(openEvidence(path).contradictions()).to.deep.equal(book.contradictions());
    expect(readEvidence(path)).to.have.length(1);
  });

  it("is read around lines that are no pair of messages, unless there is nothing else", () => {
    const path = join(newFolder(), "evidence.jsonl");
    writeFileSync(path, "{}\n");
    expectCode("EVIDENCE_MALFORMED", () => readEvidence(path));
    const book = openEvidence(path);
    for (const signed of [vote(), no(REASON.score)]) book.note({ signer: SIGNER, signed });
    appendFileSync(path, "nonsense\n");
    expect(readEvidence(path)).to.deep.equal(book.contradictions());
    expect(openEvidence(path).contradictions()).to.deep.equal(book.contradictions());
  });

  it("that a full disk refused spoils none that fits", function () {
    const path = join(newFolder(), "evidence.jsonl");
    const book = openEvidence(path);
    for (const signed of [vote(), no(REASON.score)]) book.note({ signer: SIGNER, signed });
    const [line] = readFileSync(path, "utf8").split("\n");
    // Leaves room for a line of few digits, not of many.
    const room = 20_000;
    writeFileSync(path, `${line!.padEnd(room - line!.length - 10)}\n`);
    const child = fileURLToPath(new URL("full-disk-process.ts", import.meta.url));
    const run = spawnSync("prlimit", [`--fsize=${room}`, process.execPath, child, path], {
      encoding: "utf8",
    });
    // A system without the limit can't show it.
    if (run.error) return this.skip();
    const signers = readEvidence(path).map(({ signer }) => signer);
    expect(signers, run.stderr).to.deep.equal([SIGNER, `0x${"b".repeat(40)}`]);
  });

  it("is kept in memory if the disk refuses it", () => {
    const book = openEvidence("/proc/none/evidence.jsonl");
    for (const signed of [vote(), no(REASON.score)]) book.note({ signer: SIGNER, signed });
    expect(book.contradictions()).to.have.length(1);
  });
});
