import { existsSync, globSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Table from "cli-table3";
import type { Command } from "commander";
import type { QuorateReader } from "../adapters/chain/reader.ts";
import { QuorateError } from "../protocol/errors.ts";
import {
  type GasDimension,
  type GasGroup,
  gasBy,
  gasTotal,
  ledgerToCsv,
  ledgerToJson,
  uniqueRows,
} from "../protocol/ledger/report.ts";
import type { LedgerRow } from "../protocol/ledger/row.ts";
import { withCleanup } from "./cleanup.ts";
import { type Cli, subcommand } from "./command.ts";
import { LEDGER_FILE, openReader } from "./connect.ts";
import { toJson } from "./io.ts";
import { addChainOptions, type ChainOptions, chainTarget } from "./options.ts";
import { PLAIN_TABLE } from "./table.ts";
import { formatTokens } from "./text.ts";

interface Options extends ChainOptions {
  readonly ledger?: string;
  readonly csv?: string;
  /** True prints JSON, a file name writes it. */
  readonly json?: string | true;
}

const DIMENSIONS: readonly GasDimension[] = ["round", "phase", "method", "actor"];

/** `quorate gas`: what every transaction cost, by round, phase, method and actor. */
export function gasCommand(cli: Cli): Command {
  return subcommand<Options>(
    cli,
    {
      name: "gas",
      summary: "gas per round, phase, method and actor",
      addOptions: (command) =>
        addChainOptions(command)
          .option(
            "--ledger <path>",
            `add the transactions in this ${LEDGER_FILE}, or in all below this folder (failed ones are only there)`,
          )
          .option("--csv <file>", "write every transaction as CSV")
          .option("--json [file]", "print every transaction and the sums as JSON, or write them"),
    },
    (options, { io }) =>
      withCleanup(async (cleanup) => {
        const chain = await openReader(options, io, cleanup);
        const ledger = options.ledger ?? ownLedgers(options, chainTarget(options, io).taskFolder);
        const rows = await mergedRows(chain, ledger ? await readLedgers(ledger) : []);
        if (options.csv) writeFileSync(options.csv, ledgerToCsv(rows));
        if (typeof options.json === "string") writeFileSync(options.json, `${toJson(ledgerToJson(rows))}\n`);
        if (options.json === true) io.out(toJson(ledgerToJson(rows)));
        else for (const dimension of DIMENSIONS) io.out(gasTable(dimension, rows));
        return undefined;
      }),
  );
}

/** The ledgers of the nodes and clients of this machine: next to the deployment's task folder. */
function ownLedgers(options: Options, taskFolder: string | undefined): string | undefined {
  if (options.contract || !taskFolder) return undefined;
  const folder = dirname(taskFolder);
  return existsSync(folder) ? folder : undefined;
}

/** Own records may be of a chain that was restarted since: only what this chain has mined counts. */
async function mergedRows(chain: QuorateReader, own: readonly LedgerRow[]): Promise<LedgerRow[]> {
  const derived = await chain.gasLedger();
  const known = new Set(derived.map(({ hash }) => hash.toLowerCase()));
  const others = uniqueRows(own).filter(({ hash }) => !known.has(hash.toLowerCase()));
  const { provider } = chain.connection;
  const mined = await Promise.all(
    others.map(async ({ hash }) => (await provider.getTransactionReceipt(hash)) !== null),
  );
  return uniqueRows([...derived, ...others.filter((_, i) => mined[i])]);
}

async function readLedgers(path: string): Promise<LedgerRow[]> {
  if (!existsSync(path))
    throw new QuorateError("USAGE", `--ledger ${path}: there is no such file or folder`, { path });
  const { openFileLedger } = await import("../adapters/ledger/file-ledger.ts");
  const files = statSync(path).isDirectory()
    ? globSync(`**/${LEDGER_FILE}`, { cwd: path }).map((name) => join(path, name))
    : [path];
  const rows: LedgerRow[] = [];
  for (const file of files) {
    const ledger = await openFileLedger(file);
    rows.push(...ledger.rows());
    await ledger.close();
  }
  return rows;
}

function gasTable(dimension: GasDimension, rows: readonly LedgerRow[]): string {
  const table = new Table({
    head: [dimension, "transactions", "failed", "gas", "fee (ETH)"],
    ...PLAIN_TABLE,
  });
  const line = (name: string, group: GasGroup) =>
    table.push([name, group.transactions, group.failed, String(group.gasUsed), formatTokens(group.fee)]);
  for (const group of gasBy(dimension, rows)) line(group.key, group);
  line("total", gasTotal(rows));
  return table.toString();
}
