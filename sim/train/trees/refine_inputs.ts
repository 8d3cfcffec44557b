import type { InputSpec } from "../../../src/fraud/model/manifest.ts";
import type { DenseLayer } from "../../../src/fraud/model/network.ts";
import type { Cut } from "./binned_features.ts";

/** The inputs with both ends of every cut among their edges; `cuts` by place in the vector. */
export function refineInputs(
  inputs: readonly InputSpec[],
  cuts: ReadonlyMap<number, readonly Cut[]>,
): InputSpec[] {
  return inputs.map((input, feature) => {
    const more = (cuts.get(feature) ?? []).flatMap(({ below, above }) => [below, above]);
    const edges = Float64Array.from(new Set([...input.edges, ...more])).sort();
    return { ...input, edges: [...edges] };
  });
}

/**
 * A member's layers over finer inputs, every edge of the old ones among the new: the same function. A slope along one bin is the
 * same slope along each of the bins that it falls into.
 */
export function refineMember(
  layers: readonly DenseLayer[],
  inputs: readonly InputSpec[],
  finer: readonly InputSpec[],
): DenseLayer[] {
  const [first, ...upper] = layers;
  const { units, kernel } = first;
  const rows: Float32Array[] = [];
  let row = 0;
  inputs.forEach(({ edges }, feature) => {
    const finerEdges = finer[feature].edges;
    const its = Array.from({ length: Math.max(0, finerEdges.length - 1) }, () => new Float32Array(units));
    for (let bin = 0; bin < edges.length - 1; bin++, row++) {
      const weights = kernel.subarray(row * units, (row + 1) * units);
      for (const { bin: finerBin, share } of binsBetween(finerEdges, edges[bin], edges[bin + 1])) {
        weights.forEach((weight, unit) => its[finerBin][unit] = weight * share);
      }
    }
    rows.push(...its);
  });
  const refined = new Float32Array(rows.length * units);
  rows.forEach((weights, at) => refined.set(weights, at * units));
  return [{ ...first, kernel: refined }, ...upper];
}

/** The bins from one edge to another, each with its share of the way. */
export function binsBetween(
  edges: readonly number[],
  from: number,
  until: number,
): { readonly bin: number; readonly share: number }[] {
  const bins = [];
  for (let bin = edges.indexOf(from); edges[bin] < until; bin++) {
    bins.push({ bin, share: (edges[bin + 1] - edges[bin]) / (until - from) });
  }
  return bins;
}
