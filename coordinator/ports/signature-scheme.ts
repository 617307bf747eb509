/**
 * Signatures of replicas over 32-byte digests. Deterministic: the same key and digest give the same bytes. An invalid or
 * malformed public key or signature makes a verification false, never an exception. A digest of another length than 32 is
 * a caller's mistake: DIGEST_LENGTH from `sign`, false from a verification.
 */
export interface SignatureScheme {
  readonly name: "secp256k1" | "bls";
  /** 33 (secp256k1, compressed) or 48 (BLS12-381 G1, compressed). */
  readonly publicKeyBytes: number;
  /** 64 (r ‖ s, s in the lower half) or 96 (G2, compressed). */
  readonly signatureBytes: number;
  /** @throws QuorateError SECRET_KEY_MALFORMED */
  publicKeyOf(secretKey: Uint8Array): Uint8Array;
  /** @throws QuorateError SECRET_KEY_MALFORMED, DIGEST_LENGTH */
  sign(secretKey: Uint8Array, digest: Uint8Array): Uint8Array;
  verify(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean;
  /**
   * Signs the own public key, in a form no digest has. A key that entered a configuration without a verified proof must not
   * be given to `verifyAggregate`: with BLS its owner could have made it from the others' keys and sign for all of them.
   * @throws QuorateError SECRET_KEY_MALFORMED
   */
  provePossession(secretKey: Uint8Array): Uint8Array;
  verifyPossession(publicKey: Uint8Array, proof: Uint8Array): boolean;
  /**
   * One value that stands for signatures of several keys, in the order of the keys: a concatenation (secp256k1) or one
   * aggregate (BLS). All over the same digest, or each over its own.
   * @throws QuorateError SIGNATURE_MALFORMED: one is not even the encoding of a signature, or there are none
   */
  aggregate(signatures: readonly Uint8Array[]): Uint8Array;
  /** That a key occurs once is the caller's to check (a bitmap of members can't name one twice); no key at all is false. */
  verifyAggregate(
    publicKeys: readonly Uint8Array[],
    digests: Uint8Array | readonly Uint8Array[],
    aggregate: Uint8Array,
  ): boolean;
}
