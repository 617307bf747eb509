import type { Journal, SignedEntry } from "../ports/journal.ts";
import type { Signer } from "../ports/signer.ts";
import type { Hex } from "../protocol/bytes.ts";
import { QuorateError } from "../protocol/errors.ts";
import { keepsReceipt } from "../protocol/faults/receipt.ts";
import {
  messageFromJson,
  messageToJson,
  signedUpdateFromJson,
  signedUpdateToJson,
} from "../protocol/round/message-json.ts";
import {
  type Candidate,
  type Domain,
  type Inventory,
  type Manifest,
  type MessageKind,
  type Messages,
  messageDigest,
  REASON,
  type Receipt,
  type Vote,
} from "../protocol/round/messages.ts";
import { referenceOf, type SignedUpdate, signatureHash } from "../protocol/round/references.ts";
import { silenceEntry, silenceSlot } from "../protocol/round/silence.ts";
import { createLocks } from "./concurrency.ts";
import { closedError } from "./update-checks.ts";

/** A message of this miner with its signature. */
export interface Signed<K extends MessageKind> {
  readonly message: Messages[K];
  readonly signature: Hex;
}

/** A round by what makes it unique: after a reorg the same number may have another opening. */
export interface RoundKey {
  readonly round: bigint;
  readonly openingHash: Hex;
}

/**
 * The only place that signs. Each slot is signed once: whoever asks again, after a restart too, gets the message and
 * signature of the first time, so callers go on with what they get, not with what they asked for.
 */
export interface SigningRoom {
  /** A promise to list the client. @throws QuorateError UPDATE_CLOSED once the round's manifest is signed */
  receipt(signed: SignedUpdate): Promise<Signed<"Receipt">>;
  inventory(inventory: Inventory): Promise<Signed<"Inventory">>;
  /** @throws QuorateError RECEIPT_BROKEN if the list leaves out a client this miner acknowledged */
  manifest(
    manifest: Manifest,
    updates: readonly SignedUpdate[],
  ): Promise<Signed<"Manifest"> & { readonly updates: readonly SignedUpdate[] }>;
  candidate(candidate: Candidate): Promise<Signed<"Candidate">>;
  /** A second call replaces a no for withheld data by a yes, once; any other second vote returns the first. */
  vote(vote: Vote): Promise<Signed<"Vote">>;
  /**
   * Promises to sign no manifest, candidate or vote in a round; without one, notes that this key signed nothing before.
   * For an empty journal: whatever this key signed before is not known.
   */
  keepSilent(round?: RoundKey): Promise<void>;
  isSilent(round: RoundKey): boolean;
  /** What was signed before, without signing. */
  signedManifest(
    key: RoundKey,
  ): (Signed<"Manifest"> & { readonly updates: readonly SignedUpdate[] }) | undefined;
  signedCandidate(key: RoundKey): Signed<"Candidate"> | undefined;
  signedVote(key: RoundKey, candidate: Hex): Signed<"Vote"> | undefined;
  /** Updates acknowledged in a round, with their receipts. */
  receipts(key: RoundKey): readonly (Signed<"Receipt"> & { readonly update: SignedUpdate })[];
  /** Updates acknowledged in a round, whatever its opening. */
  updatesOf(round: bigint): readonly SignedUpdate[];
}

export function createSigningRoom(deps: {
  readonly journal: Journal;
  readonly signer: Signer;
  readonly domain: Domain;
}): SigningRoom {
  const { journal, signer, domain } = deps;
  const locks = createLocks();

  const isSilent = (key: RoundKey) => journal.signed(silenceSlot(key)) !== undefined;

  const signOnce = <K extends MessageKind>(
    kind: K,
    slot: string,
    content: { readonly message: Messages[K]; readonly context?: Readonly<Record<string, unknown>> },
  ): Promise<SignedEntry> =>
    locks.run(slot, async () => {
      const held = journal.signed(slot);
      if (held) return held;
      const { message, context } = content;
      if (ONCE.includes(kind) && isSilent(message)) throw forsworn(message);
      const signature = await signer.sign(domain, kind, message);
      const entry: SignedEntry = {
        kind,
        slot,
        digest: messageDigest(domain, kind, message),
        signature,
        message: messageToJson(kind, message),
        ...(context && { context }),
      };
      await journal.append(entry);
      return entry;
    });

  const voteOf = (key: RoundKey, candidate: Hex): Signed<"Vote"> | undefined => {
    const slot = slotOf(key, "Vote", candidate);
    const entry = journal.signed(`${slot}:again`) ?? journal.signed(slot);
    return entry && read("Vote", entry);
  };

  /** In a round, whatever its opening if none is given. */
  const acknowledged = (round: bigint, openingHash?: Hex) =>
    journal
      .entriesOf(round)
      .filter(
        ({ kind, slot }) =>
          kind === "Receipt" &&
          (!openingHash || slot.startsWith(slotOf({ round, openingHash }, "Receipt", ""))),
      )
      .map((entry) => ({ ...read("Receipt", entry), update: signedUpdateFromJson(entry.context?.update) }));

  return {
    async receipt(signed) {
      const { round, openingHash, modelRoot } = signed.update;
      const message: Receipt = { round, openingHash, client: signed.client, modelRoot };
      // The signature hash keeps two updates of one model apart: each is evidence.
      const slot = slotOf(signed.update, "Receipt", `${signed.client}:${signatureHash(signed.signature)}`);
      const context = { update: signedUpdateToJson(signed) };
      const sign = async () => {
        // Who signs a receipt after the list is signed has promised what it can't keep.
        const late = !journal.signed(slot) && journal.signed(slotOf(signed.update, "Manifest"));
        if (late) throw closedError(signed);
        return read("Receipt", await signOnce("Receipt", slot, { message, context }));
      };
      return locks.run(promises(signed.update), sign);
    },
    async inventory(message) {
      const slot = slotOf(message, "Inventory", message.updatesHash);
      return read("Inventory", await signOnce("Inventory", slot, { message }));
    },
    async manifest(message, updates) {
      const context = { updates: updates.map(signedUpdateToJson) };
      const slot = slotOf(message, "Manifest");
      return locks.run(promises(message), async () => {
        const references = updates.map(referenceOf);
        const broken = acknowledged(message.round, message.openingHash).find(
          (receipt) => !keepsReceipt(references, receipt.message),
        );
        if (broken && !journal.signed(slot)) throw brokenReceipt(broken.message);
        return readManifest(await signOnce("Manifest", slot, { message, context }));
      });
    },
    async candidate(message) {
      return read("Candidate", await signOnce("Candidate", slotOf(message, "Candidate"), { message }));
    },
    vote: (message) =>
      locks.run(`vote:${message.candidate}`, async () => {
        const held = voteOf(message, message.candidate);
        const replaces = held && isWithheldNo(held.message) && message.support;
        if (held && !replaces) return held;
        const slot = slotOf(message, "Vote", message.candidate);
        return read("Vote", await signOnce("Vote", replaces ? `${slot}:again` : slot, { message }));
      }),
    signedManifest(key) {
      const entry = journal.signed(slotOf(key, "Manifest"));
      return entry && readManifest(entry);
    },
    signedCandidate(key) {
      const entry = journal.signed(slotOf(key, "Candidate"));
      return entry && read("Candidate", entry);
    },
    keepSilent: (round) => journal.append(silenceEntry(round)),
    isSilent,
    signedVote: voteOf,
    receipts: ({ round, openingHash }) => acknowledged(round, openingHash),
    updatesOf: (round) => acknowledged(round).map(({ update }) => update),
  };
}

/** Of these a second one is a fault. */
const ONCE: readonly MessageKind[] = ["Manifest", "Candidate", "Vote"];

/** The answer to whoever asks for a signature in a round in which this miner may have signed already. */
export function forsworn({ round }: RoundKey): QuorateError {
  return new QuorateError(
    "ROUND_FORSWORN",
    `this miner signs nothing in round ${round}: it lost its journal while the round was open, and a second signature is slashed`,
    { round: String(round) },
  );
}

/** Receipts and the manifest of a round wait for each other: each is signed knowing the other. */
function promises({ round, openingHash }: RoundKey): string {
  return `promises:${round}:${openingHash.toLowerCase()}`;
}

function brokenReceipt({ round, client, modelRoot }: Receipt): QuorateError {
  return new QuorateError(
    "RECEIPT_BROKEN",
    `the list for round ${round} leaves out client ${client}, whose update ${modelRoot} this miner acknowledged: signing it would cost stake`,
    { round: String(round), client, modelRoot },
  );
}

/** True for the one kind of vote its author may replace. */
export function isWithheldNo(vote: Vote): boolean {
  return !vote.support && vote.reason === REASON.withheld;
}

function slotOf(key: RoundKey, kind: MessageKind, detail?: string): string {
  const name = `${key.round}:${key.openingHash}:${kind}${detail === undefined ? "" : `:${detail}`}`;
  return name.toLowerCase();
}

function read<K extends MessageKind>(kind: K, entry: SignedEntry): Signed<K> {
  return { message: messageFromJson(kind, entry.message), signature: entry.signature };
}

function readManifest(
  entry: SignedEntry,
): Signed<"Manifest"> & { readonly updates: readonly SignedUpdate[] } {
  const updates = ((entry.context?.updates ?? []) as readonly unknown[]).map(signedUpdateFromJson);
  return { ...read("Manifest", entry), updates };
}
