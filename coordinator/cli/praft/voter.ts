import type { SignatureScheme } from "../../ports/signature-scheme.ts";

/** How the members of a committee sign what goes into certificates; secp256k1 if its file does not say. */
export type VoteScheme = SignatureScheme["name"];

/** A member's hand in votes. */
export interface Voter {
  readonly scheme: SignatureScheme;
  readonly secretKey: Uint8Array;
}

/** @param secretKey of the member's account: with secp256k1 it signs votes itself, a BLS key follows from it */
export async function openVoter(name: VoteScheme, secretKey: Uint8Array): Promise<Voter> {
  if (name === "bls") {
    const { blsSecretKey, createBlsScheme } = await import("../../adapters/signatures/bls.ts");
    return { scheme: createBlsScheme(), secretKey: blsSecretKey(secretKey) };
  }
  const { createSecp256k1Scheme } = await import("../../adapters/signatures/secp256k1.ts");
  return { scheme: createSecp256k1Scheme(), secretKey };
}
