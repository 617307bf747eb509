// Opens a log in a process of its own and appends until it is killed or fails; prints each record's number once durable.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { openFileLog } from "../../../coordinator/adapters/replica-log/file-log.ts";
import { isQuorateError } from "../../../coordinator/protocol/errors.ts";

const RECORD_BYTES = 1_000;

/** Starts the process; with a limit, its files can't grow above so many blocks of 512 bytes (the error is EFBIG). */
export function startLogProcess(folder: string, fileBlocks: number | "unlimited"): ChildProcess {
  const command = `trap "" XFSZ; ulimit -f ${fileBlocks}; exec "$0" "$@"`;
  return spawn("sh", ["-c", command, process.execPath, fileURLToPath(import.meta.url), folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const log = await openFileLog(process.argv[2]!, 20 * RECORD_BYTES);
  try {
    for (let i = 0; ; i++) {
      const record = Buffer.alloc(RECORD_BYTES);
      record.writeUInt32LE(i);
      log.append(record);
      await log.flush();
      process.stdout.write(`${i}\n`);
    }
  } catch (error) {
    process.stdout.write(`${isQuorateError(error) ? error.code : String(error)}\n`);
  }
}
