import type { AbiEvent, AbiFunction, AbiParameter } from "viem";
import { decodeAbiParameters, toEventSelector, toFunctionSelector } from "viem/utils";
import type { Hex } from "../../coordinator/protocol/bytes.ts";
import type { RawLog } from "./types.ts";

/** An entry of an ABI that has a name and inputs. */
export type AbiItem = AbiFunction | AbiEvent | (Omit<AbiEvent, "type" | "anonymous"> & { type: "error" });

/** A value with its name and type; tuples and lists of tuples hold values again. */
export interface DecodedValue {
  readonly name: string;
  readonly type: string;
  readonly value: unknown;
  readonly parts?: readonly DecodedValue[];
}

export interface Decoded {
  readonly name: string;
  readonly signature: string;
  readonly values: readonly DecodedValue[];
}

/** ABIs indexed by what appears on chain. */
export interface AbiIndex {
  event(log: Pick<RawLog, "topics" | "data">): Decoded | null;
  call(input: Hex): Decoded | null;
  error(data: Hex): Decoded | null;
  /** First topic of an event by name. */
  topicOf(name: string): Hex | undefined;
}

const BUILT_IN = [
  { type: "error", name: "Error", inputs: [{ name: "message", type: "string" }] },
  { type: "error", name: "Panic", inputs: [{ name: "code", type: "uint256" }] },
] as const satisfies readonly AbiItem[];

export function indexAbis(abis: readonly (readonly AbiItem[])[]): AbiIndex {
  const events = new Map<string, AbiItem>();
  const called: AbiItem[] = [];
  const topics = new Map<string, Hex>();
  for (const item of [...abis.flat(), ...BUILT_IN]) {
    if (item.type === "event") {
      const topic = toEventSelector(item as AbiEvent);
      events.set(topic, item);
      topics.set(item.name, topic);
    } else if (item.type === "function" || item.type === "error") called.push(item);
  }
  let selectors: Map<string, AbiItem> | undefined;
  const bySelector = (data: Hex, type: "function" | "error"): Decoded | null => {
    // Hashed when first needed: the newest rounds are drawn without.
    selectors ??= new Map(called.map((item) => [toFunctionSelector(signatureOf(item)), item]));
    const item = selectors.get(data.slice(0, 10));
    if (item?.type !== type) return null;
    return attempt(item, () => decodeAll(item.inputs, `0x${data.slice(10)}`));
  };
  return {
    event(log) {
      const item = events.get(log.topics[0] ?? "");
      return item ? attempt(item, () => decodeLogValues(item as AbiEvent, log)) : null;
    },
    call: (input) => bySelector(input, "function"),
    error: (data) => bySelector(data, "error"),
    topicOf: (name) => topics.get(name),
  };
}

/** Name and canonical types, as selectors hash them. */
export function signatureOf({ name, inputs }: AbiItem): string {
  return `${name}(${inputs.map(typeOf).join(",")})`;
}

function typeOf(input: AbiParameter): string {
  const { components } = input as { components?: readonly AbiParameter[] };
  return components ? `(${components.map(typeOf).join(",")})${input.type.slice(5)}` : input.type;
}

/** Bytes that do not fit the ABI are shown raw, never guessed at. */
function attempt(item: AbiItem, decode: () => DecodedValue[]): Decoded | null {
  try {
    return { name: item.name, signature: signatureOf(item), values: decode() };
  } catch {
    return null;
  }
}

export function decodeAll(inputs: readonly AbiParameter[], data: Hex): DecodedValue[] {
  if (inputs.length === 0) return [];
  const values = decodeAbiParameters(inputs, data) as readonly unknown[];
  return inputs.map((input, i) => named(input, values[i], i));
}

function decodeLogValues(item: AbiEvent, { topics, data }: Pick<RawLog, "topics" | "data">): DecodedValue[] {
  const plain = item.inputs.filter((input) => !input.indexed);
  const inData = decodeAll(plain, data);
  let topic = 1;
  let field = 0;
  return item.inputs.map((input, i) => {
    if (!input.indexed) return inData[field++]!;
    const [value] = decodeAbiParameters([input], topics[topic++]!) as readonly unknown[];
    return named(input, value, i);
  });
}

function named(input: AbiParameter, value: unknown, position: number): DecodedValue {
  const { components } = input as { components?: readonly AbiParameter[] };
  const base = { name: input.name || `#${position}`, type: input.type, value };
  if (!components) return base;
  if (input.type === "tuple")
    return { ...base, parts: components.map((part, i) => named(part, fieldOf(value, part, i), i)) };
  const element = { ...input, type: input.type.replace(/\[\d*\]$/, "") } as AbiParameter;
  const items = value as readonly unknown[];
  return { ...base, parts: items.map((one, i) => named({ ...element, name: String(i) }, one, i)) };
}

function fieldOf(value: unknown, part: AbiParameter, index: number): unknown {
  const fields = value as Readonly<Record<string, unknown>>;
  return part.name ? fields[part.name] : fields[index];
}

/** Values by name, as reducers take them. */
export function byName(values: readonly DecodedValue[]): Record<string, unknown> {
  return Object.fromEntries(values.map(({ name, value }) => [name, value]));
}
