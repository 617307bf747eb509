import { createHash } from "node:crypto";
import {
  type Description,
  KRUM_VARIANTS,
  RULES,
  STEPS,
} from "../../../coordinator/protocol/aggregation/catalogue.ts";
import type { Aggregate } from "../../../coordinator/protocol/aggregation/reference.ts";
import { parseRule, type Rule } from "../../../coordinator/protocol/aggregation/rule.ts";
import { isQuorateError } from "../../../coordinator/protocol/errors.ts";
import { createPrng, type Prng } from "../../../coordinator/protocol/learning/prng.ts";
import type { Case } from "./cases.ts";

const MOST_CLIENTS = 24;
const MOST_STEPS = 2;
/** Around the ends of tiles and of what is sorted at a time. */
const EDGES = [63, 64, 65, 2047, 2048, 2049, 4097];
const SPECIAL = [0, 1, -1, 0.5, 1e-45, -1e-40, 1023];

/**
 * A rule of the whole family with any parameters, any number of clients and any dimension, made of a number alone: so
 * another process can draw the same. Not all have clients enough for their rule.
 */
export function drawCase(number: number): Case {
  const prng = createPrng(`case ${number}`);
  const clients = 1 + prng.below(MOST_CLIENTS);
  const dimension = prng.below(4) === 0 ? EDGES[prng.below(EDGES.length)]! : 1 + prng.below(70);
  const common = drawRow(prng, dimension);
  const updates = Array.from({ length: clients }, () => {
    const own = drawRow(prng, dimension);
    // Alike as models are, some values the same.
    const floats = own.map((value, j) => (prng.below(3) === 0 ? common[j]! : common[j]! + value / 16));
    return { floats: floats.map((value) => value + 0), sampleCount: 1 + prng.below(60_000) };
  });
  const seed = Uint8Array.of(number & 255, number >> 8);
  return { rule: drawRule(prng), updates, context: { centre: drawRow(prng, dimension), seed } };
}

function drawRule(prng: Prng): Rule {
  const pre = Array.from({ length: prng.below(MOST_STEPS + 1) }, () => drawPart(prng, STEPS));
  return parseRule({ ...drawPart(prng, RULES), pre });
}

function drawPart(prng: Prng, catalogue: Readonly<Record<string, Description>>) {
  const names = Object.keys(catalogue);
  const name = names[prng.below(names.length)]!;
  const values = catalogue[name]!.parameters.map((parameter) => {
    if (parameter.kind === "variant")
      return [parameter.name, KRUM_VARIANTS[prng.below(KRUM_VARIANTS.length)]];
    if (parameter.kind === "positive") return [parameter.name, (1 + prng.below(40)) / 10];
    return [parameter.name, prng.below(3) + (parameter.kind === "whole" ? 1 : 0)];
  });
  return { name, ...Object.fromEntries(values) };
}

function drawRow(prng: Prng, dimension: number): Float32Array {
  return Float32Array.from({ length: dimension }, () =>
    prng.below(8) === 0 ? SPECIAL[prng.below(SPECIAL.length)]! : prng.next() / 2 ** 31 - 1,
  );
}

/** Hash of the result's bits, with the shares; or the code of the refusal. */
export async function outcomeOf(run: () => Aggregate | Promise<Aggregate>): Promise<string> {
  try {
    const { floats, shares } = await run();
    const bits = new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
    return `${createHash("sha256").update(bits).digest("hex")} ${JSON.stringify(shares)}`;
  } catch (error) {
    if (isQuorateError(error)) return error.code;
    throw error;
  }
}
