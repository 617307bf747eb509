// A worker thread of the aggregation engine: does one part of a pass at a time, on memory it shares with the others.
import { parentPort, workerData } from "node:worker_threads";
import { TILE, TILES_PER_CHUNK } from "../../protocol/aggregation/distances.ts";
import {
  type Arena,
  createTileKernels,
  type Machine,
  prepareCombination,
  prepareDistances,
} from "../../protocol/aggregation/tiles.ts";
import type { Job, Reply, Result } from "./jobs.ts";
import { openSource, type TileSource } from "./sources.ts";

const module = workerData as WebAssembly.Module;
const sorters = new Map<string, WebAssembly.Module>();

parentPort!.on("message", (job: Job) => {
  try {
    reply({ id: job.id, result: run(job) });
  } catch (error) {
    const {
      code = "AGGREGATION_FAILED",
      message,
      details = {},
    } = error as Error & Partial<{ code: string; details: object }>;
    reply({ id: job.id, error: { code, message, details: details as Record<string, unknown> } });
  }
});

function run(job: Job): Result {
  const { memory } = job;
  const machine = { kernels: createTileKernels(module, memory), memory, arena: createArena(job), sorters };
  const source = openSource(job, machine.arena);
  try {
    return job.work.kind === "distances" ? addDistances(job, machine, source) : combine(job, machine, source);
  } finally {
    source.close();
  }
}

function addDistances({ work, maps, dimension }: Job, machine: Machine, source: TileSource): Result {
  if (work.kind !== "distances") throw new TypeError("not a distance job");
  const { rows, chunks } = work;
  const pass = prepareDistances(machine, maps, rows);
  const sums = new Float64Array((chunks.to - chunks.from) * rows * rows);
  const tiles = Math.ceil(dimension / TILE);
  pass.start();
  for (let chunk = chunks.from; chunk < chunks.to; chunk++) {
    const end = Math.min(tiles, (chunk + 1) * TILES_PER_CHUNK);
    for (let tile = chunk * TILES_PER_CHUNK; tile < end; tile++) pass.add(source.tile(tile));
    sums.set(pass.take(), (chunk - chunks.from) * rows * rows);
  }
  return { kind: "distances", chunks: sums };
}

function combine({ work, maps }: Job, machine: Machine, source: TileSource): Result {
  if (work.kind !== "combine") throw new TypeError("not a job that combines");
  const pass = prepareCombination(machine, maps, work.combination);
  for (let tile = work.tiles.from; tile < work.tiles.to; tile++) {
    if (!pass(source.tile(tile), source.out(tile))) return { kind: "combine", notFinite: tile };
    source.done(tile);
  }
  return { kind: "combine", notFinite: -1 };
}

function createArena({ scratch }: Job): Arena {
  let next = scratch.from;
  return {
    reserve: (bytes) => {
      const at = Math.ceil(next / 64) * 64;
      next = at + bytes;
      if (next > scratch.to)
        throw new RangeError(`scratch of ${scratch.to - scratch.from} bytes is too small`);
      return at;
    },
  };
}

function reply(message: Reply): void {
  parentPort!.postMessage(message);
}
