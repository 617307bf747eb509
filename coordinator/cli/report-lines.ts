import { type Io, toJson } from "./io.ts";

/**
 * Reports an event of a long-running command: with --json as one JSON object a line, whose first field is "event";
 * else as `text`, if there is one.
 */
export type Report = (event: string, fields: Readonly<Record<string, unknown>>, text?: string) => void;

export function createReporter(io: Io, json: boolean): Report {
  return (event, fields, text) => {
    if (json) io.out(toJson({ event, ...fields }, 0));
    else if (text !== undefined) io.out(`${new Date().toISOString().slice(11, 19)} ${text}`);
  };
}
