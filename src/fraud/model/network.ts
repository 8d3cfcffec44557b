import {
  type FeatureRows,
  featureRows,
  type Leaves,
  leavesOf,
  slopeThrough,
  type UpperLayer,
  upperLayer,
} from "./compiled_layers.ts";
import { edgeValue } from "./category_order.ts";
import { binCount, binPosition, inputCount, inputPosition } from "./encode_inputs.ts";
import type { InputSpec } from "./manifest.ts";

/** One dense layer as TF.js stores it: `kernel[input * units + unit]`. */
export interface DenseLayer {
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
  readonly units: number;
  readonly activation: "relu" | "sigmoid";
}

/**
 * The trained network, compiled for one vector at a time.
 *
 * The first layer is the widest, and its inputs are nearly all 0 or 1 (encode_inputs.ts). So the kernel rows of
 * each feature are summed up once: a value that has passed b bins adds the sum of b rows and a part of the next,
 * two rows instead of ten. Where an ensemble has trees, most units are leaves that ask for few features
 * (sim/train/trees/trees_member.ts), so that each feature adds to the units it reaches alone. The upper layers are blocks
 * on a diagonal (sim/train/join_members.ts); the zeros beside them are skipped. Weights are 32-bit as trained; sums are
 * 64-bit, which keeps the result within 1e-6 of TF.js (sim/train/scorer_equals_tfjs_test.ts).
 */
export class Network {
  readonly #bias: Float32Array;
  readonly #edges: Float64Array[];
  /** By feature, the input of a category, whose edges are no values. */
  readonly #categories: readonly (InputSpec | null)[];
  readonly #features: readonly FeatureRows[];
  readonly #upper: readonly UpperLayer[];
  /** Of the upper layers, before relu: of the vector read last, and of it with one feature's median. */
  readonly #activations: readonly Float64Array[];
  readonly #activationsWithout: readonly Float64Array[];
  readonly #first: Float64Array;
  /** Units of the networks that let something through now, and their slopes. */
  readonly #active: Uint32Array;
  readonly #slopes: Float64Array;
  readonly #leaves: Leaves;
  /** By feature, what {@link #estimateEffects} made of it. */
  readonly #estimates: Float64Array;
  readonly #medianPositions: Float64Array;
  /** Of the vector read last, by feature. */
  readonly #positions: Float64Array;
  /** By vector, what {@link #readFirst} made of it. */
  readonly #kept = new WeakMap<
    Float64Array | Float32Array,
    { first: Float64Array; positions: Float64Array }
  >();

  /** @param outputs units of the last layer: several where {@link logits} is asked for */
  constructor(inputs: readonly InputSpec[], layers: readonly DenseLayer[], outputs = 1) {
    const [first, ...upper] = layers;
    const fits = layers.length >= 1 && first.kernel.length === inputCount(inputs) * first.units &&
      upper.every((layer, i) => layer.kernel.length === layers[i].units * layer.units) &&
      layers.every((layer, i) => layer.activation === (i === layers.length - 1 ? "sigmoid" : "relu")) &&
      layers[layers.length - 1].units === outputs;
    if (!fits) {
      throw new Error(
        "The model's layers do not fit its inputs: relu layers, then one sigmoid unit, are expected.",
      );
    }
    this.#bias = first.bias;
    this.#upper = upper.map(upperLayer);
    this.#activations = upper.map((layer) => new Float64Array(layer.units));
    this.#activationsWithout = upper.map((layer) => new Float64Array(layer.units));
    this.#first = new Float64Array(first.units);
    this.#edges = inputs.map((input) => Float64Array.from(input.edges));
    this.#categories = inputs.map((input) => input.codes === undefined ? null : input);
    this.#positions = new Float64Array(inputs.length);
    this.#medianPositions = Float64Array.from(inputs, (input) => inputPosition(input, input.median));
    let row = 0;
    this.#features = inputs.map((input) => {
      const rows = featureRows(first, row, input);
      row += binCount(input);
      return rows;
    });
    this.#active = new Uint32Array(Math.max(0, ...this.#features.map(({ everywhere }) => everywhere)));
    this.#slopes = new Float64Array(this.#active.length);
    this.#leaves = leavesOf(this.#features, first.units);
    this.#estimates = new Float64Array(inputs.length);
  }

  /** The logit of fraud: the last layer before its sigmoid. */
  logit(vector: Float64Array | Float32Array): number {
    this.#readFirst(vector);
    return this.#upperLogit(this.#first);
  }

  /** All logits of the last layer; a view that the next call overwrites. */
  logits(vector: Float64Array | Float32Array): Float64Array {
    this.#readFirst(vector);
    this.#upperLogit(this.#first);
    return this.#upper.length === 0 ? this.#first : this.#activations[this.#upper.length - 1];
  }

  /** As {@link logit}, of a vector that will be explained: its first layer is kept as long as the vector is. */
  logitToExplain(vector: Float64Array | Float32Array): number {
    const logit = this.logit(vector);
    this.#kept.set(vector, { first: this.#first.slice(), positions: this.#positions.slice() });
    return logit;
  }

  /** For each feature, how much the logit falls when the feature takes its training median. */
  occlusion(vector: Float64Array | Float32Array): Float64Array {
    this.#readFirst(vector);
    const logit = this.#upperLogit(this.#first);
    return this.#positions.map((position, feature) =>
      position === this.#medianPositions[feature] ? 0 : logit - this.#logitWithout(feature)
    );
  }

  /**
   * As {@link occlusion}, but only for the `count` features whose effect is estimated largest by the slope of the upper
   * layers at this vector: an exact effect costs a pass through them, its estimate two rows of the first.
   * In no order; fewer where fewer differ from their median.
   */
  occlusionOfLargest(
    vector: Float64Array | Float32Array,
    count: number,
  ): { readonly logit: number; readonly effects: { readonly feature: number; readonly effect: number }[] } {
    this.#recallFirst(vector);
    const logit = this.#upperLogit(this.#first);
    this.#estimateEffects();
    const largest: { feature: number; estimate: number }[] = [];
    for (let feature = 0; feature < this.#edges.length; feature++) {
      if (this.#positions[feature] === this.#medianPositions[feature]) continue;
      const estimate = Math.abs(this.#estimates[feature]);
      if (largest.length === count && estimate <= largest[count - 1].estimate) continue;
      if (largest.length === count) largest.pop();
      let at = largest.length;
      while (at > 0 && largest[at - 1].estimate < estimate) at--;
      largest.splice(at, 0, { feature, estimate });
    }
    return {
      logit,
      effects: largest.map(({ feature }) => ({ feature, effect: logit - this.#logitWithout(feature) })),
    };
  }

  /**
   * The logit if the feature had its median, after {@link #upperLogit}: of the second layer's sums only what the units that
   * the feature reaches add to them changes.
   */
  #logitWithout(feature: number): number {
    const { reached, everywhere, sums, medianSums, mostGain } = this.#features[feature];
    const count = reached.length;
    const bin = Math.floor(this.#positions[feature]);
    const part = this.#positions[feature] - bin;
    const low = bin * count;
    // At the last edge there is no next row, and no part of it.
    const high = part === 0 ? low : low + count;
    const first = this.#first;
    if (this.#upper.length === 0) {
      return count === 0 ? first[0] : first[0] + medianSums[0] - sums[low] - part * (sums[high] - sums[low]);
    }
    const { weights, at, from, until } = this.#upper[0];
    const out = this.#activationsWithout[0];
    out.set(this.#activations[0]);
    for (let i = 0; i < count; i++) {
      const input = i < everywhere ? i : reached[i];
      const now = first[input];
      if (now <= -mostGain[i]) continue;
      const whole = sums[low + i];
      const then = now + medianSums[i] - whole - part * (sums[high + i] - whole);
      const more = (then > 0 ? then : 0) - (now > 0 ? now : 0); // relu
      if (more === 0) continue;
      for (let unit = from[input], w = at[input]; unit < until[input]; unit++) {
        out[unit] += more * weights[w++];
      }
    }
    return this.#logitAbove(out, 1, this.#activationsWithout);
  }

  /** Of the logit, by what the first layer's units pass on through the second, after {@link #upperLogit} has run. */
  #slopeAboveFirst(): Float64Array {
    let slope = Float64Array.of(1);
    for (let l = this.#upper.length - 1; l > 0; l--) {
      const below = this.#activations[l - 1];
      const next = new Float64Array(below.length);
      for (let input = 0; input < below.length; input++) {
        if (below[input] > 0) next[input] = slopeThrough(this.#upper[l], input, slope); // relu
      }
      slope = next;
    }
    return slope;
  }

  /**
   * What {@link #logitWithout} would take from the logit, by feature, if the layers above stayed on their slope. The relu of
   * a leaf is not taken for a line: one leaf of a tree goes out and another lights up, and neither is seen from where the
   * other is. Leaf by leaf, as most are too far below 0 for any one feature to light them.
   */
  #estimateEffects(): void {
    const first = this.#first;
    const positions = this.#positions;
    const medians = this.#medianPositions;
    const estimates = this.#estimates.fill(0);
    const above = this.#slopeAboveFirst();
    const slopeOf = (unit: number) =>
      this.#upper.length === 0 ? 1 : slopeThrough(this.#upper[0], unit, above);
    const active = this.#active;
    const slopes = this.#slopes;
    let count = 0;
    for (let unit = 0; unit < active.length; unit++) {
      if (first[unit] <= 0) continue;
      slopes[count] = slopeOf(unit);
      active[count++] = unit;
    }
    for (let feature = 0; feature < positions.length; feature++) {
      const position = positions[feature];
      if (position === medians[feature]) continue;
      const { reached, everywhere, sums, medianSums } = this.#features[feature];
      const bin = Math.floor(position);
      const part = position - bin;
      const low = bin * reached.length;
      // At the last edge there is no next row, and no part of it.
      const high = part === 0 ? low : low + reached.length;
      let sum = 0;
      for (let a = 0; a < count; a++) {
        const unit = active[a];
        if (unit >= everywhere) break;
        const whole = sums[low + unit];
        sum += slopes[a] * (whole + part * (sums[high + unit] - whole) - medianSums[unit]);
      }
      estimates[feature] = sum;
    }
    const { units, mostGain, from, features, places, gains } = this.#leaves;
    for (let leaf = 0; leaf < units.length; leaf++) {
      const now = first[units[leaf]];
      if (now <= -mostGain[leaf]) continue;
      const slope = slopeOf(units[leaf]);
      for (let i = from[leaf]; i < from[leaf + 1]; i++) {
        const feature = features[i];
        const position = positions[feature];
        if (position === medians[feature] || now <= -gains[i]) continue;
        const { reached, sums, medianSums } = this.#features[feature];
        const bin = Math.floor(position);
        const at = bin * reached.length + places[i];
        const whole = sums[at];
        const part = position - bin;
        const its = part === 0 ? whole : whole + part * (sums[at + reached.length] - whole);
        const then = now + medianSums[places[i]] - its;
        estimates[feature] += slope * ((now > 0 ? now : 0) - (then > 0 ? then : 0));
      }
    }
  }

  #recallFirst(vector: Float64Array | Float32Array): void {
    const kept = this.#kept.get(vector);
    if (kept === undefined) return this.#readFirst(vector);
    this.#first.set(kept.first);
    this.#positions.set(kept.positions);
  }

  #readFirst(vector: Float64Array | Float32Array): void {
    this.#first.set(this.#bias);
    for (let f = 0; f < this.#edges.length; f++) {
      const category = this.#categories[f];
      const value = category === null ? vector[f] : edgeValue(category, vector[f]);
      const position = binPosition(this.#edges[f], value);
      this.#positions[f] = position;
      this.#add(this.#first, f, position);
    }
  }

  #add(sum: Float64Array, feature: number, position: number): void {
    if (position === 0) return;
    const { reached, everywhere, sums } = this.#features[feature];
    const count = reached.length;
    const bin = Math.floor(position);
    const part = position - bin;
    const low = bin * count;
    if (part === 0) {
      for (let unit = 0; unit < everywhere; unit++) sum[unit] += sums[low + unit];
      for (let i = everywhere; i < count; i++) sum[reached[i]] += sums[low + i];
    } else {
      const whole = 1 - part;
      const next = low + count;
      for (let unit = 0; unit < everywhere; unit++) {
        sum[unit] += whole * sums[low + unit] + part * sums[next + unit];
      }
      for (let i = everywhere; i < count; i++) {
        sum[reached[i]] += whole * sums[low + i] + part * sums[next + i];
      }
    }
  }

  #upperLogit(first: Float64Array): number {
    return this.#logitAbove(first, 0, this.#activations);
  }

  /** The logit by the sums below the upper layers from `layer` on, whose own go to `activations`. */
  #logitAbove(sums: Float64Array, layer: number, activations: readonly Float64Array[]): number {
    let below = sums;
    for (let l = layer; l < this.#upper.length; l++) {
      const { weights, bias, at, from, until } = this.#upper[l];
      const out = activations[l];
      out.set(bias);
      for (let input = 0; input < below.length; input++) {
        const value = below[input];
        if (value <= 0) continue; // relu
        for (let unit = from[input], w = at[input]; unit < until[input]; unit++) {
          out[unit] += value * weights[w++];
        }
      }
      below = out;
    }
    return below[0];
  }
}
