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

/** True if `error` is a {@link QuorateError}, with the given code if one is named. */
export function isQuorateError(error: unknown, code?: string): error is QuorateError {
  return error instanceof QuorateError && (code === undefined || error.code === code);
}
