import { edgeValue } from "./category_order.ts";
import type { InputSpec } from "./manifest.ts";

/** How many inputs the network has for these features. */
export function inputCount(inputs: readonly InputSpec[]): number {
  return inputs.reduce((sum, input) => sum + binCount(input), 0);
}

/** How many of them one feature has. */
export function binCount(input: InputSpec): number {
  return Math.max(0, input.edges.length - 1);
}

/**
 * Where `value` stands on the edges, as whole bins passed plus the part of the next, 0 … bins. The part is
 * rounded to 32 bits, as the training's tensors hold it.
 */
export function binPosition(edges: ArrayLike<number>, value: number): number {
  const bins = edges.length - 1;
  // Written so that NaN, which no feature should be, reads as the lowest value and not as no value at all.
  if (bins < 1 || !(value > edges[0])) return 0;
  if (value >= edges[bins]) return bins;
  let bin = 0;
  for (let above = bins; above - bin > 1;) {
    const middle = (bin + above) >>> 1;
    if (value >= edges[middle]) bin = middle;
    else above = middle;
  }
  const part = Math.fround((value - edges[bin]) / (edges[bin + 1] - edges[bin]));
  return bin + part;
}

/** Where a feature's value stands on its input's edges. */
export function inputPosition(input: InputSpec, value: number): number {
  return binPosition(input.edges, edgeValue(input, value));
}

/** Writes one vector's network inputs to `out` from `offset`. Training uses this; scoring an equal shortcut. */
export function encodeInputs(
  inputs: readonly InputSpec[],
  vector: Float64Array | Float32Array,
  out: Float32Array,
  offset: number,
): void {
  let at = offset;
  for (let f = 0; f < inputs.length; f++) {
    const bins = binCount(inputs[f]);
    const position = inputPosition(inputs[f], vector[f]);
    // Bins that are passed are 1, those not reached are 0; at most one lies between.
    const passed = Math.floor(position);
    let bin = 0;
    while (bin < passed) out[at + bin++] = 1;
    if (bin < bins) {
      out[at + bin] = position - bin;
      bin++;
    }
    while (bin < bins) out[at + bin++] = 0;
    at += bins;
  }
}
