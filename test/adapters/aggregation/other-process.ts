// Prints the outcome of each drawn case, one a line: other-process.ts THREADS COUNT
import { createAggregationEngine } from "../../../coordinator/adapters/aggregation/engine.ts";
import { drawCase, outcomeOf } from "../../protocol/aggregation/drawn-cases.ts";

const [threads = 1, count = 0] = process.argv.slice(2).map(Number);
const engine = await createAggregationEngine({ threads });
for (let number = 0; number < count; number++) {
  const { rule, updates, context } = drawCase(number);
  console.log(await outcomeOf(() => engine.aggregate(rule, updates, context)));
}
await engine.stop();
