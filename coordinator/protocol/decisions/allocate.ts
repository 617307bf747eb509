import { compareHex, type Hex, ZERO_HASH } from "../bytes.ts";
import { QuorateError } from "../errors.ts";
import { Writer } from "../praft/codec.ts";
import { areRising, type Cast, type Kind, MAX_SUBJECTS, readAll, writePairs } from "./kind.ts";
import { standingOf } from "./scoring.ts";
import { tieHash } from "./select.ts";

/** Most units, of capacity and of a demand: a ballot's score counts units here. */
const MAX_UNITS = 2 ** 32 - 1;
/** Shares and credits are counted in millionths of a unit. */
const SCALE = 1_000_000n;
/** No account grows without bound, whatever claims a series sees. */
const MAX_CREDIT = 10 ** 12;

/** Units to give out among claims. Tasks of one series (not zero) make up in later ones for what rounding took. */
interface Allocation {
  readonly capacity: number;
  readonly series: Hex;
  /** Rising by subject. */
  readonly claims: readonly { readonly subject: Hex; readonly weight: number }[];
}

/** One claim with its demand in whole units, and in millionths of a unit what it is owed from before. */
export interface Claim {
  readonly subject: Hex;
  readonly weight: number;
  readonly demand: number;
  readonly credit: number;
}

export interface Grant {
  readonly subject: Hex;
  readonly units: number;
  readonly credit: number;
}

/** @throws QuorateError DECISION_CLAIMS */
export function encodeAllocation(allocation: Allocation): Uint8Array {
  const claims = allocation.claims.toSorted((a, b) => compareHex(a.subject, b.subject));
  checkClaims({ ...allocation, claims });
  const writer = new Writer().u32(allocation.capacity).hash(allocation.series).u32(claims.length);
  for (const { subject, weight } of claims) writer.hash(subject).u32(weight);
  return writer.done();
}

/** Who gets how many units. Ballots score a claim's demand in units; a claim without a quorum of ballots demands nothing. */
export const allocate: Kind<Allocation> = {
  name: "allocate",
  read: (parameters) => {
    const allocation = readAll(parameters, (reader) => ({
      capacity: reader.u32(),
      series: reader.hash(),
      claims: Array.from({ length: reader.count("claims", MAX_SUBJECTS) }, () => ({
        subject: reader.hash(),
        weight: reader.u32(),
      })),
    }));
    checkClaims(allocation);
    return allocation;
  },
  accepts: ({ claims }, subject) => claims.some((claim) => claim.subject === subject),
  decide: ({ capacity, series, claims }, cast) => {
    const standings = claims.map(({ subject }) => demandOf(cast, subject));
    if (standings.every((standing) => standing === undefined)) return undefined;
    const credits: Map<Hex, number> = series === ZERO_HASH ? new Map() : cast.credits(series);
    const asked = claims.map(({ subject, weight }, i) => {
      return { subject, weight, demand: standings[i]?.score ?? 0, credit: credits.get(subject) ?? 0 };
    });
    const grants = share(capacity, asked, cast.task);
    for (const { subject, credit } of grants) {
      if (credit === 0) credits.delete(subject);
      else credits.set(subject, credit);
    }
    return writePairs(grants.map(({ subject, units }) => [subject, units]));
  },
};

function demandOf({ committee, bySubject }: Cast, subject: Hex) {
  return standingOf(committee, subject, bySubject.get(subject) ?? [], MAX_UNITS);
}

/**
 * Weighted max-min fair in whole units: a claim gets its demand if that is no more than its weight's part of what the others
 * leave, else that part, rounded up or down. Rounded up are those who are owed most, from this and earlier rounds; ties by
 * hash. Grants are in the order of the claims and sum to the capacity or to all demand, whichever is less.
 */
export function share(capacity: number, claims: readonly Claim[], task: Hex): Grant[] {
  const { rest, weight } = waterLine(capacity, claims);
  const cut = claims.map((claim) => isCut(claim, rest, weight));
  const exact = claims.map((claim, i) =>
    cut[i] ? (BigInt(claim.weight) * rest * SCALE) / weight : BigInt(claim.demand) * SCALE,
  );
  const rounded = claims.map((claim, i) => cut[i]! && (BigInt(claim.weight) * rest) % weight !== 0n);
  const owed = claims.map(({ credit }, i) => credit + (rounded[i] ? Number(exact[i]! % SCALE) : 0));
  const whole = exact.map((units) => Number(units / SCALE));
  const demand = claims.reduce((sum, claim) => sum + claim.demand, 0);
  const left = Math.min(capacity, demand) - whole.reduce((sum, units) => sum + units, 0);
  const first = [...claims.keys()]
    .filter((i) => rounded[i])
    .sort((a, b) => owed[b]! - owed[a]! || compareHex(tie(a), tie(b)));
  const up = new Set(first.slice(0, left));
  return claims.map(({ subject, credit }, i) => ({
    subject,
    units: whole[i]! + (up.has(i) ? 1 : 0),
    credit: rounded[i] ? clip(owed[i]! - (up.has(i) ? Number(SCALE) : 0)) : credit,
  }));

  function tie(i: number): Hex {
    return tieHash(task, claims[i]!.subject);
  }
}

/** What is left for the claims that can't be satisfied, and their weight: least demand for its weight is satisfied first. */
function waterLine(capacity: number, claims: readonly Claim[]): { rest: bigint; weight: bigint } {
  let rest = BigInt(capacity);
  let weight = claims.reduce((sum, claim) => sum + BigInt(claim.weight), 0n);
  const byNeed = claims.toSorted((a, b) =>
    Number(BigInt(a.demand) * BigInt(b.weight) - BigInt(b.demand) * BigInt(a.weight)),
  );
  for (const claim of byNeed) {
    if (isCut(claim, rest, weight)) break;
    rest -= BigInt(claim.demand);
    weight -= BigInt(claim.weight);
  }
  return { rest, weight };
}

/** Its weight's part of the rest is less than it demands. */
function isCut({ demand, weight }: Claim, rest: bigint, all: bigint): boolean {
  return BigInt(demand) * all > BigInt(weight) * rest;
}

function clip(credit: number): number {
  return Math.max(-MAX_CREDIT, Math.min(MAX_CREDIT, credit));
}

function checkClaims({ capacity, claims }: Allocation): void {
  const sound =
    Number.isInteger(capacity) &&
    capacity >= 1 &&
    capacity <= MAX_UNITS &&
    claims.length >= 1 &&
    claims.length <= MAX_SUBJECTS &&
    areRising(claims.map(({ subject }) => subject)) &&
    claims.every(({ weight }) => Number.isInteger(weight) && weight >= 1 && weight <= MAX_UNITS);
  if (sound) return;
  throw new QuorateError(
    "DECISION_CLAIMS",
    `an allocation has a capacity of 1 to ${MAX_UNITS} and 1 to ${MAX_SUBJECTS} different claims of weight 1 to ${MAX_UNITS}, not ` +
      `a capacity of ${capacity} and ${claims.length} claims like these`,
    { capacity, claims: claims.slice(0, 8) },
  );
}
