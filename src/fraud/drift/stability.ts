/** Values of one moment in bins: what later values are compared with. */
export interface BinnedValues {
  /** Inner edges, rising; an edge belongs to the bin above it. */
  readonly edges: readonly number[];
  /** Of each bin, one more than edges. */
  readonly shares: readonly number[];
}

/** Codes of one moment: a code is equal to another or is not, and what lies between two of them means nothing. */
export interface CountedCodes {
  /** The commonest, commonest first. */
  readonly codes: readonly number[];
  /** Of each code, and last of all others together. */
  readonly shares: readonly number[];
}

const BINS = 10;
/** Together they are nearly all of any payments; of a rarer one the share moves by chance. */
const MOST_CODES = 30;

/** In about equally full bins; fewer where many values are equal. */
export function binValues(values: Float64Array): BinnedValues {
  const sorted = values.slice().sort();
  const edges = new Set<number>();
  for (let bin = 1; bin < BINS; bin++) edges.add(sorted[Math.floor(bin / BINS * sorted.length)]);
  const inner = [...edges].sort((a, b) => a - b);
  return { edges: inner, shares: sharesOf(inner, values) };
}

/** As shares of the commonest codes and of the rest; of equally common ones the lesser code comes first. */
export function countCodes(values: Float64Array): CountedCodes {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const codes = [...counts]
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, MOST_CODES)
    .map(([code]) => code);
  return { codes, shares: codeShares(codes, values) };
}

/**
 * The population stability index of values against those in the bins, or of codes against those counted; above 0.1 something moves, above 0.25 much does.
 * @param least values between 0 and this are 0 for it
 */
export function stabilityOf(then: BinnedValues | CountedCodes, now: Float64Array, least = 0): number {
  if ("codes" in then) return stabilityIndex(then.shares, codeShares(then.codes, now));
  const { edges, shares } = withoutEdgesBelow(least, then);
  return stabilityIndex(shares, sharesOf(edges, now));
}

/** Bins on either side of an edge between 0 and `least` become one. */
function withoutEdgesBelow(least: number, { edges, shares }: BinnedValues): BinnedValues {
  const kept: { edges: number[]; shares: number[] } = { edges: [], shares: [shares[0]] };
  edges.forEach((edge, i) => {
    if (edge > 0 && edge < least) kept.shares[kept.shares.length - 1] += shares[i + 1];
    else {
      kept.edges.push(edge);
      kept.shares.push(shares[i + 1]);
    }
  });
  return kept;
}

/** Σ (now − then) × ln(now / then) over the bins. */
export function stabilityIndex(then: readonly number[], now: readonly number[]): number {
  return then.reduce((sum, share, bin) => sum + (now[bin] - share) * Math.log(now[bin] / share), 0);
}

function sharesOf(edges: readonly number[], values: Float64Array): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  for (const value of values) {
    const at = edges.findIndex((edge) => value < edge);
    counts[at < 0 ? edges.length : at]++;
  }
  return smoothedShares(counts, values.length);
}

function codeShares(codes: readonly number[], values: Float64Array): number[] {
  const places = new Map(codes.map((code, place) => [code, place]));
  const counts = new Array<number>(codes.length + 1).fill(0);
  for (const value of values) counts[places.get(value) ?? codes.length]++;
  return smoothedShares(counts, values.length);
}

function smoothedShares(counts: readonly number[], all: number): number[] {
  // Half a payment more in each bin keeps an empty one finite.
  return counts.map((count) => (count + 0.5) / (all + counts.length / 2));
}
