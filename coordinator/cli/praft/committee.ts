import { readFile } from "node:fs/promises";
import type { Address } from "../../adapters/peers/tls.ts";
import type { PeerId } from "../../ports/peer-transport.ts";
import { fromHex, type Hex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { type Config, committeeOf, type Member } from "../../protocol/praft/config.ts";
import type { VoteScheme } from "./voter.ts";

/** What a committee file says: who orders, with what weight, and where each is found. */
export interface CommitteeFile {
  readonly config: Config;
  readonly addresses: ReadonlyMap<PeerId, Address>;
  /** How members and clients connect; all in the same way. */
  readonly transport: "tls" | "libp2p";
  readonly scheme: VoteScheme;
}

/** Bytes of a vote key. */
const KEY_BYTES = { secp256k1: 33, bls: 48 } as const;

/**
 * Reads `{groupId, epoch, members: [{id, voteKey, weight, address: "host:port", possession?}], transport?, scheme?}`; `quorate praft
 * identity` prints a member. BLS keys come with a proof that their owner has the secret: one made from the others' keys would sign for all.
 * @throws QuorateError COMMITTEE_MALFORMED, COMMITTEE_POSSESSION, PRAFT_CONFIG
 */
export async function readCommittee(file: string): Promise<CommitteeFile> {
  const content = await readFile(file, "utf8").catch((cause: Error) => {
    throw malformed(file, cause.message);
  });
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch (cause) {
    throw malformed(file, (cause as Error).message);
  }
  const {
    groupId,
    epoch,
    members,
    transport = "tls",
    scheme = "secp256k1",
  } = record(file, parsed, "the file");
  if (!Array.isArray(members)) throw malformed(file, "members is no list");
  if (!Number.isSafeInteger(epoch) || (epoch as number) < 0)
    throw malformed(file, `epoch is ${String(epoch)}`);
  if (transport !== "tls" && transport !== "libp2p")
    throw malformed(file, `transport is ${String(transport)}, neither tls nor libp2p`);
  if (scheme !== "secp256k1" && scheme !== "bls")
    throw malformed(file, `scheme is ${String(scheme)}, neither secp256k1 nor bls`);
  const all = members.map((member) => memberOf(file, member, KEY_BYTES[scheme]));
  if (scheme === "bls") await assertPossession(file, members, all);
  const config: Config = { groupId: String(groupId) as Hex, epoch: epoch as number, members: all };
  committeeOf(config);
  return { config, addresses: new Map(all.map(({ id, address }) => [id, address])), transport, scheme };
}

async function assertPossession(file: string, entries: readonly unknown[], members: readonly Member[]) {
  const { createBlsScheme } = await import("../../adapters/signatures/bls.ts");
  const scheme = createBlsScheme();
  for (const [i, { id, voteKey }] of members.entries()) {
    const { possession } = record(file, entries[i], "a member");
    if (typeof possession === "string" && scheme.verifyPossession(voteKey, fromHex(possession, 96))) continue;
    throw new QuorateError(
      "COMMITTEE_POSSESSION",
      `${file}: member ${id} has no proof that it owns its vote key: take what praft identity --scheme bls prints`,
      { id },
    );
  }
}

function memberOf(file: string, value: unknown, keyBytes: number) {
  const { id, voteKey, weight, address } = record(file, value, "a member");
  if (typeof id !== "string" || !/^[0-9a-f]{64}$/.test(id))
    throw malformed(file, `the member id ${String(id)} is not 64 lower-case hexadecimal digits`);
  if (typeof voteKey !== "string" || typeof address !== "string")
    throw malformed(file, `member ${id} has no voteKey or no address`);
  return { id, voteKey: fromHex(voteKey, keyBytes), weight: Number(weight), address: parseHostPort(address) };
}

/** `host:port`, an IPv6 host in brackets. @throws QuorateError COMMITTEE_MALFORMED */
export function parseHostPort(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+)):([0-9]{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) throw malformed(text, "an address is host:port");
  return { host: (match[1] ?? match[2])!, port };
}

function record(file: string, value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw malformed(file, `${what} is no object`);
  return value as Record<string, unknown>;
}

function malformed(what: string, why: string): QuorateError {
  return new QuorateError("COMMITTEE_MALFORMED", `${what}: ${why}`, { what });
}
