// Writes payouts.json: `node test/vectors/generate-payouts.ts`. Trees and proofs by OpenZeppelin's own library; the
// contract must pay by them, the coordinator must find the same roots.
import { writeFileSync } from "node:fs";
import { StandardMerkleTree } from "@openzeppelin/merkle-tree";

const client = (k: number) => `0x${k.toString(16).padStart(2, "0").repeat(20)}`;
const TOKEN = 10n ** 18n;

function vector(name: string, amounts: readonly bigint[]) {
  const rows = amounts.map((amount, k): [string, string] => [client(k + 1), amount.toString()]);
  const tree = StandardMerkleTree.of(rows, ["address", "uint256"]);
  return {
    name,
    root: tree.root,
    total: amounts.reduce((sum, amount) => sum + amount, 0n).toString(),
    claims: rows.map(([account, cumulative], k) => ({ account, cumulative, proof: tree.getProof(k) })),
  };
}

export const payoutVectors = [
  vector("one client", [100n * TOKEN]),
  vector("two clients", [60n * TOKEN, 40n * TOKEN]),
  vector("three clients, the last unit by the largest remainder", [
    33_333_333_333_333_333_334n,
    33_333_333_333_333_333_333n,
    33_333_333_333_333_333_333n,
  ]),
  vector(
    "eleven clients",
    Array.from({ length: 11 }, (_, k) => BigInt(k + 1) * TOKEN + BigInt(k)),
  ),
];

if (import.meta.main) {
  writeFileSync(new URL("payouts.json", import.meta.url), `${JSON.stringify(payoutVectors, null, 1)}\n`);
}
