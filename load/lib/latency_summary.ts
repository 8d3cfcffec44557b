/** The figures of one set of durations, in milliseconds. */
export interface LatencySummary {
  readonly count: number;
  readonly meanMs: number;
  readonly msP50: number;
  readonly msP90: number;
  readonly msP95: number;
  readonly msP99: number;
  readonly maxMs: number;
}

export function latencySummary(durationsMs: readonly number[]): LatencySummary {
  const sorted = Float64Array.from(durationsMs).sort();
  const count = sorted.length;
  return {
    count,
    meanMs: count === 0 ? 0 : sorted.reduce((sum, value) => sum + value, 0) / count,
    msP50: percentile(sorted, 0.5),
    msP90: percentile(sorted, 0.9),
    msP95: percentile(sorted, 0.95),
    msP99: percentile(sorted, 0.99),
    maxMs: count === 0 ? 0 : sorted[count - 1],
  };
}

/** Between the two nearest ranks, as k6 does it, so that the report and the thresholds show the same figure. */
export function percentile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return 0;
  const rank = share * (sorted.length - 1);
  const below = Math.floor(rank);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (rank - below);
}
