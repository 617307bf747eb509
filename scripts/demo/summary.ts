import { join } from "node:path";
import { stopCommand } from "./folder.ts";
import type { DemoOptions } from "./options.ts";
import type { DemoResult } from "./run.ts";
import { contributionTable, summaryTable } from "./tables.ts";

/** What the demo says at its end. */
export function summaryText(options: DemoOptions, result: DemoResult): string {
  const { report, checks, names } = result;
  const held = checks.every(({ ok }) => ok);
  return [
    summaryTable(report),
    contributionTable(report, names, options.labelNoise),
    ...checks.map(({ name, ok, detail }) => `${ok ? "ok  " : "FAIL"} ${name}${ok ? "" : `: ${detail}`}`),
    "",
    `${held ? "all checks hold" : "NOT all checks hold"}; ${report.totals.transactions} transactions, ` +
      `${report.totals.gas} gas, ${report.totals.wallSeconds.toFixed(0)} s`,
    "",
    ...whereNext(options, result),
  ].join("\n");
}

function whereNext(options: DemoOptions, { federation, kept }: DemoResult): string[] {
  const files = [
    `report           ${join(options.out, "report.json")} (docs/report.md says what it holds)`,
    `logs             ${join(options.out, "logs")}/, one file per process`,
  ];
  if (!kept)
    return [
      ...files,
      "explore a run    npm run demo -- --keep leaves chain, miners and web explorer running and gives its address",
    ];
  const chain = `--rpc ${federation.rpcUrl} --contract ${federation.contract}`;
  return [
    ...files,
    "still running:",
    ...kept.processes.map(({ name, pid }) => `  ${name.padEnd(10)} pid ${pid}`),
    `look around      npx quorate status ${chain}`,
    `                 npx quorate rounds ${chain}`,
    `                 npx quorate gas ${chain}`,
    `                 npx quorate verify --round 1 ${chain}`,
    `stop them        ${stopCommand(kept.processes)}`,
    `in a browser     ${kept.explorer}`,
  ];
}
