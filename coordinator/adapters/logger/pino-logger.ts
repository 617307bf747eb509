import { type DestinationStream, destination, pino, stdSerializers } from "pino";
import type { Logger } from "../../ports/logger.ts";

/** Names of fields that could hold a secret, at the top and one level down: their values never reach a log. */
const SECRETS = ["password", "privateKey", "secret", "mnemonic", "keystore", "authorization"];

/**
 * JSON lines, by default on standard error, so that standard output stays free for a command's own output. Wide
 * integers are written as decimal strings.
 */
export function createPinoLogger(
  options: {
    /** trace, debug, info, warn, error, silent; default info. */
    readonly level?: string | undefined;
    /** Which part speaks. */
    readonly name?: string;
    /** Append to this file instead. */
    readonly file?: string;
    /** Write here instead; for tests. */
    readonly stream?: DestinationStream;
  } = {},
): Logger {
  const { level = "info", name, file, stream } = options;
  const target =
    stream ?? destination(file ? { dest: file, mkdir: true, sync: false } : { dest: 2, sync: true });
  const log = pino(
    {
      level,
      ...(name && { name }),
      base: { ...(name && { name }) },
      redact: { paths: SECRETS.flatMap((field) => [field, `*.${field}`]), censor: "[secret]" },
      serializers: { error: serializeError, err: serializeError },
    },
    target,
  );
  const write =
    (at: "debug" | "info" | "warn" | "error"): Logger["info"] =>
    (fields, message) =>
      log[at](plain(fields), message);
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

/** JSON knows no bigint. */
function plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === "bigint" ? String(value) : value]),
  );
}

/** Code, message and stack; not the details, which may be large or hold what the message leaves out. */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as { code?: unknown };
  const { type, message, stack } = stdSerializers.err(error);
  return { type, ...(code !== undefined && { code }), message, stack };
}
