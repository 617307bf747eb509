import type { Hex } from "../protocol/bytes.ts";
import type { Domain, MessageKind, Messages } from "../protocol/round/messages.ts";

/** Holds one key. Only the node's signing room, which journals first, calls {@link Signer.sign}. */
export interface Signer {
  /** Address of the key. */
  readonly address: Hex;
  /** 64-byte compact EIP-712 signature (EIP-2098), deterministic (RFC 6979). */
  sign<K extends MessageKind>(domain: Domain, kind: K, message: Messages[K]): Promise<Hex>;
}

/** Recovers the signing address; undefined if the signature is malformed or not canonical (high s). */
export interface Recoverer {
  recover<K extends MessageKind>(
    domain: Domain,
    kind: K,
    message: Messages[K],
    signature: Hex,
  ): Hex | undefined;
}
