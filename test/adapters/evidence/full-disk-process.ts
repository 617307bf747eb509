// Opens evidence and notes a contradiction with as many digits as there can be, then one with as few.
import { openEvidence } from "../../../coordinator/adapters/evidence/file-evidence.ts";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { REASON, type Vote } from "../../../coordinator/protocol/round/messages.ts";

const book = openEvidence(process.argv[2]!);
const word = (digit: string): Hex => `0x${digit.repeat(64)}`;
for (const [signer, reasonIndex] of [
  [`0x${"a".repeat(40)}`, 2n ** 64n - 1n],
  [`0x${"b".repeat(40)}`, 0n],
] as const)
  for (const reason of [REASON.score, REASON.payouts]) {
    const about = {
      round: 3n,
      openingHash: word("0"),
      candidate: word("1"),
      support: false,
      confidence: 10_000,
    };
    const message: Vote = { ...about, reason, reasonIndex };
    book.note({ signer, signed: { kind: "Vote", message, signature: `0x${"2".repeat(128)}` } });
  }
