import { writeFile } from "node:fs/promises";
import type { SubmittedUpdate } from "../../client/submit-update.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { toJson } from "../io.ts";

export const RECEIPTS_FORMAT = "quorate-receipts";

/**
 * Keeps the miners' receipts: with them a client proves that a miner left it out.
 * @throws QuorateError RECEIPTS_UNWRITABLE
 */
export async function writeReceipts(path: string, submitted: SubmittedUpdate): Promise<void> {
  const { round, openingHash, client, modelRoot, acknowledged } = submitted;
  const receipts = acknowledged.map(({ miner, signature }) => ({ miner, signature }));
  const file = toJson({
    format: RECEIPTS_FORMAT,
    version: 1,
    round,
    openingHash,
    client,
    modelRoot,
    receipts,
  });
  await writeFile(path, `${file}\n`).catch((cause) => {
    throw new QuorateError(
      "RECEIPTS_UNWRITABLE",
      `the update was acknowledged, but ${path} can't be written: ${(cause as Error).message}`,
      { path },
      { cause },
    );
  });
}
