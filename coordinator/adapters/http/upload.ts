import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { QuorateError } from "../../protocol/errors.ts";
import type { SignedUpdate } from "../../protocol/round/references.ts";
import { decodeText, signedUpdate } from "./codec.ts";
import type { Refusal } from "./status.ts";

/** Header that carries a signed update, as JSON in base64url; the model is the body. */
export const UPDATE_HEADER = "quorate-update";

/** After a refusal the rest of a body is read and thrown away for so long, else the asker sees a reset, no answer. */
const LINGER_MS = 2_000;

/** @throws QuorateError BAD_REQUEST */
export function updateOf(headers: IncomingHttpHeaders): SignedUpdate {
  const header = headers[UPDATE_HEADER];
  if (typeof header !== "string" || !/^[A-Za-z0-9_-]+$/.test(header))
    throw new QuorateError(
      "BAD_REQUEST",
      `header ${UPDATE_HEADER}: expected the signed update as JSON in base64url`,
      { what: UPDATE_HEADER },
    );
  return decodeText(signedUpdate, Buffer.from(header, "base64url").toString("utf8"), UPDATE_HEADER);
}

/**
 * The announced size of an upload, in bytes.
 * @throws QuorateError UPLOAD_LENGTH_REQUIRED, UPLOAD_TOO_LARGE
 */
export function announcedLength(headers: IncomingHttpHeaders, maxBytes: number): number {
  const text = headers["content-length"] ?? "";
  if (!/^[0-9]{1,15}$/.test(text))
    throw new QuorateError("UPLOAD_LENGTH_REQUIRED", "an upload must announce its size in content-length");
  const length = Number(text);
  if (length > maxBytes)
    throw new QuorateError(
      "UPLOAD_TOO_LARGE",
      `the upload of ${length} bytes exceeds ${maxBytes} bytes: a model of this federation is smaller`,
      { length, maxBytes },
    );
  return length;
}

/**
 * Reads a body of exactly `length` bytes.
 * @throws QuorateError UPLOAD_TRUNCATED if the connection ends early, UPLOAD_TIMEOUT
 */
export function readBody(body: IncomingMessage, length: number, timeoutMs: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const bytes = new Uint8Array(length);
    let at = 0;
    const finish = (error?: QuorateError): void => {
      clearTimeout(timer);
      body.off("data", onData).off("end", onEnd).off("close", onClose);
      if (error) reject(error);
      else resolve(bytes);
    };
    const truncated = (): QuorateError =>
      new QuorateError("UPLOAD_TRUNCATED", `the upload ended after ${at} of ${length} bytes: send it again`, {
        received: at,
        length,
      });
    const onData = (chunk: Buffer): void => {
      if (at + chunk.length > length) {
        finish(truncated());
        return;
      }
      bytes.set(chunk, at);
      at += chunk.length;
    };
    const onEnd = (): void => finish(at === length ? undefined : truncated());
    const onClose = (): void => finish(truncated());
    const timer = setTimeout(() => {
      const message = `the upload had ${at} of ${length} bytes after ${timeoutMs} ms: send it faster`;
      finish(new QuorateError("UPLOAD_TIMEOUT", message, { received: at, length, timeoutMs }));
    }, timeoutMs);
    body.on("data", onData).on("end", onEnd).on("close", onClose);
    body.on("error", () => {});
  });
}

/** Answers while the body is still coming, and closes the connection. */
export async function refuseUnread(
  request: IncomingMessage,
  response: ServerResponse,
  refusal: Refusal,
): Promise<void> {
  const body = Buffer.from(JSON.stringify(refusal.body));
  response.writeHead(refusal.status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": body.length,
    connection: "close",
  });
  response.write(body);
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, LINGER_MS);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    request.on("error", done).once("end", done).once("close", done).resume();
  });
  response.end();
  request.socket.destroySoon();
}
