import { closeSync, existsSync, fstatSync, openSync, readSync } from "node:fs";

/** What a miner or client prints as one JSON line with `--json`. */
export interface ProcessEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** Reads the events that a process appends to its log, each once. Other lines are passed over. */
export class LogFollower {
  readonly #path: string;
  #offset = 0;
  #rest = "";

  constructor(path: string) {
    this.#path = path;
  }

  /** Events appended since the last call. */
  read(): ProcessEvent[] {
    if (!existsSync(this.#path)) return [];
    const file = openSync(this.#path, "r");
    try {
      const size = fstatSync(file).size;
      if (size <= this.#offset) return [];
      const bytes = Buffer.alloc(size - this.#offset);
      this.#offset += readSync(file, bytes, 0, bytes.length, this.#offset);
      const lines = (this.#rest + bytes.toString("utf8")).split("\n");
      this.#rest = lines.pop() ?? "";
      return lines.flatMap(parseEvent);
    } finally {
      closeSync(file);
    }
  }
}

function parseEvent(line: string): ProcessEvent[] {
  if (!line.startsWith('{"event":')) return [];
  try {
    return [JSON.parse(line)];
  } catch {
    // A crash may cut a line short.
    return [];
  }
}
