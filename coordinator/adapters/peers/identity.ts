import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import type { PeerId } from "../../ports/peer-transport.ts";

const DERIVATION = "quorate-network-key-v1";
/** RFC 8410: PKCS #8 of an Ed25519 key, and its SubjectPublicKeyInfo, up to the 32 bytes of the key. */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI_HEAD = Buffer.from("302a300506032b6570032100", "hex");
/** SEQUENCE { OID 1.3.101.112 }, the algorithm Ed25519. */
const ED25519 = Buffer.from("300506032b6570", "hex");
/** Name { CN = "quorate" }: nobody trusts the name, only the key. */
const NAME = Buffer.from("30123110300e06035504030c0771756f72617465", "hex");
/** From 2020 to 9999 (RFC 5280, 4.1.2.5: no well-defined end). */
const VALIDITY = tlv(
  0x30,
  tlv(0x17, Buffer.from("200101000000Z")),
  tlv(0x18, Buffer.from("99991231235959Z")),
);

export interface NetworkIdentity {
  readonly id: PeerId;
  /** PEM. */
  readonly key: string;
  /** Self-signed, PEM: a wrapping for the public key that TLS understands. */
  readonly certificate: string;
}

/** The Ed25519 identity that follows from a replica's or client's secret key, by a hash that tells nothing of it. */
export function networkIdentity(secretKey: Uint8Array): NetworkIdentity {
  const seed = createHash("sha256").update(DERIVATION).update(secretKey).digest();
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    id: spki.subarray(SPKI_HEAD.length).toString("hex"),
    key: String(key.export({ format: "pem", type: "pkcs8" })),
    certificate: new X509Certificate(selfSigned(key, spki)).toString(),
  };
}

/** The identity a certificate's key has; undefined if it is no Ed25519 key. TLS proves that the peer holds the key. */
export function identityOf(certificate: X509Certificate | undefined): PeerId | undefined {
  const spki = certificate?.publicKey.export({ format: "der", type: "spki" });
  if (spki?.length !== SPKI_HEAD.length + 32 || !spki.subarray(0, SPKI_HEAD.length).equals(SPKI_HEAD))
    return undefined;
  return spki.subarray(SPKI_HEAD.length).toString("hex");
}

/** X.509 v1 (RFC 5280): serial, algorithm, issuer, validity, subject, key; then the signature over it. */
function selfSigned(key: KeyObject, spki: Buffer): Buffer {
  const serial = Buffer.concat([Buffer.of(1), randomBytes(8)]);
  const content = tlv(0x30, tlv(0x02, serial), ED25519, NAME, VALIDITY, NAME, spki);
  return tlv(0x30, content, ED25519, tlv(0x03, Buffer.of(0), sign(null, content, key)));
}

/** DER: tag, length, value; values here are shorter than 64 KiB. */
function tlv(tag: number, ...parts: Buffer[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  const head =
    length < 128
      ? [tag, length]
      : length < 256
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from(head), value]);
}
