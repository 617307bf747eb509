import { computeAddress, Signature, SigningKey } from "ethers";
import type { Recoverer } from "../../ports/signer.ts";
import type { Hex } from "../../protocol/bytes.ts";
import { messageDigest } from "../../protocol/round/messages.ts";

/** Order of secp256k1 (SEC 2, section 2.4.1). */
const ORDER = 0xffff_ffff_ffff_ffff_ffff_ffff_ffff_fffe_baae_dce6_af48_a03b_bfd2_5e8c_d036_4141n;
/** Bit 255 of the second word holds the parity of y (EIP-2098). */
const PARITY_BIT = 1n << 255n;

/**
 * Recovers signers of protocol messages. Only the canonical form counts, as on chain: 64 bytes r ‖ vs, s in the lower
 * half (EIP-2), so that one signature has one encoding and one hash.
 */
export function createRecoverer(): Recoverer {
  return {
    recover(domain, kind, message, signature) {
      if (!isCanonical(signature)) return undefined;
      try {
        const key = SigningKey.recoverPublicKey(
          messageDigest(domain, kind, message),
          Signature.from(signature),
        );
        return computeAddress(key) as Hex;
      } catch {
        // r is not the x of a point, or the point at infinity would be the key: nobody's signature.
        return undefined;
      }
    },
  };
}

function isCanonical(signature: string): boolean {
  if (!/^0x[0-9a-fA-F]{128}$/.test(signature)) return false;
  const r = BigInt(signature.slice(0, 66));
  const vs = BigInt(`0x${signature.slice(66)}`);
  const s = vs & ~PARITY_BIT;
  return r > 0n && r < ORDER && s > 0n && s <= ORDER / 2n;
}
