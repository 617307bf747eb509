import { z } from "zod/v4";
import type {
  CandidateMessage,
  InventoryMessage,
  ManifestMessage,
  MinerInfo,
  UploadAnswer,
  VoteMessage,
} from "../../ports/transport.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import type { Candidate, Receipt, Update, Vote } from "../../protocol/round/messages.ts";
import type { SignedUpdate } from "../../protocol/round/references.ts";

/** Updates in one list: the most that an aggregation accepts is 1,024, and each client may have two held. */
const MAX_UPDATES = 4_096;
/** Votes in one list: far above the miners of any round. */
const MAX_VOTES = 4_096;

/** A string that is checked and read in one step: a transform of its own would run on a refused string too. */
function text<T>(problem: string, read: (text: string) => T | undefined): z.ZodType<T> {
  return z.string().transform((value, context) => {
    const result = read(value);
    if (result !== undefined) return result;
    context.issues.push({ code: "custom", message: problem, input: value.slice(0, 100) });
    return z.NEVER;
  }) as unknown as z.ZodType<T>;
}

const hex = (length: number): z.ZodType<Hex> => {
  const pattern = new RegExp(`^0x[0-9a-fA-F]{${2 * length}}$`);
  return text(`expected 0x and ${length} bytes in hexadecimal`, (value) =>
    pattern.test(value) ? (value.toLowerCase() as Hex) : undefined,
  );
};

/** Integers that may exceed 2^53 travel as decimal strings. */
const wide = (bits: number): z.ZodType<bigint> =>
  text(`expected a decimal integer of ${bits} bits as a string`, (value) => {
    if (!/^(0|[1-9][0-9]{0,77})$/.test(value)) return undefined;
    const integer = BigInt(value);
    return integer < 1n << BigInt(bits) ? integer : undefined;
  });

const small = (bits: number): z.ZodNumber =>
  z
    .number()
    .int()
    .min(0)
    .max(2 ** bits - 1);

const bytes32 = hex(32);
const address = hex(20);
const signature = hex(64);
const round = wide(64);

const update: z.ZodType<Update> = z.strictObject({
  round,
  openingHash: bytes32,
  baseRoot: bytes32,
  modelRoot: bytes32,
  modelCid: bytes32,
  sampleCount: wide(64),
});

const candidate: z.ZodType<Candidate> = z.strictObject({
  round,
  openingHash: bytes32,
  baseRoot: bytes32,
  modelRoot: bytes32,
  modelCid: bytes32,
  updatesHash: bytes32,
  manifestCid: bytes32,
  payoutsRoot: bytes32,
  payoutsTotal: wide(256),
  updateCount: small(32),
  totalSamples: wide(64),
  validationScore: small(32),
});

const vote: z.ZodType<Vote> = z.strictObject({
  round,
  openingHash: bytes32,
  candidate: bytes32,
  support: z.boolean(),
  confidence: small(16),
  reason: z.union([0, 1, 2, 3, 4, 5].map((reason) => z.literal(reason as Vote["reason"]))),
  reasonIndex: wide(64),
});

const receipt: z.ZodType<Receipt> = z.strictObject({
  round,
  openingHash: bytes32,
  client: address,
  modelRoot: bytes32,
});

/** A signed update, as it travels in a header and in lists. */
export const signedUpdate: z.ZodType<SignedUpdate> = z.strictObject({ client: address, update, signature });

const updates = z.array(signedUpdate).max(MAX_UPDATES);

export const updateList: z.ZodType<{ updates: SignedUpdate[] }> = z.strictObject({ updates });

export const announcement: z.ZodType<{ update: SignedUpdate; endpoint: string }> = z.strictObject({
  update: signedUpdate,
  endpoint: z
    .string()
    .max(2_048)
    .regex(/^https?:\/\/[^\s]+$/, "expected an http or https URL"),
});

/** Inventories and manifests have the same shape; which one it is, the signature says. */
export const updatesMessage: z.ZodType<InventoryMessage & ManifestMessage> = z.strictObject({
  miner: address,
  updates,
  signature,
});

export const candidateMessage: z.ZodType<CandidateMessage> = z.strictObject({
  miner: address,
  candidate,
  signature,
});

export const voteMessage: z.ZodType<VoteMessage> = z.strictObject({ miner: address, vote, signature });

export const voteList: z.ZodType<{ votes: VoteMessage[] }> = z.strictObject({
  votes: z.array(voteMessage).max(MAX_VOTES),
});

export const uploadAnswer: z.ZodType<UploadAnswer> = z.strictObject({
  receipt,
  signature,
  miner: address,
  counts: bytes32,
  held: z.array(bytes32).max(2),
});

/** Unknown fields pass: a newer miner may say more of itself. */
export const minerInfo: z.ZodType<MinerInfo> = z.object({
  name: z.literal("quorate-miner"),
  version: z.string().max(100),
  chainId: z.string().regex(/^[0-9]{1,78}$/, "expected a decimal integer as a string"),
  contract: address,
  miner: address,
  peers: z.array(z.string().max(500)).max(64),
  rounds: z.object({ first: z.string().max(20), last: z.string().max(20) }).nullable(),
  maxUploadBytes: z.number().int().min(0),
});

export const accepted = z.strictObject({ accepted: z.literal(true) });

/** The body of every refusal. */
export const errorBody = z.object({
  code: z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/),
  message: z.string().max(4_000),
  details: z.record(z.string(), z.unknown()).default({}),
});

/** A round number in a path. */
export const roundNumber = round;
/** A digest in a path. */
export const digest = bytes32;

/** JSON with wide integers as decimal strings. */
export function encodeJson(value: unknown): string {
  return JSON.stringify(value, (_, field) => (typeof field === "bigint" ? String(field) : field));
}

/**
 * Reads `value` by a schema.
 * @throws QuorateError BAD_REQUEST naming the first field that is wrong
 */
export function decode<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue?.path.join(".") || "(itself)";
  throw new QuorateError("BAD_REQUEST", `${what}: field ${field} is wrong: ${issue?.message}`, {
    what,
    field,
    problem: issue?.message,
  });
}

/** Reads JSON text by a schema. @throws QuorateError BAD_REQUEST */
export function decodeText<T>(schema: z.ZodType<T>, text: string, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new QuorateError("BAD_REQUEST", `${what}: not JSON`, { what, field: "(itself)" });
  }
  return decode(schema, value, what);
}
