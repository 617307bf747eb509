// Runs the seeds it is sent, one by one.
import { parentPort } from "node:worker_threads";
import { Simulation } from "./simulation.ts";

parentPort!.on("message", (seed: number) => {
  parentPort!.postMessage({ seed, outcome: new Simulation(seed).run() });
});
