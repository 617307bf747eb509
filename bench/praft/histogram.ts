/** Buckets a factor apart: quantiles are right to this relative error. */
const STEP = 1.02;
/** The smallest value told apart, in milliseconds. */
const LEAST = 0.05;

/** Counts of values ≥ 0 (milliseconds) in buckets of 2 % width, in constant memory; histograms can be added up. */
export class Histogram {
  readonly counts: number[] = [];
  max = 0;

  add(value: number, count = 1): void {
    const bucket = Math.max(0, Math.ceil(Math.log(Math.max(value, LEAST) / LEAST) / Math.log(STEP)));
    this.counts[bucket] = (this.counts[bucket] ?? 0) + count;
    this.max = Math.max(this.max, value);
  }

  /** The smallest bucket bound that `share` of all values do not exceed; 0 if there is none. */
  quantile(share: number): number {
    const total = this.counts.reduce((sum, count) => sum + count, 0);
    let seen = 0;
    for (const [bucket, count = 0] of this.counts.entries()) {
      seen += count;
      if (total > 0 && seen >= share * total) return Math.min(this.max, LEAST * STEP ** bucket);
    }
    return 0;
  }
}
