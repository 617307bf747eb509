// Aggregates updates from files in a process of its own, so that its peak memory is the engine's alone.
// `node bench/aggregation-files.ts FOLDER UPDATES DIMENSION RULE RUNS` prints one line of JSON.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { createAggregationEngine } from "../coordinator/adapters/aggregation/engine.ts";
import { parseRuleText } from "../coordinator/protocol/aggregation/rule.ts";
import { samplesOf } from "./aggregation/data.ts";

const [folder = "", updates, dimension, rule = "", runs] = process.argv.slice(2);
const engine = await createAggregationEngine();
const files = Array.from({ length: Number(updates) }, (_, k) => ({
  path: join(folder, `${k}`),
  sampleCount: samplesOf(k),
}));
// One result for all runs, as a miner would keep it.
const result = new SharedArrayBuffer(4 * Number(dimension));
const seconds: number[] = [];
let digest = "";
for (let run = 0; run < Number(runs); run++) {
  const start = performance.now();
  const { floats } = await engine.aggregateFiles(parseRuleText(rule), {
    files,
    dimension: Number(dimension),
    result,
  });
  seconds.push((performance.now() - start) / 1000);
  digest = createHash("sha256").update(new Uint8Array(floats.buffer)).digest("hex");
}
await engine.stop();
// maxRSS is in kilobytes everywhere Node runs.
console.log(JSON.stringify({ seconds, peakBytes: process.resourceUsage().maxRSS * 1024, digest }));
