import type { ChainReader, ClientRecord, RoundView } from "../ports/chain.ts";
import { compareHex, type Hex } from "../protocol/bytes.ts";
import { isQuorateError, QuorateError } from "../protocol/errors.ts";
import type { SignedUpdate } from "../protocol/round/references.ts";
import { readModel } from "../protocol/round/stored-files.ts";
import { roundName } from "./round-watch.ts";
import type { MinerDeps } from "./types.ts";

/**
 * Checks a model against the update that names it.
 * @throws QuorateError UPDATE_ROOT_MISMATCH, MODEL_*
 */
export function checkModel(
  signed: SignedUpdate,
  bytes: Uint8Array,
  { federation, sha256 }: Pick<MinerDeps, "federation" | "sha256">,
): void {
  try {
    readModel(bytes, signed.update.modelRoot, federation.genesis, sha256);
  } catch (error) {
    if (!isQuorateError(error, "MODEL_ROOT_MISMATCH")) throw error;
    throw new QuorateError("UPDATE_ROOT_MISMATCH", `the update signs another model: ${error.message}`, {
      client: signed.client,
      ...error.details,
    });
  }
}

/**
 * Registrations change at openings only, so what a round knows of its clients stays true for the round: they are read once,
 * and a stranger costs nothing.
 */
export function createClientCache({ chain }: { readonly chain: Pick<ChainReader, "clients"> }) {
  let round = "";
  let known: Promise<ReadonlyMap<string, ClientRecord>> | undefined;
  const read = async () =>
    new Map((await chain.clients()).map((record) => [record.client.toLowerCase(), record] as const));
  return async (client: Hex, view: RoundView): Promise<ClientRecord | undefined> => {
    if (round !== roundName(view)) known = undefined;
    round = roundName(view);
    known ??= read();
    const reading = known;
    try {
      return (await reading).get(client.toLowerCase());
    } catch (error) {
      if (known === reading) known = undefined;
      throw error;
    }
  };
}

export function closedError({ client, update }: SignedUpdate): QuorateError {
  return new QuorateError(
    "UPDATE_CLOSED",
    `round ${update.round} no longer collects updates here: send one for the next round`,
    { client, round: String(update.round) },
  );
}

export function limitError({ client, update }: SignedUpdate, held: readonly SignedUpdate[]): QuorateError {
  const roots = held.map((other) => other.update.modelRoot).sort(compareHex);
  return new QuorateError(
    "UPDATE_LIMIT",
    `client ${client} already sent ${held.length} different updates in round ${update.round}; ${roots[0]} counts`,
    { client, round: String(update.round), held: roots, counts: roots[0] },
  );
}
