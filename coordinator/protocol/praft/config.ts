import { sha256 } from "@noble/hashes/sha2.js";
import { abiWords, type Hex, keccak, toHex } from "../bytes.ts";
import { QuorateError } from "../errors.ts";
import { signingAddress } from "./address.ts";
import { type Reader, Writer } from "./codec.ts";

export const MAX_MEMBERS = 256;
export const MAX_KEY_BYTES = 96;
/** Keeps every sum of weights exact in a double. */
export const MAX_WEIGHT = 2 ** 32 - 1;
const DOMAIN = 0x10;
const GROUP_ID = /^0x[0-9a-f]{64}$/;
/** Turns per member in the leader table: enough to follow weights that differ fourfold. */
const TURNS_PER_MEMBER = 4;

export interface Member {
  /** The transport's name for it. */
  readonly id: string;
  readonly voteKey: Uint8Array;
  /** Stake × reputation, a whole number ≥ 1, frozen for the epoch. */
  readonly weight: number;
}

export interface Config {
  readonly groupId: Hex;
  readonly epoch: number;
  readonly members: readonly Member[];
}

/** A config with what follows from it. `total` W, `faulty` F = ⌊(W−1)/3⌋, `quorum` Q = W − F. */
export interface Committee extends Config {
  readonly hash: Hex;
  /** What the hash binds beside epoch and members: also where the turns of leaders start. */
  readonly details: Hex;
  readonly total: number;
  readonly faulty: number;
  readonly quorum: number;
  readonly turns: readonly number[];
}

/**
 * @throws QuorateError PRAFT_CONFIG if there is no member, one appears twice, a weight is not a whole number ≥ 1, or the
 * group id is malformed
 */
export function committeeOf(config: Config): Committee {
  const { members, groupId } = config;
  if (!GROUP_ID.test(groupId)) throw badConfig(`the group id ${groupId} is not 0x and 64 lower-case digits`);
  const ids = new Set(members.map((member) => member.id));
  const keys = new Set(members.map((member) => toHex(member.voteKey)));
  if (members.length === 0 || members.length > MAX_MEMBERS) {
    throw badConfig(`a committee has 1 to ${MAX_MEMBERS} members, not ${members.length}`);
  }
  if (ids.size !== members.length || keys.size !== members.length) throw badConfig("a member appears twice");
  for (const { id, weight } of members) {
    if (!Number.isInteger(weight) || weight < 1 || weight > MAX_WEIGHT) {
      throw badConfig(`the weight of ${id} is ${weight}, not a whole number from 1 to ${MAX_WEIGHT}`);
    }
  }
  const total = members.reduce((sum, member) => sum + member.weight, 0);
  const faulty = Math.floor((total - 1) / 3);
  const details = configDetails(config);
  const hash = configHash(config, details);
  return { ...config, hash, details, total, faulty, quorum: total - faulty, turns: turnsOf(members, total) };
}

/** What a contract need not read of a config: all of it, members' names included, under SHA-256. */
export function configDetails(config: Config): Hex {
  return toHex(sha256(writeConfig(new Writer().u8(DOMAIN), config).done()));
}

/** keccak256(abi.encode(epoch, details, members)): CheckpointRegistry computes the same from the members' words. */
export function configHash(config: Config, details: Hex): Hex {
  const words = memberWords(config);
  return keccak(abiWords([config.epoch, details, 0x60, words.length, ...words]));
}

/** Each member's signing address (bits 96-255) and weight (bits 0-31), as CheckpointRegistry reads them. */
export function memberWords({ members }: Config): bigint[] {
  return members.map(({ voteKey, weight }) => (BigInt(signingAddress(voteKey)) << 96n) | BigInt(weight));
}

/** Sum of the weights of distinct members. */
export function weightOf(committee: Committee, signers: Iterable<number>): number {
  let sum = 0;
  for (const signer of signers) sum += committee.members[signer]?.weight ?? 0;
  return sum;
}

/**
 * Whose turn `view` is: weighted round robin from a start the config's hash gives, among those who are not `skipped`; if all
 * are, nobody is. Were a turn passed on to the next member, it would lead two views in a row, and a dead one fail twice.
 */
export function leaderOf(committee: Committee, view: number, skipped?: (member: number) => boolean): number {
  const all = committee.turns;
  const active = skipped ? all.filter((member) => !skipped(member)) : all;
  const turns = active.length > 0 ? active : all;
  return turns[(view + Number.parseInt(committee.details.slice(2, 10), 16)) % turns.length]!;
}

/** Smooth weighted round robin: each turn everyone gains its weight, the richest leads and pays the total. */
function turnsOf(members: readonly Member[], total: number): number[] {
  const credit = members.map(() => 0);
  return Array.from({ length: TURNS_PER_MEMBER * members.length }, () => {
    let richest = 0;
    for (let i = 0; i < credit.length; i++) {
      credit[i]! += members[i]!.weight;
      if (credit[i]! > credit[richest]!) richest = i;
    }
    credit[richest]! -= total;
    return richest;
  });
}

export function writeConfig(writer: Writer, { groupId, epoch, members }: Config): Writer {
  writer.hash(groupId).u64(epoch).u32(members.length);
  for (const { id, voteKey, weight } of members) {
    writer.bytes(new TextEncoder().encode(id)).bytes(voteKey).u32(weight);
  }
  return writer;
}

export function readConfig(reader: Reader): Config {
  const groupId = reader.hash();
  const epoch = reader.u64();
  const count = reader.count("members", MAX_MEMBERS);
  const members = Array.from({ length: count }, () => ({
    id: new TextDecoder().decode(reader.bytes("member id", 2 * MAX_KEY_BYTES)),
    voteKey: reader.bytes("vote key", MAX_KEY_BYTES),
    weight: reader.u32(),
  }));
  return { groupId, epoch, members };
}

function badConfig(why: string): QuorateError {
  return new QuorateError("PRAFT_CONFIG", why);
}
