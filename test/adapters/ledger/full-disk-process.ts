// Notes transactions in a ledger: a small one, one that is larger than the system lets a file grow, and a small one again.
// Prints "noted" or the code of the error, one line each, and how many are pending.
import { openFileLedger } from "../../../coordinator/adapters/ledger/file-ledger.ts";
import type { Hex } from "../../../coordinator/protocol/bytes.ts";
import { QuorateError } from "../../../coordinator/protocol/errors.ts";

const ledger = await openFileLedger(process.argv[2]!);
for (const [n, rawBytes] of [100, 100_000, 100].entries()) {
  const hash: Hex = `0x${String(n).padStart(64, "0")}`;
  const actor: Hex = `0x${"aa".repeat(20)}`;
  const about = { round: null, phase: "settle" as const, actor, method: "settle", gasLimit: 1n };
  const outcome = await ledger.sent({ hash, ...about, raw: `0x${"00".repeat(rawBytes)}` }).then(
    () => "noted",
    (error) => (error instanceof QuorateError ? error.code : String(error)),
  );
  console.log(outcome);
}
console.log(ledger.pending().length);
await ledger.close();
