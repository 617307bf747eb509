import type { MinerRecord, RoundView } from "../ports/chain.ts";
import type { InventoryMessage, ManifestMessage } from "../ports/transport.ts";
import { type Hex, sameHex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import { rankOf } from "../protocol/round/duties.ts";
import { decodeManifestFile } from "../protocol/round/manifest-file.ts";
import type { Inventory } from "../protocol/round/messages.ts";
import { canonicalUpdates, type SignedUpdate } from "../protocol/round/references.ts";
import { hashOf } from "./results.ts";
import type { MinerDeps } from "./types.ts";

/** The list in a manifest file; undefined if the file is not the record of that list. */
export function updatesIn(bytes: Uint8Array, updatesHash: Hex): readonly SignedUpdate[] | undefined {
  try {
    const { updates } = decodeManifestFile(bytes);
    return sameHex(hashOf(updates), updatesHash) ? updates : undefined;
  } catch (error) {
    if (error instanceof QuorateError) return undefined;
    throw error;
  }
}

/** Only the secondary asks, and only the primary answers. @throws QuorateError NOT_PRIMARY, INVENTORY_STRANGER */
export function checkRoles(
  deps: { readonly miner: Hex },
  view: RoundView,
  { round, sender }: { readonly round: bigint; readonly sender: Hex },
): void {
  if (round !== view.round || rankOf(view, deps.miner) !== 0)
    throw new QuorateError("NOT_PRIMARY", `${deps.miner} is not the primary of round ${round}`, {
      round: String(round),
      open: String(view.round),
    });
  if (rankOf(view, sender) !== 1)
    throw new QuorateError("INVENTORY_STRANGER", `${sender} is not the secondary of round ${round}`, {
      round: String(round),
      sender,
    });
}

/** @throws QuorateError INVENTORY_BAD_SIGNATURE */
export function checkInventory(
  deps: Pick<MinerDeps, "recoverer" | "federation">,
  view: RoundView,
  {
    inventory,
    secondary,
  }: { readonly inventory: InventoryMessage; readonly secondary: MinerRecord | undefined },
): void {
  const message: Inventory = {
    round: view.round,
    openingHash: view.openingHash,
    updatesHash: hashOf(inventory.updates),
  };
  const { domain } = deps.federation.federation;
  const signer = deps.recoverer.recover(domain, "Inventory", message, inventory.signature);
  if (!secondary || !signer || !sameHex(signer, secondary.key))
    throw new QuorateError(
      "INVENTORY_BAD_SIGNATURE",
      `the inventory is not signed by the voting key of ${inventory.miner}`,
      { sender: inventory.miner },
    );
}

/** Notes what the primary signed, whatever list it is. @throws QuorateError MANIFEST_BAD_SIGNATURE */
export function checkManifest(
  deps: Pick<MinerDeps, "recoverer" | "federation" | "evidence">,
  view: RoundView,
  { answer, primary }: { readonly answer: ManifestMessage; readonly primary: MinerRecord },
): void {
  const message = { round: view.round, openingHash: view.openingHash, updatesHash: hashOf(answer.updates) };
  const { domain } = deps.federation.federation;
  const signer = deps.recoverer.recover(domain, "Manifest", message, answer.signature);
  const canonical = hashOf(canonicalUpdates(answer.updates)) === message.updatesHash;
  const signed = signer !== undefined && sameHex(signer, primary.key);
  if (signed)
    deps.evidence?.note({ signer, signed: { kind: "Manifest", message, signature: answer.signature } });
  if (!signed || !canonical)
    throw new QuorateError(
      "MANIFEST_BAD_SIGNATURE",
      `the manifest is not a canonical list signed by the voting key of ${primary.miner}`,
      { primary: primary.miner, canonical },
    );
}

/** The answer of a primary that still collects. */
export function notYet(view: RoundView): QuorateError {
  return new QuorateError("NOT_YET", `the primary still collects updates of round ${view.round}`, {
    round: String(view.round),
  });
}
