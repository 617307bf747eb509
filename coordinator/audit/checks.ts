import { sameHex } from "../protocol/bytes.ts";
import { isQuorateError } from "../protocol/errors.ts";

/** One comparison of what was recomputed with what the chain or a file says. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was recomputed. */
  readonly expected: string;
  /** What the chain or the file says. */
  readonly actual: string;
  /** Why a check could not be made, or what it covers. */
  readonly detail: string;
}

type Value = string | number | bigint | boolean | null | undefined;

/** Collects checks. Nothing is skipped: what could not be checked is a check that failed, unless the contract made it. */
export interface Checks {
  /** Equality; hexadecimal values whatever their case. */
  equal(name: string, expected: Value, actual: Value, detail?: string): boolean;
  /** A condition; `detail` says what was found. */
  holds(name: string, ok: boolean, detail?: string): boolean;
  /** The result of a step; if it throws, a failed check of that name and undefined. */
  attempt<T>(name: string, step: () => Promise<T> | T): Promise<T | undefined>;
  /** Records that something could not be checked. */
  blocked(name: string, reason: string): undefined;
  /** Records what the contract checked before it told of it, and nobody can check again. */
  vouched(name: string, reason: string): void;
  readonly list: readonly Check[];
}

/** An empty collection; `onCheck` hears of each check as it is made. */
export function createChecks(onCheck?: (check: Check) => void): Checks {
  const list: Check[] = [];
  const add = (check: Check): boolean => {
    list.push(check);
    onCheck?.(check);
    return check.ok;
  };
  return {
    list,
    equal(name, expected, actual, detail = "") {
      const ok =
        typeof expected === "string" && typeof actual === "string"
          ? sameHex(expected, actual)
          : expected === actual;
      return add({ name, ok, expected: String(expected), actual: String(actual), detail });
    },
    holds: (name, ok, detail = "") => add({ name, ok, expected: "true", actual: String(ok), detail }),
    async attempt(name, step) {
      try {
        const value = await step();
        add({ name, ok: true, expected: "available", actual: "available", detail: "" });
        return value;
      } catch (error) {
        const actual = isQuorateError(error) ? error.code : "error";
        add({ name, ok: false, expected: "available", actual, detail: (error as Error).message });
        return undefined;
      }
    },
    blocked(name, reason) {
      add({ name, ok: false, expected: "checked", actual: "could not be checked", detail: reason });
      return undefined;
    },
    vouched(name, reason) {
      add({ name, ok: true, expected: "checked", actual: "checked by the contract", detail: reason });
    },
  };
}
