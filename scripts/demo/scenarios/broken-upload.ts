import { connect } from "node:net";
import { signedUpdateToJson } from "../../../coordinator/protocol/round/message-json.ts";
import type { SignedUpdate } from "../../../coordinator/protocol/round/references.ts";

/** Announces a whole model, sends its first thousand bytes and hangs up. Resolves when the connection is closed. */
export function breakOffUpload(endpoint: string, signed: SignedUpdate, model: Uint8Array): Promise<void> {
  const header = Buffer.from(JSON.stringify(signedUpdateToJson(signed))).toString("base64url");
  const lines = [
    "POST /v1/updates HTTP/1.1",
    "host: 127.0.0.1",
    "content-type: application/octet-stream",
    `quorate-update: ${header}`,
    `content-length: ${model.length}`,
  ];
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(endpoint).port), "127.0.0.1", () => {
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      socket.end(model.subarray(0, 1_000));
    });
    socket.on("error", () => resolve()).on("close", () => resolve());
    socket.resume();
  });
}
