import { columnsOf } from "./columns_of.ts";
import { FEATURES } from "../../src/fraud/features/catalogue.ts";
import { edgeValue, OTHER_CODE } from "../../src/fraud/model/category_order.ts";
import type { InputSpec } from "../../src/fraud/model/manifest.ts";
import { informativeSplits } from "./informative_splits.ts";
import { commonestCode, orderCodes } from "./order_codes.ts";
import type { WeightedRows } from "./weighted_rows.ts";

// Most edges look at genuine payments, the rest at where fraud is another share of the rows.
const GENUINE_QUANTILES = [0, 0.2, 0.4, 0.6, 0.8, 0.95, 0.995];
const FRAUD_QUANTILES = [0.25, 0.5, 0.75, 0.95];
/** Fraud in a narrow band of a feature is found by a forest, and by a network only where its edges lie (README.md). */
const MOST_SPLITS = 16;
/** Of a category with no more places than this each is an edge, so that the model weighs each by itself. */
const MOST_STEPS = 32;

/**
 * Edges and medians of every feature, and the order of every category's codes, from the training rows alone.
 * @param names what codes stand for, as far as known; only shown
 */
export function fitInputs(train: WeightedRows, names: ReadonlyMap<number, string> = new Map()): InputSpec[] {
  const columns = columnsOf(train);
  return FEATURES.map((feature, f) => {
    const values = columns(f);
    if (feature.unit === "category") return categoryInput(feature.name, values, train, names);
    const sorted = values.slice().sort();
    const median = quantile(sorted, 0.5);
    if (feature.unit === "flag") {
      const varies = sorted[0] !== sorted[sorted.length - 1];
      return { feature: feature.name, edges: varies ? [0, 1] : [], median };
    }
    const splits = informativeSplits(values, train.label, train.weight, MOST_SPLITS);
    const edges = [...quantiles(sorted, values, train), ...splits].sort((a, b) => a - b);
    return { feature: feature.name, edges: apart(edges), median };
  });
}

function quantiles(sorted: Float64Array, values: Float64Array, { label }: WeightedRows): number[] {
  const fraud = values.filter((_, row) => label[row] === 1).sort();
  return [
    ...GENUINE_QUANTILES.map((q) => quantile(sorted, q)),
    ...FRAUD_QUANTILES.map((q) => quantile(fraud, q)),
  ];
}

/** The category's codes in order, and edges among their places. */
function categoryInput(
  feature: string,
  values: Float64Array,
  train: WeightedRows,
  names: ReadonlyMap<number, string>,
): InputSpec {
  const order = codesOf(values, train, names);
  const places = values.map((value) => edgeValue(order, value));
  const seen = [...new Set(places)].sort((a, b) => a - b);
  if (seen.length < 2) return unseenCategory(feature, order.median);
  if (seen.length <= MOST_STEPS) return { feature, edges: seen, ...order };
  const splits = informativeSplits(places, train.label, train.weight, MOST_SPLITS);
  // A place is one category or another, and nothing is between: the cut lies between two neighbours.
  const cuts = splits.flatMap((place) => [place - 1, place]).filter((place) => place >= seen[0]);
  const edges = [...quantiles(places.slice().sort(), places, train), ...cuts].sort((a, b) => a - b);
  return { feature, edges: apart(edges), ...order };
}

/** A category that is no input: all codes in one place. */
export function unseenCategory(feature: string, median: number): InputSpec {
  return { feature, edges: [], median, codes: [OTHER_CODE] };
}

function codesOf(
  values: Float64Array,
  { label, weight, fraudsAnAffair }: WeightedRows,
  names: ReadonlyMap<number, string>,
): { readonly codes: number[]; readonly names?: (string | null)[]; readonly median: number } {
  const codes = orderCodes(values, label, weight, fraudsAnAffair);
  const known = codes.map((code) => names.get(code) ?? null);
  return {
    median: commonestCode(values, weight),
    codes,
    ...(known.every((name) => name === null) ? {} : { names: known }),
  };
}

/**
 * One input a feature, linear between its extremes, a category in order of risk: what a plain logistic regression sees.
 * @param isSeen which categories are inputs
 */
export function fitLinearInputs(
  train: WeightedRows,
  isSeen: (feature: number) => boolean = () => true,
): InputSpec[] {
  const columns = columnsOf(train);
  return FEATURES.map((feature, f) => {
    const values = columns(f);
    if (feature.unit === "category") {
      const order = codesOf(values, train, new Map());
      if (!isSeen(f)) return unseenCategory(feature.name, order.median);
      const places = values.map((value) => edgeValue(order, value)).sort();
      const edges = [places[0], places[places.length - 1]];
      return { feature: feature.name, edges: edges[0] < edges[1] ? edges : [], ...order };
    }
    const sorted = values.sort();
    const [low, high] = [quantile(sorted, 0.001), quantile(sorted, 0.999)];
    return { feature: feature.name, edges: low < high ? [low, high] : [], median: quantile(sorted, 0.5) };
  });
}

/** Drops edges that nearly coincide: a bin of no width is a cliff. */
function apart(sortedEdges: readonly number[]): number[] {
  const least = (sortedEdges[sortedEdges.length - 1] - sortedEdges[0]) * 1e-3;
  const kept: number[] = [];
  for (const edge of sortedEdges) {
    if (kept.length === 0 || edge - kept[kept.length - 1] > least) kept.push(edge);
  }
  return kept.length > 1 ? kept : [];
}

function quantile(sorted: Float64Array, q: number): number {
  return sorted.length === 0 ? 0 : sorted[Math.floor(q * (sorted.length - 1))];
}
