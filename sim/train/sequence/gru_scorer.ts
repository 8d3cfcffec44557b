import { assertFits, type GruLayers } from "./gru_layers.ts";

/**
 * The sequence model, compiled for one payment at a time. Weights are 32-bit as trained; sums are 64-bit, which keeps the
 * result within 1e-6 of TF.js's own layers (gru_scorer_test.ts). Inputs that are 0 are skipped: most are.
 */
export class GruScorer {
  readonly #layers: GruLayers;
  /** Of all steps. */
  readonly #projected: Float64Array;
  readonly #recurrent: Float64Array;
  readonly #gated: Float64Array;
  readonly #state: Float64Array;
  readonly #dense: Float64Array;
  readonly #join: Float64Array;

  constructor(layers: GruLayers) {
    assertFits(layers);
    this.#layers = layers;
    const { steps, units, denseUnits, joinUnits } = layers.shape;
    this.#projected = new Float64Array(steps * 3 * units);
    this.#recurrent = new Float64Array(2 * units);
    this.#gated = new Float64Array(units);
    this.#state = new Float64Array(units);
    this.#dense = new Float64Array(denseUnits);
    this.#join = new Float64Array(joinUnits);
  }

  /**
   * The logit of fraud.
   *
   * @param inputs of the present payment, `width` of them
   * @param sequence its steps one after the other, oldest first, `stepWidth` inputs each
   */
  logit(inputs: Float32Array, sequence: Float32Array): number {
    const { steps, stepWidth, units } = this.#layers.shape;
    for (let step = 0; step < steps; step++) {
      const input = sequence.subarray(step * stepWidth, (step + 1) * stepWidth);
      this.project(input, stepWidth, this.#projected, step * 3 * units);
    }
    return this.logitOfProjected(inputs, this.#projected);
  }

  /** What the first `inputs` inputs of a step give its gates, `3 × units` numbers from `offset` on. */
  project(step: Float32Array, inputs: number, out: Float64Array, offset: number): void {
    out.set(this.#layers.bias, offset);
    for (let i = 0; i < inputs; i++) this.projectInput(i, step[i], out, offset);
  }

  /** Adds what one input gives them. */
  projectInput(input: number, value: number, out: Float64Array, offset: number): void {
    if (value === 0) return;
    const { kernel, shape: { units } } = this.#layers;
    const gates = 3 * units;
    const row = input * gates;
    for (let gate = 0; gate < gates; gate++) out[offset + gate] += value * kernel[row + gate];
  }

  /** As {@link logit}, where all steps are projected already, oldest first; they are overwritten. */
  logitOfProjected(inputs: Float32Array, projected: Float64Array): number {
    const { shape, denseKernel, denseBias, joinKernel, joinBias, outKernel, outBias } = this.#layers;
    const { steps, units, denseUnits, joinUnits } = shape;
    this.#state.fill(0);
    for (let step = 0; step < steps; step++) {
      this.#read(projected.subarray(step * 3 * units, (step + 1) * 3 * units));
    }
    this.#dense.set(denseBias);
    addProduct(this.#dense, inputs, denseKernel, denseUnits, 0, denseUnits);
    this.#join.set(joinBias);
    addProduct(this.#join, this.#state, joinKernel, joinUnits, 0, joinUnits);
    for (let unit = 0; unit < denseUnits; unit++) {
      const value = this.#dense[unit];
      if (value <= 0) continue; // relu
      const row = (units + unit) * joinUnits;
      for (let to = 0; to < joinUnits; to++) this.#join[to] += value * joinKernel[row + to];
    }
    let logit = outBias[0];
    for (let unit = 0; unit < joinUnits; unit++) logit += Math.max(0, this.#join[unit]) * outKernel[unit];
    return logit;
  }

  /** One step: the gates from input and state, the candidate from the input and what the reset gate leaves of the state. */
  #read(projected: Float64Array): void {
    const { shape: { units }, recurrentKernel } = this.#layers;
    const [recurrent, gated, state] = [this.#recurrent, this.#gated, this.#state];
    recurrent.fill(0);
    addProduct(recurrent, state, recurrentKernel, 3 * units, 0, 2 * units);
    for (let unit = 0; unit < units; unit++) {
      gated[unit] = sigmoid(projected[units + unit] + recurrent[units + unit]) * state[unit];
    }
    const candidate = projected.subarray(2 * units);
    addProduct(candidate, gated, recurrentKernel, 3 * units, 2 * units, units);
    for (let unit = 0; unit < units; unit++) {
      const update = sigmoid(projected[unit] + recurrent[unit]);
      state[unit] = update * state[unit] + (1 - update) * Math.tanh(candidate[unit]);
    }
  }
}

/** Adds input × `columns` columns of a kernel, from column `from` on. */
function addProduct(
  sum: Float64Array,
  input: Float32Array | Float64Array,
  kernel: Float32Array,
  width: number,
  from: number,
  columns: number,
): void {
  for (let i = 0; i < input.length; i++) {
    const value = input[i];
    if (value === 0) continue;
    const row = i * width + from;
    for (let column = 0; column < columns; column++) sum[column] += value * kernel[row + column];
  }
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}
