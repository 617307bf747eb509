import { QuorateError } from "../../protocol/errors.ts";

/** HTTP status by error code; the first pattern that fits decides. */
const STATUS_OF_CODE: readonly (readonly [RegExp, number])[] = [
  [/^UPLOAD_TIMEOUT$/, 408],
  [/^UPLOAD_LENGTH_REQUIRED$/, 411],
  [/_TOO_LARGE$/, 413],
  [/SIGNATURE|UNSIGNED/, 401],
  [/UNREGISTERED|STRANGER|FORBIDDEN|NOT_ACTIVE|UNKNOWN_(CLIENT|MINER)/, 403],
  [/_MISSING$|NOT_FOUND|UNKNOWN/, 404],
  [/^NOT_PRIMARY$|^NOT_YET$|CLOSED|DUPLICATE|REPLAYED|CONFLICT|WRONG_(ROUND|BASE)|TOO_MANY_UPDATES/, 409],
  [/^RATE_LIMITED$/, 429],
  [/_BUSY$|_UNAVAILABLE$|_UNWRITABLE$|^RPC_|^CHAIN_/, 503],
];

/** Any other error that the code knows is the asker's fault. */
const DEFAULT_STATUS = 400;

/** An answer that refuses: its status and JSON body. */
export interface Refusal {
  readonly status: number;
  readonly body: { readonly code: string; readonly message: string; readonly details: unknown };
}

/** How an error is told to the asker. Of an unexpected one nothing leaves but its code. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof QuorateError) {
    const { code, message, details } = error;
    return { status: statusOf(code), body: { code, message, details } };
  }
  const { statusCode } = error as { statusCode?: number };
  if (statusCode === 413) return refusal(413, "BODY_TOO_LARGE", "the body is larger than this route accepts");
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return refusal(400, "BAD_REQUEST", "the request is not usable: see docs/protocol.md for the routes");
  return refusal(500, "INTERNAL_ERROR", "the miner failed to answer; its log says why");
}

export function statusOf(code: string): number {
  return STATUS_OF_CODE.find(([pattern]) => pattern.test(code))?.[1] ?? DEFAULT_STATUS;
}

function refusal(status: number, code: string, message: string): Refusal {
  return { status, body: { code, message, details: {} } };
}
