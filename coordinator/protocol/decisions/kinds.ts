import { allocate } from "./allocate.ts";
import type { Kind } from "./kind.ts";
import { rank, select } from "./select.ts";
import { updates } from "./updates.ts";

const KINDS = [select, rank, allocate, updates] as readonly Kind[];

export const KIND_NAMES: readonly string[] = KINDS.map(({ name }) => name);

/** The kind registered under a name. */
export function kindOf(name: string): Kind | undefined {
  return KINDS.find((kind) => kind.name === name);
}
