import { QuorateError } from "../errors.ts";

/** The part of JSON a safetensors header uses. Objects are maps, so that no name is special. */
export type HeaderValue = string | number | readonly HeaderValue[] | ReadonlyMap<string, HeaderValue>;

/** Deeper nesting than a header ever has (object → tensor → list) is refused before it costs stack. */
const MAX_DEPTH = 4;

const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
const INTEGER = /0|[1-9][0-9]{0,15}/y;
const SPACE = /[ \t\n\r]*/y;

/**
 * Parses a header. `JSON.parse` can't be used: it silently keeps the last of two equal names.
 * Numbers are unsigned integers below 2^53, as the format demands.
 * @throws QuorateError MODEL_HEADER_SYNTAX, MODEL_DUPLICATE_NAME
 */
export function parseHeaderJson(text: string): HeaderValue {
  const cursor = { text, at: 0 };
  const value = parseValue(cursor, 0);
  skipSpace(cursor);
  if (cursor.at !== text.length) throw syntaxError(cursor);
  return value;
}

interface Cursor {
  readonly text: string;
  at: number;
}

function parseValue(cursor: Cursor, depth: number): HeaderValue {
  skipSpace(cursor);
  const first = cursor.text[cursor.at];
  if (depth >= MAX_DEPTH) throw syntaxError(cursor);
  if (first === "{") return parseObject(cursor, depth);
  if (first === "[") return parseList(cursor, depth);
  if (first === '"') return parseString(cursor);
  const value = Number(match(cursor, INTEGER));
  if (!Number.isSafeInteger(value)) throw syntaxError(cursor);
  return value;
}

function parseObject(cursor: Cursor, depth: number): ReadonlyMap<string, HeaderValue> {
  const entries = new Map<string, HeaderValue>();
  cursor.at++;
  if (takes(cursor, "}")) return entries;
  do {
    skipSpace(cursor);
    const name = parseString(cursor);
    if (entries.has(name)) {
      throw new QuorateError("MODEL_DUPLICATE_NAME", `the model's header names "${name}" twice`, { name });
    }
    if (!takes(cursor, ":")) throw syntaxError(cursor);
    entries.set(name, parseValue(cursor, depth + 1));
  } while (takes(cursor, ","));
  if (!takes(cursor, "}")) throw syntaxError(cursor);
  return entries;
}

function parseList(cursor: Cursor, depth: number): readonly HeaderValue[] {
  const values: HeaderValue[] = [];
  cursor.at++;
  if (takes(cursor, "]")) return values;
  do {
    values.push(parseValue(cursor, depth + 1));
  } while (takes(cursor, ","));
  if (!takes(cursor, "]")) throw syntaxError(cursor);
  return values;
}

function parseString(cursor: Cursor): string {
  const value = unquote(match(cursor, STRING));
  // A lone surrogate has no UTF-8 form, so it could not be written back to the same bytes.
  if (value === undefined || !value.isWellFormed()) throw syntaxError(cursor);
  return value;
}

function unquote(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}

function takes(cursor: Cursor, character: string): boolean {
  skipSpace(cursor);
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at++;
  return true;
}

function skipSpace(cursor: Cursor): void {
  match(cursor, SPACE);
}

function match(cursor: Cursor, pattern: RegExp): string {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (found === null) throw syntaxError(cursor);
  cursor.at += found[0].length;
  return found[0];
}

function syntaxError(cursor: Cursor): QuorateError {
  return new QuorateError(
    "MODEL_HEADER_SYNTAX",
    `the model's header is not a safetensors header: unexpected text at character ${cursor.at}`,
    { position: cursor.at, near: cursor.text.slice(cursor.at, cursor.at + 40) },
  );
}
