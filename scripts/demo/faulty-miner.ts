// A miner with a fault of scripts/demo/faults.ts, started in place of `quorate miner run` by the scenarios that need one.
import { parseArgs } from "node:util";
import { withCleanup } from "../../coordinator/cli/cleanup.ts";
import { EXIT, processIo } from "../../coordinator/cli/io.ts";
import { startMiner } from "../../coordinator/cli/miner/node.ts";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import { FAULTS, type Fault, SERVICE_FAULTS } from "./faults.ts";

const text = { type: "string" } as const;
const { values } = parseArgs({
  options: { fault: text, rpc: text, contract: text, keystore: text, "password-file": text, task: text },
});
const stop = new AbortController();
process.on("SIGTERM", () => stop.abort());
await withCleanup(async (cleanup) => {
  const { rpc, contract, keystore, task } = values;
  const fault = values.fault as Fault;
  const passwordFile = values["password-file"];
  const key = { keystore: keystore!, passwordFile: passwordFile! };
  const options = { rpc: rpc!, contract: contract as Hex, ...key, ...(task && { task }) };
  const loopback = { host: "127.0.0.1", metricsHost: "127.0.0.1" };
  const node = { ...loopback, watch: false, bonds: 0, logLevel: "info", json: true };
  const cli = { io: processIo(), result: { code: EXIT.ok }, signal: stop.signal };
  await startMiner({ ...options, ...node }, cli, cleanup, {
    deps: FAULTS[fault],
    ...(SERVICE_FAULTS[fault] && { service: SERVICE_FAULTS[fault] }),
  });
  if (!stop.signal.aborted)
    await new Promise((resolve) => stop.signal.addEventListener("abort", resolve, { once: true }));
});
