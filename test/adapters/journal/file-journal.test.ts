import { once } from "node:events";
import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { openFileJournal } from "../../../coordinator/adapters/journal/file-journal.ts";
import {
  encodeRecord,
  JournalDecoder,
  type JournalRecord,
} from "../../../coordinator/adapters/journal/records.ts";
import type { Journal } from "../../../coordinator/ports/journal.ts";
import { expectRejection } from "../../ports/expect-rejection.ts";
import { journalEntry, journalSuite } from "../../ports/journal.suite.ts";
import { temporaryFolders } from "../../ports/temporary-folder.ts";
import { startJournalProcess } from "./journal-process.ts";

const folders = temporaryFolders();

journalSuite("the file journal", () => openFileJournal(folders()));
journalSuite("the file journal that keeps nothing in memory", () =>
  openFileJournal(folders(), { recentBytes: 0 }),
);

describe("the file journal", () => {
  let folder: string;
  const log = (): string => join(folder, "journal.log");
  const slotsAfterRestart = async (): Promise<string[]> => {
    const journal = await openFileJournal(folder);
    const slots = journal.entriesOf(1n).map(({ slot }) => slot);
    await journal.close();
    return slots;
  };
  beforeEach(async () => {
    folder = folders();
    const journal = await openFileJournal(folder);
    for (const slot of ["1:a", "1:b", "1:c"]) await journal.append(journalEntry(slot));
    await journal.close();
  });

  it("gives its entries back after a restart, and goes on from there", async () => {
    const journal = await openFileJournal(folder);
    expect(journal.entriesOf(1n)).to.deep.equal(["1:a", "1:b", "1:c"].map((slot) => journalEntry(slot)));
    await expectRejection("DOUBLE_SIGNATURE", journal.append(journalEntry("1:b", "02")));
    await journal.append(journalEntry("1:d"));
    await journal.close();
    expect(await slotsAfterRestart()).to.deep.equal(["1:a", "1:b", "1:c", "1:d"]);
    expect(statSync(log()).mode & 0o777).to.equal(0o600);
  });

  it("drops a torn last line, wherever it was cut, and appends behind what is whole", async () => {
    const whole = readFileSync(log());
    const lastStart = whole.lastIndexOf(0x0a, whole.length - 2) + 1;
    for (const cut of [lastStart + 1, lastStart + 17, lastStart + 60, whole.length - 1]) {
      writeFileSync(log(), whole.subarray(0, cut));
      await (await openFileJournal(folder)).close();
      expect(readFileSync(log()), "the rest is cut off").to.deep.equal(whole.subarray(0, lastStart));
      const journal = await openFileJournal(folder);
      expect(
        journal.entriesOf(1n).map(({ slot }) => slot),
        `cut at ${cut}`,
      ).to.deep.equal(["1:a", "1:b"]);
      await journal.append(journalEntry("1:d"));
      await journal.close();
      expect(await slotsAfterRestart()).to.deep.equal(["1:a", "1:b", "1:d"]);
    }
  });

  it("starts anew when not even the header was written", async () => {
    truncateSync(log(), 5);
    expect(await slotsAfterRestart()).to.deep.equal([]);
    expect(await slotsAfterRestart()).to.deep.equal([]);
  });

  it("reads from the file what it does not keep in memory, and signs against none of it", async () => {
    // Room for one entry.
    const recentBytes = JSON.stringify(journalEntry("1:a")).length;
    const journal = await openFileJournal(folder, { recentBytes });
    await journal.append(journalEntry("2:a"));
    expect(journal.entriesOf(1n)).to.deep.equal(["1:a", "1:b", "1:c"].map((slot) => journalEntry(slot)));
    expect(journal.entriesOf(2n)).to.deep.equal([journalEntry("2:a")]);
    expect(journal.entriesOf(12n)).to.deep.equal([]);
    expect(journal.signed("1:a")).to.deep.equal(journalEntry("1:a"));
    await expectRejection("DOUBLE_SIGNATURE", journal.append(journalEntry("1:a", "02")));
    await journal.append(journalEntry("1:b"));
    writeFileSync(log(), readFileSync(log()).fill(0x20, 200, 900));
    expect(() => journal.signed("1:a"))
      .to.throw()
      .with.property("code", "JOURNAL_CORRUPT");
    expect(journal.signed("2:a")).to.deep.equal(journalEntry("2:a"));
    await journal.close();
  });

  it("is the same, whatever pieces its file is read in", () => {
    const whole = readFileSync(log());
    const read = (pieces: readonly Buffer[]) => {
      const records: JournalRecord[] = [];
      const decoder = new JournalDecoder(log(), (record) => records.push(record));
      for (const piece of pieces) decoder.push(piece);
      return { records, sum: decoder.sum, length: decoder.length };
    };
    const once = read([whole]);
    expect(once.length).to.equal(whole.length);
    for (const { at, length, entry } of once.records)
      expect(JSON.parse(whole.toString("utf8", at, at + length))).to.deep.equal(entry);
    for (const size of [1, 7, 300]) {
      const piece = Buffer.alloc(size);
      const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
        whole.subarray(i * size, (i + 1) * size),
      );
      expect(read(pieces), `pieces of ${size}`).to.deep.equal(once);
      // The buffer is used again for the next piece.
      const decoder = new JournalDecoder(log(), () => undefined);
      for (const bytes of pieces) decoder.push(piece.subarray(0, bytes.copy(piece)));
      expect(decoder.sum).to.equal(once.sum);
    }
  });

  it("refuses damage before the tail and says what to do", async () => {
    const lines = readFileSync(log(), "utf8").split("\n");
    const damaged: [string, string[]][] = [
      ["a changed digit", lines.map((line, i) => (i === 1 ? line.replace("01", "02") : line))],
      [
        "a changed digit in the last whole line",
        lines.map((line, i) => (i === 3 ? line.replace("01", "02") : line)),
      ],
      ["a lost line", lines.filter((_, i) => i !== 2)],
      ["swapped lines", [lines[0]!, lines[2]!, lines[1]!, ...lines.slice(3)]],
      ["a lost header", lines.slice(1)],
      ["an empty line", [...lines.slice(0, 2), "", ...lines.slice(2)]],
    ];
    for (const [what, text] of damaged) {
      writeFileSync(log(), text.join("\n"));
      const error = await expectRejection("JOURNAL_CORRUPT", openFileJournal(folder));
      expect(error.message, what).to.match(/restore the file|new voting key/);
      expect(readFileSync(log(), "utf8"), "left as it is").to.equal(text.join("\n"));
    }
  });

  it("refuses a file of another format", async () => {
    const later = encodeRecord("", '{"format":"quorate-journal","version":2}').line;
    for (const text of ['{"some":"json"}\n', later]) {
      writeFileSync(log(), text);
      await expectRejection("JOURNAL_CORRUPT", openFileJournal(folder));
    }
  });

  it("is open once at a time in a process", async () => {
    const journal = await openFileJournal(folder);
    const error = await expectRejection("JOURNAL_LOCKED", openFileJournal(folder));
    expect(error.details.pid).to.equal(process.pid);
    await journal.close();
    await (await openFileJournal(folder)).close();
  });

  it("lets one of many have it", async () => {
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => openFileJournal(folder)));
    const won = all.filter((one): one is PromiseFulfilledResult<Journal> => one.status === "fulfilled");
    expect(won).to.have.length(1);
    await won[0]!.value.close();
  });

  it("is not open in two processes, and loses nothing acknowledged when one is killed", async () => {
    const other = folders();
    const child = startJournalProcess(other);
    let output = "";
    child.stdout!.on("data", (chunk) => {
      output += String(chunk);
    });
    while (output.split("\n").length < 20) await once(child.stdout!, "data");
    const error = await expectRejection("JOURNAL_LOCKED", openFileJournal(other));
    expect(error.details.pid).to.equal(child.pid);
    child.kill("SIGKILL");
    await once(child, "close");
    const acknowledged = output.split("\n").slice(0, -1);
    const journal = await openFileJournal(other);
    const held = journal.entriesOf(1n).map(({ slot }) => slot);
    expect(held.slice(0, acknowledged.length)).to.deep.equal(acknowledged);
    await journal.close();
  });

  it("refuses a folder it cannot write to", async () => {
    appendFileSync(join(folder, "file"), "");
    await expectRejection("FOLDER_UNWRITABLE", openFileJournal(join(folder, "file")));
  });
});
