const CANDIDATES = 96;
/** A side of a split holds at least so many frauds' worth of evidence, or it is chance that was found. */
const LEAST_GAIN_NATS = 6;

/**
 * The values at which a small decision tree would cut a feature: where the share of fraud changes most, the best cut
 * first, at most `most`. Quantiles do not find an edge such as "above 220 everything is fraud"; this does.
 */
export function informativeSplits(
  values: Float64Array,
  label: Uint8Array,
  weight: Float32Array,
  most: number,
): number[] {
  const borders = candidates(values, label);
  // How much of either kind lies in each bin between two neighbouring candidates.
  const genuine = new Float64Array(borders.length + 1);
  const fraud = new Float64Array(borders.length + 1);
  for (let row = 0; row < values.length; row++) {
    (label[row] === 1 ? fraud : genuine)[binOf(borders, values[row])] += weight[row];
  }
  const found: number[] = [];
  const parts: Part[] = [bestCut({ from: 0, until: genuine.length }, genuine, fraud)];
  while (found.length < most) {
    const part = parts.reduce((best, other) => other.gain > best.gain ? other : best);
    if (part.gain < LEAST_GAIN_NATS) break;
    found.push(borders[part.cut - 1]);
    parts.splice(
      parts.indexOf(part),
      1,
      bestCut({ from: part.from, until: part.cut }, genuine, fraud),
      bestCut({ from: part.cut, until: part.until }, genuine, fraud),
    );
  }
  return found;
}

interface Part {
  readonly from: number;
  readonly until: number;
  readonly cut: number;
  readonly gain: number;
}

function bestCut(
  { from, until }: { from: number; until: number },
  genuine: Float64Array,
  fraud: Float64Array,
): Part {
  let [allGenuine, allFraud] = [0, 0];
  for (let bin = from; bin < until; bin++) {
    [allGenuine, allFraud] = [allGenuine + genuine[bin], allFraud + fraud[bin]];
  }
  const whole = entropy(allGenuine, allFraud);
  let [leftGenuine, leftFraud, cut, gain] = [0, 0, from, 0];
  for (let bin = from; bin < until - 1; bin++) {
    leftGenuine += genuine[bin];
    leftFraud += fraud[bin];
    const its = whole - entropy(leftGenuine, leftFraud) -
      entropy(allGenuine - leftGenuine, allFraud - leftFraud);
    if (its > gain) [cut, gain] = [bin + 1, its];
  }
  return { from, until, cut, gain };
}

/** In nats, of all rows together. */
function entropy(genuine: number, fraud: number): number {
  const all = genuine + fraud;
  const part = (count: number) => count <= 0 ? 0 : -count * Math.log(count / all);
  return part(genuine) + part(fraud);
}

/** Quantiles of all values and, as many again, of the fraud's. */
function candidates(values: Float64Array, label: Uint8Array): number[] {
  const sorted = values.slice().sort();
  const fraud = values.filter((_, row) => label[row] === 1).sort();
  const borders = new Set<number>();
  for (const ordered of [sorted, fraud]) {
    for (let i = 1; i < CANDIDATES && ordered.length > 0; i++) {
      borders.add(ordered[Math.floor(i / CANDIDATES * ordered.length)]);
    }
  }
  return [...borders].sort((a, b) => a - b);
}

/** The number of borders at or below `value`. */
function binOf(borders: readonly number[], value: number): number {
  let [low, high] = [0, borders.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (borders[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
