import type { Hex } from "../bytes.ts";
import { QuorateError } from "../errors.ts";
import { MESSAGE_TYPES, type MessageKind, type Messages } from "./messages.ts";
import type { SignedUpdate } from "./references.ts";

/** A message as JSON: hexadecimal as it is, small integers as numbers, wide integers as decimal strings. */
export type MessageJson = Readonly<Record<string, string | number | boolean>>;

/** Integers of these types may exceed 2^53. */
const WIDE = new Set(["uint64", "uint256"]);

export function messageToJson<K extends MessageKind>(kind: K, message: Messages[K]): MessageJson {
  const values = message as unknown as Record<string, Hex | bigint | number | boolean>;
  return Object.fromEntries(
    MESSAGE_TYPES[kind].map(({ name, type }) => {
      const value = values[name]!;
      return [name, WIDE.has(type) ? String(value) : (value as string | number | boolean)];
    }),
  );
}

/** @throws QuorateError MESSAGE_MALFORMED naming the field */
export function messageFromJson<K extends MessageKind>(
  kind: K,
  json: Readonly<Record<string, unknown>>,
): Messages[K] {
  const entries = MESSAGE_TYPES[kind].map(({ name, type }) => [name, readField(kind, { name, type }, json)]);
  return Object.fromEntries(entries) as Messages[K];
}

export function signedUpdateToJson(signed: SignedUpdate): Readonly<Record<string, unknown>> {
  return {
    client: signed.client,
    update: messageToJson("Update", signed.update),
    signature: signed.signature,
  };
}

/** @throws QuorateError MESSAGE_MALFORMED */
export function signedUpdateFromJson(json: unknown): SignedUpdate {
  const row = (json ?? {}) as Readonly<Record<string, unknown>>;
  const update = messageFromJson("Update", (row.update ?? {}) as Readonly<Record<string, unknown>>);
  return {
    client: readHex("SignedUpdate", "client", row.client),
    update,
    signature: readHex("SignedUpdate", "signature", row.signature),
  };
}

function readField(
  kind: string,
  field: { readonly name: string; readonly type: string },
  json: Readonly<Record<string, unknown>>,
): Hex | bigint | number | boolean {
  const value = json[field.name];
  if (field.type === "bool" && typeof value === "boolean") return value;
  if (WIDE.has(field.type) && typeof value === "string" && /^\d{1,78}$/.test(value)) return BigInt(value);
  if (field.type.startsWith("uint") && !WIDE.has(field.type) && Number.isSafeInteger(value))
    return value as number;
  if (field.type === "bytes32" || field.type === "address") return readHex(kind, field.name, value);
  throw malformed(kind, field.name, value);
}

function readHex(kind: string, name: string, value: unknown): Hex {
  if (typeof value !== "string" || !/^0x[0-9a-fA-F]*$/.test(value)) throw malformed(kind, name, value);
  return value as Hex;
}

function malformed(kind: string, name: string, value: unknown): QuorateError {
  return new QuorateError(
    "MESSAGE_MALFORMED",
    `${kind}.${name} is not usable: ${JSON.stringify(value)?.slice(0, 200)}`,
    { kind, field: name },
  );
}
