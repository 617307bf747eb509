/** Values an error may carry: what was wrong, in a form a program can read. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

/**
 * An error that is data: a stable `code` for programs and tests, typed `details`, and a message for people that
 * says what was wrong, with which value, and what to do.
 */
export class QuorateError extends Error {
  readonly code: string;
  readonly details: ErrorDetails;

  constructor(code: string, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = "QuorateError";
    this.code = code;
    this.details = details;
  }
}

/** What another node answered with: code and words are its choice. */
export class RemoteRefusal extends QuorateError {}

/** Answers of other nodes that are counted by name. */
const COUNTED_REFUSALS = ["NOT_YET", "RATE_LIMITED", "SERVER_BUSY"];

/** The code under which an error is counted: nobody else may make up names for this node's metrics. */
export function countedCode(error: unknown): string {
  if (!(error instanceof QuorateError)) return "INTERNAL";
  if (error instanceof RemoteRefusal && !COUNTED_REFUSALS.includes(error.code)) return "REFUSED";
  return error.code;
}

/** True if `error` is a {@link QuorateError}, with the given code if one is named. */
export function isQuorateError(error: unknown, code?: string): error is QuorateError {
  return error instanceof QuorateError && (code === undefined || error.code === code);
}
