import { readFile } from "node:fs/promises";
import type { Address } from "../../adapters/peers/tls.ts";
import type { PeerId } from "../../ports/peer-transport.ts";
import { fromHex, type Hex } from "../../protocol/bytes.ts";
import { QuorateError } from "../../protocol/errors.ts";
import { type Config, committeeOf } from "../../protocol/praft/config.ts";

/** What a committee file says: who orders, with what weight, and where each is found. */
export interface CommitteeFile {
  readonly config: Config;
  readonly addresses: ReadonlyMap<PeerId, Address>;
  /** How members and clients connect; all in the same way. */
  readonly transport: "tls" | "libp2p";
}

/**
 * Reads `{groupId, epoch, members: [{id, voteKey, weight, address: "host:port"}], transport?}`; `quorate praft identity` prints a member.
 * @throws QuorateError COMMITTEE_MALFORMED, PRAFT_CONFIG
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
  const { groupId, epoch, members, transport = "tls" } = record(file, parsed, "the file");
  if (!Array.isArray(members)) throw malformed(file, "members is no list");
  if (!Number.isSafeInteger(epoch) || (epoch as number) < 0)
    throw malformed(file, `epoch is ${String(epoch)}`);
  if (transport !== "tls" && transport !== "libp2p")
    throw malformed(file, `transport is ${String(transport)}, neither tls nor libp2p`);
  const all = members.map((member) => memberOf(file, member));
  const config: Config = { groupId: String(groupId) as Hex, epoch: epoch as number, members: all };
  committeeOf(config);
  return { config, addresses: new Map(all.map(({ id, address }) => [id, address])), transport };
}

function memberOf(file: string, value: unknown) {
  const { id, voteKey, weight, address } = record(file, value, "a member");
  if (typeof id !== "string" || !/^[0-9a-f]{64}$/.test(id))
    throw malformed(file, `the member id ${String(id)} is not 64 lower-case hexadecimal digits`);
  if (typeof voteKey !== "string" || typeof address !== "string")
    throw malformed(file, `member ${id} has no voteKey or no address`);
  return { id, voteKey: fromHex(voteKey, 33), weight: Number(weight), address: parseHostPort(address) };
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
