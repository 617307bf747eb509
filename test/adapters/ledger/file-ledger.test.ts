import { spawnSync } from "node:child_process";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { openFileLedger } from "../../../coordinator/adapters/ledger/file-ledger.ts";
import { createMemoryLedger } from "../../../coordinator/adapters/ledger/memory-ledger.ts";
import type { GasLedger } from "../../../coordinator/ports/ledger.ts";
import { isQuorateError } from "../../../coordinator/protocol/errors.ts";
import { row } from "../../protocol/ledger/rows.ts";

const hash = (n: number) => `0x${n.toString(16).padStart(64, "0")}` as const;

async function failure(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    () => undefined,
    (error: unknown) => error,
  );
}

function ledgerSuite(
  name: string,
  create: () => Promise<{ ledger: GasLedger; reopen(): Promise<GasLedger> }>,
) {
  describe(name, () => {
    it("records a transaction once, failed ones too", async () => {
      const { ledger, reopen } = await create();
      const ok = row({ hash: hash(1) });
      const failed = row({ hash: hash(2), status: "reverted", round: null });
      await Promise.all([ledger.sent(ok), ledger.sent(ok), ledger.sent(failed)]);
      expect(ledger.pending().map((sent) => sent.hash)).to.deep.equal([hash(1), hash(2)]);
      await Promise.all([ledger.mined(ok), ledger.mined(ok), ledger.mined(failed)]);
      await ledger.sent(ok);
      expect(ledger.pending()).to.deep.equal([]);
      expect(ledger.rows()).to.deep.equal([ok, failed]);
      const again = await reopen();
      await again.mined(ok);
      expect(again.rows()).to.deep.equal([ok, failed]);
      await again.close();
    });

    it("keeps what was sent and not yet mined, and forgets what was dropped", async () => {
      const { ledger, reopen } = await create();
      for (const n of [1, 2]) await ledger.sent(row({ hash: hash(n) }));
      await ledger.dropped(hash(1));
      const again = await reopen();
      expect(again.pending().map((sent) => sent.hash)).to.deep.equal([hash(2)]);
      await again.close();
    });
  });
}

describe("gas ledger", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "quorate-ledger-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  ledgerSuite("in memory", async () => {
    const ledger = createMemoryLedger();
    return { ledger, reopen: async () => ledger };
  });
  ledgerSuite("in a file", async () => {
    const path = join(folder, "deep/gas.jsonl");
    const ledger = await openFileLedger(path);
    return {
      ledger,
      reopen: async () => {
        await ledger.close();
        return openFileLedger(path);
      },
    };
  });

  it("appends one line a change and drops a line a crash cut short", async () => {
    const path = join(folder, "gas.jsonl");
    const first = await openFileLedger(path);
    await first.sent(row({ hash: hash(1) }));
    await first.mined(row({ hash: hash(1) }));
    await first.mined(row({ hash: hash(1) }));
    await first.close();
    expect((await readFile(path, "utf8")).split("\n")).to.have.length(3);
    await appendFile(path, '{"mined":{"hash":"0x');
    const second = await openFileLedger(path);
    await second.mined(row({ hash: hash(2) }));
    await second.close();
    const third = await openFileLedger(path);
    expect(third.rows().map((r) => r.hash)).to.deep.equal([hash(1), hash(2)]);
    await third.close();
  });

  it("holds nothing that a full disk refused, and goes on behind it", async function () {
    const path = join(folder, "gas.jsonl");
    const child = fileURLToPath(new URL("full-disk-process.ts", import.meta.url));
    const run = spawnSync("prlimit", ["--fsize=50000", process.execPath, child, path], { encoding: "utf8" });
    // A system without the limit can't show it.
    if (run.error) return this.skip();
    const told = ["noted", "LEDGER_UNWRITABLE", "noted", "2"];
    expect(run.stdout.trim().split("\n"), run.stderr).to.deep.equal(told);
    const again = await openFileLedger(path);
    expect(again.pending().map((sent) => sent.hash)).to.deep.equal([hash(0), hash(2)]);
    await again.close();
  });

  it("refuses a damaged file and an unwritable folder", async () => {
    const path = join(folder, "gas.jsonl");
    await writeFile(path, "nonsense\n");
    expect(isQuorateError(await failure(openFileLedger(path)), "LEDGER_CORRUPT")).to.equal(true);
    const blocked = openFileLedger(join(path, "below-a-file/gas.jsonl"));
    expect(isQuorateError(await failure(blocked), "LEDGER_UNWRITABLE")).to.equal(true);
  });
});
