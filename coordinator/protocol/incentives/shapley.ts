import { QuorateError } from "../errors.ts";

/** Shapley values as exact fractions: client k's value is numerators[k] / denominator. */
export interface ShapleyValues {
  readonly numerators: bigint[];
  readonly denominator: bigint;
}

/** 2^10 coalitions; more clients are paid by sampled permutations (gtg-shapley.ts). */
const MAX_CLIENTS = 10;

/**
 * Exact Shapley values (Shapley 1953): φₖ = Σ |S|!·(N−|S|−1)!·(v(S ∪ k) − v(S)) over N!, for all S without k.
 * @param coalitionScores 2^N integers by bitmask (bit k = client k); index 0 is the value of the empty coalition
 * @returns numerators over N!; their sum is N!·(v(all) − v(∅))
 * @throws QuorateError SHAPLEY_TABLE, SHAPLEY_TOO_MANY
 */
export function exactShapley(coalitionScores: readonly number[]): ShapleyValues {
  const clients = 31 - Math.clz32(coalitionScores.length);
  if (coalitionScores.length !== 2 ** clients || !coalitionScores.every(Number.isSafeInteger)) {
    throw new QuorateError(
      "SHAPLEY_TABLE",
      `${coalitionScores.length} coalition scores are not the 2^N integers of N clients`,
      { length: coalitionScores.length },
    );
  }
  if (clients > MAX_CLIENTS) {
    throw new QuorateError("SHAPLEY_TOO_MANY", `${clients} clients are more than ${MAX_CLIENTS}`, {
      clients,
      limit: MAX_CLIENTS,
    });
  }
  const numerators = new Array<bigint>(clients).fill(0n);
  coalitionScores.forEach((value, mask) => {
    const size = bitCount(mask);
    for (let k = 0; k < clients; k++) {
      if ((mask >> k) & 1) continue;
      const gain = (coalitionScores[mask | (1 << k)] as number) - value;
      numerators[k] =
        (numerators[k] as bigint) + factorial(size) * factorial(clients - size - 1) * BigInt(gain);
    }
  });
  return { numerators, denominator: factorial(clients) };
}

function factorial(n: number): bigint {
  return n <= 1 ? 1n : BigInt(n) * factorial(n - 1);
}

function bitCount(mask: number): number {
  return mask === 0 ? 0 : (mask & 1) + bitCount(mask >> 1);
}
