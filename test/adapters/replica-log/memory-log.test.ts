import { createMemoryLog } from "../../../coordinator/adapters/replica-log/memory-log.ts";
import { replicaLogSuite } from "../../ports/replica-log.suite.ts";

replicaLogSuite("the memory log", async () => createMemoryLog());
