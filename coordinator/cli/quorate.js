#!/usr/bin/env node
// Launcher of the `quorate` command. Plain JavaScript: the machine's own Node may be too old to read TypeScript or to
// run Helia, then the command is run again with the Node the project installs for itself.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const projectNode = fileURLToPath(
  new URL(`../../node_modules/node/bin/node${process.platform === "win32" ? ".exe" : ""}`, import.meta.url),
);

function giveUp(message) {
  console.error(`quorate: ${message}`);
  process.exit(1);
}

/** Runs this same command under the project's Node, passing signals down and the exit code up. */
function runAgain() {
  if (!existsSync(projectNode)) {
    giveUp(
      `Node ${process.versions.node} is too old and the project is not installed; run \`npm run setup\` first.`,
    );
  }
  const child = spawn(projectNode, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // A terminal sends SIGINT to both processes already; the parent only has to outlive the child.
    process.on(signal, () => signal !== "SIGINT" && child.kill(signal));
  }
  child.on("error", (error) => giveUp(`${projectNode} could not be started: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

async function run() {
  module.enableCompileCache?.();
  let main;
  try {
    ({ main } = await import("./main.ts"));
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    giveUp(`${error.message}\nRun \`npm run setup\` first.`);
  }
  process.exit(await main(process.argv.slice(2)));
}

if (process.features.typescript) await run();
else runAgain();
