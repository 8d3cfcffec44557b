import { binCount, binPosition, inputCount } from "./encode_inputs.ts";
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
 * two rows instead of ten. The upper layers of an ensemble are blocks on a diagonal (sim/train/join_members.ts); the
 * zeros beside them are skipped. Weights are 32-bit as trained; sums are 64-bit, which keeps the result within 1e-6
 * of TF.js (sim/train/scorer_equals_tfjs_test.ts).
 */
export class Network {
  readonly #hiddenUnits: number;
  readonly #bias: Float32Array;
  readonly #edges: Float64Array[];
  /** Per feature: row b is the sum of its first b kernel rows. */
  readonly #sums: Float64Array[];
  readonly #upper: readonly UpperLayer[];
  readonly #activations: Float64Array[];
  readonly #first: Float64Array;
  readonly #without: Float64Array;
  readonly #medianPositions: Float64Array;
  /** Of the vector read last, by feature. */
  readonly #positions: Float64Array;
  /** By vector, what {@link #readFirst} made of it. */
  readonly #kept = new WeakMap<
    Float64Array | Float32Array,
    { first: Float64Array; positions: Float64Array }
  >();
  /** The first layer's units that the slope reaches. */
  readonly #active: Uint32Array;

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
    this.#hiddenUnits = first.units;
    this.#bias = first.bias;
    this.#upper = upper.map(upperLayer);
    this.#activations = upper.map((layer) => new Float64Array(layer.units));
    this.#first = new Float64Array(first.units);
    this.#without = new Float64Array(first.units);
    this.#edges = inputs.map((input) => Float64Array.from(input.edges));
    this.#positions = new Float64Array(inputs.length);
    this.#active = new Uint32Array(first.units);
    this.#medianPositions = Float64Array.from(inputs, (input) => binPosition(input.edges, input.median));
    let row = 0;
    this.#sums = inputs.map((input) => {
      const sums = sumRows(first, row, binCount(input));
      row += binCount(input);
      return sums;
    });
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
   * As {@link occlusion}, but only for the `count` features whose effect is estimated largest by the slope of the logit at
   * this vector: an exact effect costs a pass through the upper layers, its estimate a part of one row of the first.
   * In no order; fewer where fewer differ from their median.
   */
  occlusionOfLargest(
    vector: Float64Array | Float32Array,
    count: number,
  ): { readonly logit: number; readonly effects: { readonly feature: number; readonly effect: number }[] } {
    this.#recallFirst(vector);
    const logit = this.#upperLogit(this.#first);
    const slope = this.#slopeOfFirst();
    let active = 0;
    for (let unit = 0; unit < slope.length; unit++) if (slope[unit] !== 0) this.#active[active++] = unit;
    const largest: { feature: number; estimate: number }[] = [];
    for (let feature = 0; feature < this.#edges.length; feature++) {
      const position = this.#positions[feature];
      const median = this.#medianPositions[feature];
      if (position === median) continue;
      const estimate = Math.abs(
        this.#along(slope, active, feature, position) - this.#along(slope, active, feature, median),
      );
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

  /** The logit if the feature had its median, after {@link #readFirst}. */
  #logitWithout(feature: number): number {
    this.#without.set(this.#first);
    this.#add(this.#without, feature, this.#positions[feature], -1);
    this.#add(this.#without, feature, this.#medianPositions[feature], 1);
    return this.#upperLogit(this.#without);
  }

  /** Of the logit, by the first layer's sums, after {@link #upperLogit} has run over them. */
  #slopeOfFirst(): Float64Array {
    let slope = Float64Array.of(1);
    for (let l = this.#upper.length - 1; l >= 0; l--) {
      const { kernel, units, from, until } = this.#upper[l];
      const below = l === 0 ? this.#first : this.#activations[l - 1];
      const next = new Float64Array(below.length);
      for (let input = 0; input < below.length; input++) {
        if (below[input] <= 0) continue; // relu
        const row = input * units;
        for (let unit = from[input]; unit < until[input]; unit++) {
          next[input] += slope[unit] * kernel[row + unit];
        }
      }
      slope = next;
    }
    return slope;
  }

  /** What a feature at this position adds to the logit where the slope holds; `active` units have one. */
  #along(slope: Float64Array, active: number, feature: number, position: number): number {
    if (position === 0) return 0;
    const units = this.#hiddenUnits;
    const sums = this.#sums[feature];
    const bin = Math.floor(position);
    const part = position - bin;
    const low = bin * units;
    let sum = 0;
    for (let i = 0; i < active; i++) {
      const unit = this.#active[i];
      const whole = sums[low + unit];
      sum += slope[unit] * (part === 0 ? whole : whole + part * (sums[low + units + unit] - whole));
    }
    return sum;
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
      const position = binPosition(this.#edges[f], vector[f]);
      this.#positions[f] = position;
      this.#add(this.#first, f, position, 1);
    }
  }

  #add(sum: Float64Array, feature: number, position: number, sign: number): void {
    if (position === 0) return;
    const units = this.#hiddenUnits;
    const sums = this.#sums[feature];
    const bin = Math.floor(position);
    const part = sign * (position - bin);
    const low = bin * units;
    if (part === 0) {
      for (let unit = 0; unit < units; unit++) sum[unit] += sign * sums[low + unit];
    } else {
      const whole = sign - part;
      for (let unit = 0; unit < units; unit++) {
        sum[unit] += whole * sums[low + unit] + part * sums[low + units + unit];
      }
    }
  }

  #upperLogit(first: Float64Array): number {
    let below = first;
    for (let l = 0; l < this.#upper.length; l++) {
      const { kernel, bias, units, from, until } = this.#upper[l];
      const out = this.#activations[l];
      out.set(bias);
      for (let input = 0; input < below.length; input++) {
        const value = below[input];
        if (value <= 0) continue; // relu
        const row = input * units;
        for (let unit = from[input]; unit < until[input]; unit++) out[unit] += value * kernel[row + unit];
      }
      below = out;
    }
    return below[0];
  }
}

interface UpperLayer extends DenseLayer {
  /** By input, the units it reaches: all weights outside are 0. */
  readonly from: Uint32Array;
  readonly until: Uint32Array;
}

function upperLayer(layer: DenseLayer): UpperLayer {
  const { kernel, units } = layer;
  const inputs = kernel.length / units;
  const from = new Uint32Array(inputs);
  const until = new Uint32Array(inputs);
  for (let input = 0; input < inputs; input++) {
    const row = kernel.subarray(input * units, (input + 1) * units);
    const first = row.findIndex((weight) => weight !== 0);
    if (first < 0) continue;
    from[input] = first;
    until[input] = row.findLastIndex((weight) => weight !== 0) + 1;
  }
  return { ...layer, from, until };
}

function sumRows(layer: DenseLayer, firstRow: number, rows: number): Float64Array {
  const { units, kernel } = layer;
  const sums = new Float64Array((rows + 1) * units);
  for (let row = 0; row < rows; row++) {
    for (let unit = 0; unit < units; unit++) {
      sums[(row + 1) * units + unit] = sums[row * units + unit] + kernel[(firstRow + row) * units + unit];
    }
  }
  return sums;
}
