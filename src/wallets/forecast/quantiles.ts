/** The value below which a share of the sorted sample lies, between neighbours in proportion. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  const [a, b] = [sorted[low], sorted[high]];
  return a === b ? a : a + (at - low) * (b - a);
}

export function median(values: readonly number[]): number {
  return quantile(values.toSorted((a, b) => a - b), 0.5);
}

/** Makes the median absolute deviation of a normal sample its standard deviation. */
const NORMAL = 1.4826;

/** Spread by the median absolute deviation: one odd value does not move it. */
export function robustSpread(values: readonly number[]): number {
  const middle = median(values);
  return NORMAL * median(values.map((value) => Math.abs(value - middle)));
}
