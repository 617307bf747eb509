import { abiWords, type Hex, sameHex, toHex } from "../bytes.ts";
import { MESSAGE_TYPES, type Messages, REASON, structHash, type Vote } from "../round/messages.ts";

/** Messages of which a key may sign one: a round, or, for votes, a candidate. By position IFaultProofs.Message. */
const KINDS = ["Candidate", "Manifest", "Vote"] as const;
export type OnceKind = (typeof KINDS)[number];

/** A message that excludes another one, and its 64-byte compact signature. */
export type SignedOnce = {
  readonly [K in OnceKind]: { readonly kind: K; readonly message: Messages[K]; readonly signature: Hex };
}[OnceKind];

/** What `FaultProofs.proveDoubleSignature` takes; see IFaultProofs.DoubleSignature. */
export interface ContradictionProof {
  readonly kind: number;
  readonly round: bigint;
  readonly openingHash: Hex;
  /** The ABI words that follow round and opening hash in the signed type. */
  readonly firstBody: Hex;
  readonly secondBody: Hex;
  readonly first: Hex;
  readonly second: Hex;
}

/** What a key may sign one message for. */
export function slotOfOnce({ kind, message }: SignedOnce): string {
  const about = kind === "Vote" ? message.candidate : "";
  return `${message.round} ${message.openingHash} ${kind} ${about}`.toLowerCase();
}

/** Whether one key must not have signed both: two messages for one slot, but for the one change of a vote that is allowed. */
export function contradict(a: SignedOnce, b: SignedOnce): boolean {
  if (slotOfOnce(a) !== slotOfOnce(b) || sameHex(hashOf(a), hashOf(b))) return false;
  if (a.kind !== "Vote" || b.kind !== "Vote") return true;
  return !replaces(a.message, b.message) && !replaces(b.message, a.message);
}

/** Both messages as the contract takes them. */
export function contradictionProof(first: SignedOnce, second: SignedOnce): ContradictionProof {
  const { round, openingHash } = first.message;
  return {
    kind: KINDS.indexOf(first.kind),
    round,
    openingHash,
    firstBody: bodyOf(first),
    secondBody: bodyOf(second),
    first: first.signature,
    second: second.signature,
  };
}

/** A no about withheld data may become a yes. */
function replaces(no: Vote, yes: Vote): boolean {
  return !no.support && no.reason === REASON.withheld && yes.support;
}

function hashOf({ kind, message }: SignedOnce): Hex {
  return structHash(kind, message);
}

/** All fields but the first two, round and opening hash: one word each. */
function bodyOf({ kind, message }: SignedOnce): Hex {
  const values = message as unknown as Record<string, Hex | bigint | number | boolean>;
  const fields = MESSAGE_TYPES[kind].slice(2);
  return toHex(abiWords(fields.map(({ name }) => values[name]!)));
}
