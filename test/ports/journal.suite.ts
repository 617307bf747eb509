import { expect } from "chai";
import type { Journal, SignedEntry } from "../../coordinator/ports/journal.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { expectRejection } from "./expect-rejection.ts";

/** An entry whose digest is made of one byte. */
export function journalEntry(slot: string, byte = "01"): SignedEntry {
  const digest: Hex = `0x${byte.repeat(32)}`;
  return {
    kind: "Vote",
    slot,
    digest,
    signature: `0x${byte.repeat(64)}`,
    message: { round: "18446744073709551615", support: true, note: "Zürich\n" },
    context: { from: ["a", { b: null }] },
  };
}

/** What every journal does. `create` makes an empty one. */
export function journalSuite(name: string, create: () => Promise<Journal>): void {
  describe(`${name} as a journal`, () => {
    let journal: Journal;
    beforeEach(async () => {
      journal = await create();
    });
    afterEach(() => journal.close());

    it("starts empty", () => {
      expect(journal.entriesOf(1n)).to.deep.equal([]);
      expect(journal.signed("1:a")).to.equal(undefined);
    });

    it("holds what was appended, oldest first", async () => {
      await journal.append(journalEntry("1:b"));
      await journal.append(journalEntry("1:a", "02"));
      expect(journal.signed("1:a")).to.deep.equal(journalEntry("1:a", "02"));
      expect(journal.entriesOf(1n)).to.deep.equal([journalEntry("1:b"), journalEntry("1:a", "02")]);
    });

    it("refuses another digest for a slot and keeps the first", async () => {
      await journal.append(journalEntry("1:a"));
      const error = await expectRejection("DOUBLE_SIGNATURE", journal.append(journalEntry("1:a", "02")));
      expect(error.details).to.include({ slot: "1:a", held: journalEntry("1:a").digest });
      expect(journal.entriesOf(1n)).to.deep.equal([journalEntry("1:a")]);
    });

    it("takes the same digest for a slot again, in any case, and changes nothing", async () => {
      await journal.append(journalEntry("1:a", "ab"));
      const upper = `0x${"AB".repeat(32)}` as Hex;
      await journal.append({ ...journalEntry("1:a", "ab"), digest: upper });
      expect(journal.entriesOf(1n)).to.deep.equal([journalEntry("1:a", "ab")]);
    });

    it("lets one of two win that are appended at once for a slot", async () => {
      const both = await Promise.allSettled([
        journal.append(journalEntry("1:a")),
        journal.append(journalEntry("1:a", "02")),
      ]);
      expect(both.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected"]);
      expect(journal.entriesOf(1n)).to.deep.equal([journalEntry("1:a")]);
    });

    it("keeps many that are appended at once", async () => {
      const slots = Array.from({ length: 50 }, (_, i) => `1:slot ${i}`);
      await Promise.all(slots.map((slot) => journal.append(journalEntry(slot))));
      expect(journal.entriesOf(1n).map(({ slot }) => slot)).to.deep.equal(slots);
    });

    it("keeps its own copy", async () => {
      const entry = { ...journalEntry("1:a"), message: { round: "1" } };
      await journal.append(entry);
      entry.message.round = "2";
      expect(journal.signed("1:a")?.message).to.deep.equal({ round: "1" });
    });

    it("takes nothing once it is closed", async () => {
      await journal.close();
      await journal.close();
      await expectRejection("JOURNAL_UNWRITABLE", journal.append(journalEntry("1:a")));
    });
  });
}
