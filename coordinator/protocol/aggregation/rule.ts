import { isQuorateError, QuorateError } from "../errors.ts";
import {
  type Description,
  KRUM_VARIANTS,
  type KrumVariant,
  type Parameter,
  RULES,
  type RuleName,
  STEPS,
  type StepName,
} from "./catalogue.ts";
import { MAX_UPDATES } from "./fedavg.ts";
import { assertAffordable } from "./selection.ts";

/** Parameters of a rule or step; which of them exist and which are required says the catalogue. */
export interface Parameters {
  /** Updates assumed to be hostile. */
  readonly f?: number;
  readonly variant?: KrumVariant;
  /** Updates per bucket. */
  readonly s?: number;
  readonly iterations?: number;
  /** Smallest distance by which Weiszfeld divides, in units of the weights. */
  readonly nu?: number;
  /** Longest difference to the base model, in units of the weights (Euclidean norm). */
  readonly tau?: number;
}

/** A step before the rule. */
export interface Step extends Parameters {
  readonly name: StepName;
}

/** How a federation makes one model of a round's updates: the steps in their order, then the rule. */
export interface Rule extends Parameters {
  readonly name: RuleName;
  readonly pre?: readonly Step[];
}

export const FEDAVG: Rule = { name: "fedavg" };

/** More steps than this before a rule are a mistake. */
const MOST_STEPS = 4;
const MOST_ITERATIONS = 100;

/**
 * Reads a rule from JSON and puts it in canonical form: every parameter present, in the catalogue's order, nothing
 * else; `pre` only if there are steps. So {"name":"fedavg"} is FedAvg's only form.
 *
 * @throws QuorateError AGGREGATION_RULE (unknown rule, step or parameter), AGGREGATION_PARAMETER (a value is missing or
 *   out of range)
 */
export function parseRule(json: unknown): Rule {
  const { pre = [], ...own } = asRecord(json, "the rule");
  const rule = parseOne(own, RULES, "rule") as Rule;
  if (!Array.isArray(pre) || pre.length > MOST_STEPS)
    throw new QuorateError(
      "AGGREGATION_RULE",
      `the steps before a rule are a list of at most ${MOST_STEPS}, not ${JSON.stringify(pre)?.slice(0, 100)}`,
      { pre },
    );
  if (pre.length === 0) return rule;
  return { ...rule, pre: pre.map((step) => parseOne(asRecord(step, "a step"), STEPS, "step") as Step) };
}

/**
 * Reads a rule from a command line: steps and rule joined by "+", each a name and its parameters in the catalogue's
 * order, as in `nnm:2+trimmed-mean:2`, `krum:1:byzfl`, `centred-clipping:10:3`.
 * @throws QuorateError AGGREGATION_RULE, AGGREGATION_PARAMETER
 */
export function parseRuleText(text: string): Rule {
  const parts = text.split("+").map((part) => part.split(":"));
  const names = parts.map(([name = "", ...values], i) => {
    const known: Readonly<Record<string, Description>> = i === parts.length - 1 ? RULES : STEPS;
    const { parameters } = lookUp(name, known, i === parts.length - 1 ? "rule" : "step");
    if (values.length > parameters.length)
      throw new QuorateError(
        "AGGREGATION_RULE",
        `${name} has ${parameters.length} parameters, "${parts[i]?.join(":")}" gives ${values.length}`,
        { name, values },
      );
    const given = values.map((value, k) => [
      parameters[k]!.name,
      parameters[k]!.kind === "variant" ? value : Number(value || Number.NaN),
    ]);
    return { name, ...Object.fromEntries(given) };
  });
  return parseRule({ ...names.at(-1), ...(names.length > 1 && { pre: names.slice(0, -1) }) });
}

/** The text that {@link parseRuleText} reads. */
export function formatRule(rule: Rule): string {
  const one = (known: Description, part: Rule | Step) =>
    [part.name, ...known.parameters.map(({ name }) => String(part[name]))].join(":");
  return [...(rule.pre ?? []).map((step) => one(STEPS[step.name], step)), one(RULES[rule.name], rule)].join(
    "+",
  );
}

/** Whether one wrong weight of the result can be proven from the updates' values of that weight alone. */
export function isProvable(rule: Rule): boolean {
  return RULES[rule.name].provable === "coordinate" && !rule.pre?.length;
}

/**
 * Checks that `updates` updates are enough for a rule and every step before it, and not too many for MDA.
 * @throws QuorateError AGGREGATION_TOO_FEW, AGGREGATION_TOO_COSTLY
 */
export function assertFits(rule: Rule, updates: number): void {
  let rows = updates;
  for (const step of rule.pre ?? []) {
    assertEnough(step, rows);
    if (step.name === "bucketing") rows = Math.ceil(rows / step.s!);
  }
  assertEnough(rule, rows);
  if (rule.name === "mda") assertAffordable(rows, rule.f!);
}

/** Why a rule can't work with so many updates; undefined if it can. */
export function reasonAgainst(rule: Rule, updates: number): string | undefined {
  try {
    assertFits(rule, updates);
    return undefined;
  } catch (error) {
    if (isQuorateError(error)) return error.message;
    throw error;
  }
}

function assertEnough(part: Rule | Step, rows: number): void {
  const known: Description = { ...RULES, ...STEPS }[part.name];
  const least = known.least(part.f ?? 0, part.variant);
  if (rows >= least) return;
  throw new QuorateError(
    "AGGREGATION_TOO_FEW",
    `${part.name}${part.f === undefined ? "" : ` with f = ${part.f}`} needs at least ${least} updates ` +
      `(${known.assumes}), there are ${rows}: lower f or wait for more clients`,
    { rule: part.name, f: part.f, rows, least },
  );
}

function parseOne(
  json: Record<string, unknown>,
  catalogue: Readonly<Record<string, Description>>,
  what: string,
): Step | Rule {
  const { name, ...values } = json;
  const { parameters } = lookUp(name, catalogue, what);
  const unknown = Object.keys(values).find((key) => !parameters.some((parameter) => parameter.name === key));
  if (unknown !== undefined)
    throw new QuorateError(
      "AGGREGATION_RULE",
      `${name} has no parameter "${unknown}"; it has: ${parameters.map((p) => p.name).join(", ") || "none"}`,
      { name, parameter: unknown },
    );
  const read = parameters.map((parameter) => [parameter.name, readValue(`${name}`, parameter, values)]);
  return { name, ...Object.fromEntries(read) };
}

function lookUp(name: unknown, catalogue: Readonly<Record<string, Description>>, what: string): Description {
  if (typeof name === "string" && Object.hasOwn(catalogue, name)) return catalogue[name] as Description;
  throw new QuorateError(
    "AGGREGATION_RULE",
    `there is no ${what} "${String(name).slice(0, 60)}"; known: ${Object.keys(catalogue).join(", ")}`,
    { name },
  );
}

/** Around the weights and lengths of any model: nothing made of them leaves float64. */
const POSITIVE = { least: 1e-30, most: 1e30 } as const;

const requirementOf = ({ name, kind }: Parameter): string => {
  if (kind === "variant") return `one of ${KRUM_VARIANTS.join(", ")}`;
  if (kind === "positive") return `a number from ${POSITIVE.least} to ${POSITIVE.most}`;
  return `a whole number from ${kind === "f" ? 0 : 1} to ${mostOf(name)}`;
};

const mostOf = (name: Parameter["name"]): number => (name === "iterations" ? MOST_ITERATIONS : MAX_UPDATES);

function readValue(owner: string, parameter: Parameter, values: Record<string, unknown>): number | string {
  const given = values[parameter.name];
  const value = given === undefined ? parameter.fallback : given;
  if (isUsable(parameter, value)) return value as number | string;
  throw new QuorateError(
    "AGGREGATION_PARAMETER",
    `${owner}'s ${parameter.name} must be ${requirementOf(parameter)}, not ${typeof value === "number" ? value : JSON.stringify(value)}`,
    { name: owner, parameter: parameter.name, value },
  );
}

function isUsable({ name, kind }: Parameter, value: unknown): boolean {
  if (kind === "variant") return KRUM_VARIANTS.some((variant) => variant === value);
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (kind === "positive") return value >= POSITIVE.least && value <= POSITIVE.most;
  const whole = Number.isInteger(value) && !Object.is(value, -0);
  return whole && value >= (kind === "f" ? 0 : 1) && value <= mostOf(name);
}

function asRecord(json: unknown, what: string): Record<string, unknown> {
  if (typeof json === "object" && json !== null && !Array.isArray(json))
    return json as Record<string, unknown>;
  throw new QuorateError(
    "AGGREGATION_RULE",
    `${what} must be an object with a name, not ${String(json)}`,
    {},
  );
}
