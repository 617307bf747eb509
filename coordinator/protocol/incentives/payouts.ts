import { StandardMerkleTree } from "@openzeppelin/merkle-tree";
import { compareHex, type Hex, ZERO_HASH } from "../bytes.ts";
import { QuorateError } from "../errors.ts";

/** What a client has earned in all rounds up to some point, in the token's smallest unit. */
export interface PayoutRow {
  /** Lower-case address. */
  readonly client: string;
  readonly cumulative: bigint;
}

/** The commitment to a payout table that goes on chain. */
export interface PayoutTree {
  /** Root of OpenZeppelin's StandardMerkleTree of (address, uint256 cumulative); 32 zero bytes if nobody earned. */
  readonly root: Hex;
  /** Sum of all cumulative payouts. */
  readonly total: bigint;
  /**
   * Proof of a client's row.
   * @throws QuorateError PAYOUT_UNKNOWN_CLIENT
   */
  proof(client: string): Hex[];
}

const ADDRESS = /^0x[0-9a-f]{40}$/;

/**
 * Splits a round's budget by Shapley value: negative values count as 0, everybody gets the whole units of its share,
 * and the units left over go one each to the largest remainders (of equal ones to the lower address).
 * @returns payouts in the order of `addresses`; they sum to `budget`, or are all 0 if no value is positive
 * @throws QuorateError PAYOUT_INPUT
 */
export function roundPayouts(
  numerators: readonly bigint[],
  addresses: readonly string[],
  budget: bigint,
): bigint[] {
  const clients = addresses.map(normalized);
  if (numerators.length !== clients.length || new Set(clients).size !== clients.length || budget < 0n) {
    throw badInput(`can't split ${budget} by ${numerators.length} values among ${clients.length} clients`);
  }
  const shares = numerators.map((value) => (value > 0n ? value : 0n));
  const sum = shares.reduce((a, b) => a + b, 0n);
  if (sum === 0n) return shares;
  const payouts = shares.map((share) => (budget * share) / sum);
  const remainders = shares.map((share) => (budget * share) % sum);
  const order = clients.map((_, k) => k);
  order.sort((a, b) => {
    const [x, y] = [remainders[a] as bigint, remainders[b] as bigint];
    return x === y ? compareHex(clients[a] as string, clients[b] as string) : x > y ? -1 : 1;
  });
  const left = Number(budget - payouts.reduce((a, b) => a + b, 0n));
  for (const k of order.slice(0, left)) payouts[k] = (payouts[k] as bigint) + 1n;
  return payouts;
}

/**
 * Adds a round's payouts to the table of the head it builds on.
 * @returns rows ascending by address; clients that never earned anything have none
 * @throws QuorateError PAYOUT_INPUT
 */
export function cumulativeTable(
  previous: readonly PayoutRow[],
  round: readonly { readonly client: string; readonly amount: bigint }[],
): PayoutRow[] {
  const totals = new Map<string, bigint>();
  for (const { client, cumulative } of previous) totals.set(normalized(client), cumulative);
  for (const { client, amount } of round) {
    if (amount < 0n) throw badInput(`a payout of ${amount} to ${client} is negative`);
    const address = normalized(client);
    totals.set(address, (totals.get(address) ?? 0n) + amount);
  }
  return [...totals]
    .map(([client, cumulative]) => ({ client, cumulative }))
    .filter(({ cumulative }) => cumulative > 0n)
    .sort((a, b) => compareHex(a.client, b.client));
}

/** Commits to a payout table. */
export function payoutTree(table: readonly PayoutRow[]): PayoutTree {
  const rows = table
    .map(({ client, cumulative }): [string, bigint] => [normalized(client), cumulative])
    .sort(([a], [b]) => compareHex(a, b));
  const tree = rows.length === 0 ? undefined : StandardMerkleTree.of(rows, ["address", "uint256"]);
  const total = rows.reduce((sum, [, cumulative]) => sum + cumulative, 0n);
  const proof = (client: string) => {
    const index = rows.findIndex(([address]) => address === normalized(client));
    if (tree === undefined || index < 0) {
      throw new QuorateError("PAYOUT_UNKNOWN_CLIENT", `${client} has earned nothing up to this round`, {
        client,
      });
    }
    return tree.getProof(index) as Hex[];
  };
  return { root: (tree?.root as Hex | undefined) ?? ZERO_HASH, total, proof };
}

function normalized(address: string): string {
  const lower = address.toLowerCase();
  if (!ADDRESS.test(lower)) throw badInput(`"${address}" is not an address`);
  return lower;
}

function badInput(what: string): QuorateError {
  return new QuorateError("PAYOUT_INPUT", what, {});
}
