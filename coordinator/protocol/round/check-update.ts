import { type Hex, sameHex } from "../bytes.ts";
import { QuorateError } from "../errors.ts";
import type { SignedUpdate } from "./references.ts";

/** Largest sample count the aggregation accepts: keeps fault proofs inside 256-bit integers. */
export const MAX_SAMPLE_COUNT = 2n ** 32n;

/** What an update must fit: the open round. */
export interface UpdateRound {
  readonly round: bigint;
  readonly openingHash: Hex;
  readonly baseRoot: Hex;
}

/** A client as registered at the round's opening. */
export interface RegisteredClient {
  readonly key: Hex;
  readonly active: boolean;
  readonly sampleCap: bigint;
}

/**
 * Checks that an update belongs to a round.
 * @throws QuorateError UPDATE_WRONG_ROUND, UPDATE_WRONG_BASE, UPDATE_SAMPLE_COUNT
 */
export function checkUpdateRound({ client, update }: SignedUpdate, round: UpdateRound): void {
  if (update.round !== round.round || !sameHex(update.openingHash, round.openingHash))
    throw new QuorateError(
      "UPDATE_WRONG_ROUND",
      `the update is for round ${update.round} (opening ${update.openingHash}), the open round is ${round.round} ` +
        `(opening ${round.openingHash}): sign it again for the open round`,
      { client, round: String(update.round), open: String(round.round) },
    );
  if (!sameHex(update.baseRoot, round.baseRoot))
    throw new QuorateError(
      "UPDATE_WRONG_BASE",
      `the update was trained from ${update.baseRoot}, round ${round.round} starts from ${round.baseRoot}: ` +
        "train from the round's base model",
      { client, baseRoot: update.baseRoot, expected: round.baseRoot },
    );
  if (update.sampleCount < 1n || update.sampleCount > MAX_SAMPLE_COUNT)
    throw new QuorateError(
      "UPDATE_SAMPLE_COUNT",
      `the update claims ${update.sampleCount} samples: expected 1 to ${MAX_SAMPLE_COUNT}`,
      { client, sampleCount: String(update.sampleCount) },
    );
}

/**
 * Checks an update's author.
 * @param recovered address that signed the update; undefined if the signature is malformed
 * @throws QuorateError UPDATE_UNKNOWN_CLIENT, UPDATE_OVER_CAP, UPDATE_BAD_SIGNATURE
 */
export function checkUpdateAuthor(
  { client, update }: SignedUpdate,
  registered: RegisteredClient | undefined,
  recovered: Hex | undefined,
): void {
  if (!registered?.active)
    throw new QuorateError(
      "UPDATE_UNKNOWN_CLIENT",
      `${client} is not registered as a client of this federation in this round`,
      { client },
    );
  if (!recovered || !sameHex(recovered, registered.key))
    throw new QuorateError(
      "UPDATE_BAD_SIGNATURE",
      `the update is not signed by ${registered.key}, the registered key of client ${client}`,
      { client, key: registered.key, recovered },
    );
  if (update.sampleCount > registered.sampleCap)
    throw new QuorateError(
      "UPDATE_OVER_CAP",
      `the update claims ${update.sampleCount} samples, client ${client} may claim at most ${registered.sampleCap}`,
      { client, sampleCount: String(update.sampleCount), cap: String(registered.sampleCap) },
    );
}
