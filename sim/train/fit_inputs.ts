import { columnsOf } from "./columns_of.ts";
import { FEATURES } from "../../src/fraud/features/catalogue.ts";
import type { InputSpec } from "../../src/fraud/model/manifest.ts";
import { informativeSplits } from "./informative_splits.ts";
import type { WeightedRows } from "./weighted_rows.ts";

// Most edges look at genuine payments, the rest at where fraud is another share of the rows.
const GENUINE_QUANTILES = [0, 0.2, 0.4, 0.6, 0.8, 0.95, 0.995];
const FRAUD_QUANTILES = [0.25, 0.5, 0.75, 0.95];
/** Fraud in a narrow band of a feature is found by a forest, and by a network only where its edges lie (README.md). */
const MOST_SPLITS = 16;

/** Edges and medians of every feature, from the training rows alone. */
export function fitInputs(train: WeightedRows): InputSpec[] {
  const columns = columnsOf(train);
  return FEATURES.map((feature, f) => {
    const values = columns(f);
    const sorted = values.slice().sort();
    const median = quantile(sorted, 0.5);
    if (feature.unit === "flag") {
      const varies = sorted[0] !== sorted[sorted.length - 1];
      return { feature: feature.name, edges: varies ? [0, 1] : [], median };
    }
    const fraud = values.filter((_, row) => train.label[row] === 1).sort();
    const edges = [
      ...GENUINE_QUANTILES.map((q) => quantile(sorted, q)),
      ...FRAUD_QUANTILES.map((q) => quantile(fraud, q)),
      ...informativeSplits(values, train.label, train.weight, MOST_SPLITS),
    ].sort((a, b) => a - b);
    return { feature: feature.name, edges: apart(edges), median };
  });
}

/** One input a feature, linear between its extremes: what a plain logistic regression sees. */
export function fitLinearInputs(train: WeightedRows): InputSpec[] {
  const columns = columnsOf(train);
  return FEATURES.map((feature, f) => {
    const sorted = columns(f).sort();
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
