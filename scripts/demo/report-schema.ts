import { z } from "zod/v4";

/** Version of report.json; rises with every change that a reader could notice. */
export const REPORT_SCHEMA_VERSION = 2;

const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, "an address: 0x and 40 hexadecimal digits");
const hash = z.string().regex(/^0x[0-9a-f]{64}$/, "32 bytes: 0x and 64 lower-case hexadecimal digits");
const cid = z.string().regex(/^bafybei[a-z2-7]{52}$/, "a version 1 CID (dag-pb, sha2-256) in base32");
const integer = z.string().regex(/^(?:0|-?[1-9][0-9]*)$/, "an integer as a decimal string");
const natural = z.string().regex(/^(?:0|[1-9][0-9]*)$/, "a non-negative integer as a decimal string");
const count = z.int().nonnegative();
const basisPoints = z.int().min(0).max(10_000);

const proposal = z.strictObject({ miner: address, candidate: hash, modelRoot: hash });

const vote = z.strictObject({
  miner: address,
  candidate: hash,
  support: z.boolean(),
  confidenceBps: basisPoints,
  weight: natural,
});

const gas = z
  .strictObject({ open: count, propose: count, settle: count, claim: count, total: count })
  .refine(({ open, propose, settle, claim, total }) => open + propose + settle + claim === total, {
    error: "gas.total is not the sum of its parts",
  });

const selection = z.strictObject({
  rule: z.string(),
  /** Part in the model; null where every coordinate decides for itself. */
  weights: z.record(address, basisPoints.nullable()),
  /** Why an update has no part. */
  unweighted: z.record(address, z.string()),
});

/** What a round that did not agree on a model has null in. */
const MODEL_FIELDS = ["candidate", "modelRoot", "modelCid", "validationScore", "testAccuracy"] as const;

function hasItsModel(
  entry: { readonly [K in (typeof MODEL_FIELDS)[number]]: unknown } & { readonly status: string },
): boolean {
  const missing = MODEL_FIELDS.filter((field) => entry[field] === null).length;
  if (entry.status === "failed") return missing === MODEL_FIELDS.length;
  return missing === 0 || (entry.status === "voided" && missing === MODEL_FIELDS.length);
}

const round = z
  .strictObject({
    round: z.int().positive(),
    status: z.enum(["agreed", "failed", "degraded", "ratified", "reverted", "voided"]),
    final: z.boolean(),
    candidate: hash.nullable(),
    modelRoot: hash.nullable(),
    modelCid: cid.nullable(),
    ratioBps: basisPoints,
    participationBps: basisPoints,
    validationScore: count.nullable(),
    testAccuracy: z.number().min(0).max(1).nullable(),
    proposals: z.array(proposal),
    votes: z.array(vote),
    reputation: z.record(address, natural),
    shapley: z.record(address, integer),
    shapleyDenominator: natural,
    payouts: z.record(address, natural),
    /** Null if no model was agreed. */
    selection: selection.nullable(),
    /** Why updates never entered the manifest, by client. */
    refused: z.record(address, z.string()),
    gas,
    transactions: z.array(hash),
  })
  .refine(hasItsModel, {
    error: `${MODEL_FIELDS.join(", ")} are null in a failed round, or one voided before it was decided, and only there`,
  });

/** The schema of report.json; docs/report.md says in words what each field means. */
export const reportSchema = z
  .strictObject({
    schemaVersion: z.literal(REPORT_SCHEMA_VERSION),
    chainId: z.int().positive(),
    contracts: z.record(z.string(), address),
    rounds: z.array(round),
    totals: z.strictObject({ gas: count, transactions: count, wallSeconds: z.number().nonnegative() }),
  })
  .refine((report) => report.totals.gas === sum(report.rounds.map((entry) => entry.gas.total)), {
    error: "totals.gas is not the sum of the rounds' gas",
  })
  .refine(
    (report) => report.totals.transactions === sum(report.rounds.map((entry) => entry.transactions.length)),
    { error: "totals.transactions is not the number of the rounds' transactions" },
  )
  .refine(
    (report) => report.rounds.every((entry, i) => i === 0 || entry.round > report.rounds[i - 1]!.round),
    {
      error: "rounds are not ascending",
    },
  );

export type Report = z.infer<typeof reportSchema>;
export type ReportRound = Report["rounds"][number];

/** Checks a parsed report.json; the error lists every field that is wrong. */
export function parseReport(value: unknown): Report {
  return reportSchema.parse(value);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
