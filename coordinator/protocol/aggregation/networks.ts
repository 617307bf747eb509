/** Positions of two values; after it the lesser one is at the first. */
export type Comparator = readonly [number, number];

/**
 * A sorting network for any number of values, by merge exchange (Batcher; Knuth, The Art of Computer Programming 3,
 * 5.2.2, algorithm M), without the comparators that no wanted position depends on. About n·log²n ÷ 4 comparators.
 *
 * @param n number of values
 * @param from first position that must be right in the end
 * @param count how many positions from there must be right
 */
export function sortingNetwork(n: number, from = 0, count = n): Comparator[] {
  const wanted = Array.from({ length: n }, (_, k) => k >= from && k < from + count);
  const needed: Comparator[] = [];
  for (const [a, b] of mergeExchange(n).reverse()) {
    if (!wanted[a] && !wanted[b]) continue;
    wanted[a] = true;
    wanted[b] = true;
    needed.push([a, b]);
  }
  return needed.reverse();
}

function mergeExchange(n: number): Comparator[] {
  const network: Comparator[] = [];
  let top = 1;
  while (top * 2 < n) top *= 2;
  for (let p = top; p >= 1; p = Math.floor(p / 2)) {
    let q = top;
    let r = 0;
    for (let d = p; ; d = q - p, q = q / 2, r = p) {
      for (let i = 0; i < n - d; i++) if ((i & p) === r) network.push([i, i + d]);
      if (q === p) break;
    }
  }
  return network;
}
