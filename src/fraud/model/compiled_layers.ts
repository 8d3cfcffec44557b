import { binCount, inputPosition } from "./encode_inputs.ts";
import type { InputSpec } from "./manifest.ts";
import type { DenseLayer } from "./network.ts";

/** A layer above the first, by what of it is not 0. */
export interface UpperLayer {
  readonly bias: Float32Array;
  /** By input, the units it reaches: all weights outside are 0. */
  readonly from: Uint32Array;
  readonly until: Uint32Array;
  /** By input, where its weights begin; those outside are not kept, or a thousand leaves would lie far apart. */
  readonly at: Uint32Array;
  readonly weights: Float32Array;
}

export function upperLayer({ kernel, bias, units }: DenseLayer): UpperLayer {
  const inputs = kernel.length / units;
  const from = new Uint32Array(inputs);
  const until = new Uint32Array(inputs);
  const at = new Uint32Array(inputs);
  const weights: number[] = [];
  for (let input = 0; input < inputs; input++) {
    const row = kernel.subarray(input * units, (input + 1) * units);
    at[input] = weights.length;
    const first = row.findIndex((weight) => weight !== 0);
    if (first < 0) continue;
    from[input] = first;
    until[input] = row.findLastIndex((weight) => weight !== 0) + 1;
    weights.push(...row.subarray(first, until[input]));
  }
  return { bias, from, until, at, weights: Float32Array.from(weights) };
}

/** How much of the logit a unit of the layer below moves, where `slope` is that of the layer's own units. */
export function slopeThrough(
  { weights, at, from, until }: UpperLayer,
  input: number,
  slope: Float64Array,
): number {
  let sum = 0;
  for (let unit = from[input], w = at[input]; unit < until[input]; unit++) sum += slope[unit] * weights[w++];
  return sum;
}

/** A feature's rows of the first kernel. */
export interface FeatureRows {
  /** The units with any weight of this feature: all of a network's, and of trees' leaves those that ask for it. */
  readonly reached: Uint32Array;
  /** The first so many of them are the layer's first ones: the networks', which need no looking up. */
  readonly everywhere: number;
  /** Row b is the sum of the first b kernel rows, for the units reached. */
  readonly sums: Float64Array;
  /** What the median adds to them. */
  readonly medianSums: Float64Array;
  /** By how much the median can raise each at most; most leaves are too far below 0 to be lit by one feature. */
  readonly mostGain: Float64Array;
}

export function featureRows({ units, kernel }: DenseLayer, firstRow: number, input: InputSpec): FeatureRows {
  const rows = binCount(input);
  const its = kernel.subarray(firstRow * units, (firstRow + rows) * units);
  const isReached = new Uint8Array(units);
  for (let at = 0; at < its.length; at++) if (its[at] !== 0) isReached[at % units] = 1;
  const reached = Uint32Array.from(isReached.keys()).filter((unit) => isReached[unit] === 1);
  const count = reached.length;
  const sums = new Float64Array((rows + 1) * count);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < count; i++) {
      sums[(row + 1) * count + i] = sums[row * count + i] + its[row * units + reached[i]];
    }
  }
  const median = inputPosition(input, input.median);
  const bin = Math.floor(median);
  const medianSums = Float64Array.from(reached, (_, i) => {
    const whole = sums[bin * count + i];
    return median === bin ? whole : whole + (median - bin) * (sums[(bin + 1) * count + i] - whole);
  });
  const mostGain = medianSums.map((its, i) => {
    let least = its;
    for (let row = 0; row <= rows; row++) least = Math.min(least, sums[row * count + i]);
    return its - least;
  });
  const gap = reached.findIndex((unit, i) => unit !== i);
  return { reached, everywhere: gap < 0 ? count : gap, sums, medianSums, mostGain };
}

/** Units of the first layer that not every feature reaches. */
export interface Leaves {
  readonly units: Uint32Array;
  /** How much any one feature's median can raise each at most. */
  readonly mostGain: Float64Array;
  /** Of each leaf and of the next, where the features that reach it begin. */
  readonly from: Uint32Array;
  readonly features: Uint32Array;
  /** Its place among what the feature reaches, and how much the feature's median can raise it at most. */
  readonly places: Uint32Array;
  readonly gains: Float64Array;
}

export function leavesOf(rows: readonly FeatureRows[], units: number): Leaves {
  const reaching = Array.from(
    { length: units },
    (): { feature: number; place: number; gain: number }[] => [],
  );
  rows.forEach(({ reached, everywhere, mostGain }, feature) => {
    for (let place = everywhere; place < reached.length; place++) {
      reaching[reached[place]].push({ feature, place, gain: mostGain[place] });
    }
  });
  const leaves = [...reaching.keys()].filter((unit) => reaching[unit].length > 0);
  const from = [0];
  for (const unit of leaves) from.push(from[from.length - 1] + reaching[unit].length);
  const all = leaves.flatMap((unit) => reaching[unit]);
  return {
    units: Uint32Array.from(leaves),
    mostGain: Float64Array.from(leaves, (unit) => Math.max(...reaching[unit].map(({ gain }) => gain))),
    from: Uint32Array.from(from),
    features: Uint32Array.from(all, ({ feature }) => feature),
    places: Uint32Array.from(all, ({ place }) => place),
    gains: Float64Array.from(all, ({ gain }) => gain),
  };
}
