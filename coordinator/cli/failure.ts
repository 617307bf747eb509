import { CommanderError } from "commander";
import { isQuorateError } from "../protocol/errors.ts";
import { EXIT, type ExitCode, type Io, toJson } from "./io.ts";

/** Codes that say the command line or its files are wrong, not the operation. */
const USAGE_CODES = new Set([
  "USAGE",
  "COMMITTEE_MALFORMED",
  "COMMITTEE_STRANGER",
  "DEPLOYMENT_MISSING",
  "DEPLOYMENT_MALFORMED",
  "KEY_MISSING",
  "KEY_MALFORMED",
  "KEYSTORE_MISSING",
  "KEYSTORE_MALFORMED",
  "KEYSTORE_PASSWORD",
  "KEYSTORE_EXISTS",
]);

/**
 * Reports an error and says which exit code it deserves: `error CODE: message` on standard error, or with `json` one
 * object `{error: {code, message, details}}` on standard output. Stack traces appear only with QUORATE_DEBUG set.
 */
export function reportFailure(error: unknown, io: Io, json: boolean): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const known = isQuorateError(error);
  const code = known ? error.code : "UNEXPECTED";
  const message = error instanceof Error ? error.message : String(error);
  if (json) io.out(toJson({ error: { code, message, details: known ? error.details : {} } }));
  else io.err(`error ${code}: ${message}`);
  if (io.env.QUORATE_DEBUG && error instanceof Error && error.stack) io.err(error.stack);
  return USAGE_CODES.has(code) ? EXIT.usage : EXIT.failed;
}
