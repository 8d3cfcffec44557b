import { assert } from "../../../src/core/assert.ts";
import { edgeValue } from "../../../src/fraud/model/category_order.ts";
import type { InputSpec } from "../../../src/fraud/model/manifest.ts";
import { columnsOf } from "../columns_of.ts";
import type { WeightedRows } from "../weighted_rows.ts";

/** Where two neighbouring bins of a feature part: the greatest value of training below, and the least above. */
export interface Cut {
  readonly below: number;
  readonly above: number;
}

export interface BinnedFeature {
  /** Place in the vector. */
  readonly feature: number;
  /** Rising; one fewer than there are bins. */
  readonly cuts: readonly Cut[];
  /** By training row, how many cuts its value is above. */
  readonly bins: Uint8Array;
}

/** Of a feature. */
export const MOST_BINS = 64;

/**
 * The features that vary, each as at most {@link MOST_BINS} bins of about as many rows: bins where fraud is, as the
 * networks' edges have them, made the trees worse on two files of three. A category is cut in the order of its codes, as
 * the edges of its input are.
 */
export function binFeatures(rows: WeightedRows, inputs: readonly InputSpec[]): BinnedFeature[] {
  const width = rows.length === 0 ? 0 : rows.vector(0).length;
  const columns = columnsOf(rows);
  return Array.from({ length: width }, (_, feature) => feature).flatMap((feature) => {
    const values = columns(feature).map((value) => edgeValue(inputs[feature], value));
    const cuts = cutsOf(values);
    if (cuts.length === 0) return [];
    return [{ feature, cuts, bins: Uint8Array.from(values, (value) => binOf(cuts, value)) }];
  });
}

/** How many of the cuts the value is above; what lies between two bins belongs to the lower. */
export function binOf(cuts: readonly Cut[], value: number): number {
  let [low, high] = [0, cuts.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (cuts[middle].above <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function cutsOf(values: Float64Array): Cut[] {
  const sorted = values.slice().sort();
  // NaN sorts last, and equals no bin's value.
  assert(!Number.isNaN(sorted[sorted.length - 1]), "A feature of the rows to train on is not a number.");
  const cuts: Cut[] = [];
  let [rest, filled] = [sorted.length, 0];
  for (let i = 0; i < sorted.length;) {
    const value = sorted[i];
    for (; i < sorted.length && sorted[i] === value; i++) filled++;
    // Few values with most of the rows leave the others to as many bins as remain.
    const binsLeft = MOST_BINS - cuts.length;
    if (i === sorted.length || binsLeft === 1 || filled < rest / binsLeft) continue;
    cuts.push({ below: value, above: sorted[i] });
    rest -= filled;
    filled = 0;
  }
  return cuts;
}
