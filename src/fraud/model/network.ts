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
 * two rows instead of ten. Where an ensemble has trees, most units are leaves that ask for few features
 * (sim/train/trees/trees_member.ts), so that each feature adds to the units it reaches alone. The upper layers are blocks
 * on a diagonal (sim/train/join_members.ts); the zeros beside them are skipped. Weights are 32-bit as trained; sums are 64-bit, which keeps the result within 1e-6
 * of TF.js (sim/train/scorer_equals_tfjs_test.ts).
 */
export class Network {
  readonly #bias: Float32Array;
  readonly #edges: Float64Array[];
  readonly #features: readonly FeatureRows[];
  readonly #upper: readonly UpperLayer[];
  /** Of the upper layers, before relu: of the vector read last, and of it with one feature's median. */
  readonly #activations: readonly Float64Array[];
  readonly #activationsWithout: readonly Float64Array[];
  readonly #first: Float64Array;
  /** Of the units that one feature reaches. */
  readonly #changes: Float64Array;
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
    this.#changes = new Float64Array(first.units);
    this.#edges = inputs.map((input) => Float64Array.from(input.edges));
    this.#positions = new Float64Array(inputs.length);
    this.#medianPositions = Float64Array.from(inputs, (input) => binPosition(input.edges, input.median));
    let row = 0;
    this.#features = inputs.map((input) => {
      const rows = featureRows(first, row, input);
      row += binCount(input);
      return rows;
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
    const slope = this.#slopeOfFirst();
    const largest: { feature: number; estimate: number }[] = [];
    for (let feature = 0; feature < this.#edges.length; feature++) {
      if (this.#positions[feature] === this.#medianPositions[feature]) continue;
      const estimate = Math.abs(this.#estimate(slope, feature));
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
    const { reached } = this.#features[feature];
    const changes = this.#readChanges(feature);
    if (this.#upper.length === 0) return this.#first[0] + (reached.length === 0 ? 0 : changes[0]);
    const first = this.#first;
    const { kernel, units, from, until } = this.#upper[0];
    const out = this.#activationsWithout[0];
    out.set(this.#activations[0]);
    for (let i = 0; i < reached.length; i++) {
      const input = reached[i];
      const now = first[input];
      const then = now + changes[i];
      const more = (then > 0 ? then : 0) - (now > 0 ? now : 0); // relu
      if (more === 0) continue;
      const row = input * units;
      for (let unit = from[input]; unit < until[input]; unit++) out[unit] += more * kernel[row + unit];
    }
    return this.#logitAbove(out, 1, this.#activationsWithout);
  }

  /** What the median in the feature's place adds to the sums of the units that it reaches, in their order. */
  #readChanges(feature: number): Float64Array {
    const { reached, sums, medianSums } = this.#features[feature];
    const count = reached.length;
    const changes = this.#changes;
    const bin = Math.floor(this.#positions[feature]);
    const part = this.#positions[feature] - bin;
    const low = bin * count;
    // At the last edge there is no next row, and no part of it.
    const high = part === 0 ? low : low + count;
    for (let i = 0; i < count; i++) {
      const whole = sums[low + i];
      changes[i] = medianSums[i] - whole - part * (sums[high + i] - whole);
    }
    return changes;
  }

  /** Of the logit, by what the first layer's units pass on, after {@link #upperLogit} has run over their sums. */
  #slopeOfFirst(): Float64Array {
    let slope = Float64Array.of(1);
    for (let l = this.#upper.length - 1; l >= 0; l--) {
      const { kernel, units, from, until } = this.#upper[l];
      const below = l === 0 ? this.#first : this.#activations[l - 1];
      const next = new Float64Array(below.length);
      for (let input = 0; input < below.length; input++) {
        if (l > 0 && below[input] <= 0) continue; // relu
        const row = input * units;
        for (let unit = from[input]; unit < until[input]; unit++) {
          next[input] += slope[unit] * kernel[row + unit];
        }
      }
      slope = next;
    }
    return slope;
  }

  /**
   * What {@link #logitWithout} would take from the logit if the layers above stayed on their slope. The first layer's relu is
   * not taken for a line: one leaf of a tree goes out and another lights up, and neither is seen from where the other is.
   */
  #estimate(slope: Float64Array, feature: number): number {
    const { reached } = this.#features[feature];
    const changes = this.#readChanges(feature);
    const first = this.#first;
    let sum = 0;
    for (let i = 0; i < reached.length; i++) {
      const unit = reached[i];
      const now = first[unit];
      const then = now + changes[i];
      sum += slope[unit] * ((now > 0 ? now : 0) - (then > 0 ? then : 0));
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
    const { reached, sums } = this.#features[feature];
    const count = reached.length;
    const bin = Math.floor(position);
    const part = sign * (position - bin);
    const low = bin * count;
    if (part === 0) {
      for (let i = 0; i < count; i++) sum[reached[i]] += sign * sums[low + i];
    } else {
      const whole = sign - part;
      for (let i = 0; i < count; i++) {
        sum[reached[i]] += whole * sums[low + i] + part * sums[low + count + i];
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
      const { kernel, bias, units, from, until } = this.#upper[l];
      const out = activations[l];
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

/** A feature's rows of the first kernel. */
interface FeatureRows {
  /** The units with any weight of this feature: all of a network's, and of trees' leaves those that ask for it. */
  readonly reached: Uint32Array;
  /** Row b is the sum of the first b kernel rows, for the units reached. */
  readonly sums: Float64Array;
  /** What the median adds to them. */
  readonly medianSums: Float64Array;
}

function featureRows({ units, kernel }: DenseLayer, firstRow: number, input: InputSpec): FeatureRows {
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
  const median = binPosition(input.edges, input.median);
  const bin = Math.floor(median);
  const medianSums = Float64Array.from(reached, (_, i) => {
    const whole = sums[bin * count + i];
    return median === bin ? whole : whole + (median - bin) * (sums[(bin + 1) * count + i] - whole);
  });
  return { reached, sums, medianSums };
}
