import { assert } from "../../../src/core/assert.ts";

/** Sizes of the sequence model. */
export interface GruShape {
  /** Steps of a sequence; shorter histories begin with steps of zeros. */
  readonly steps: number;
  /** Inputs of one step. */
  readonly stepWidth: number;
  /** Inputs about the present payment alone; 0 for none. */
  readonly width: number;
  /** Of the recurrent layer. */
  readonly units: number;
  /** Of the layer over `width` inputs, beside the recurrent one. */
  readonly denseUnits: number;
  /** Of the layer in which both come together. */
  readonly joinUnits: number;
}

/**
 * The trained weights, row by row as TF.js stores them: `kernel[input * units + unit]`. The three parts of the recurrent
 * layer stand side by side in the order of `tf.layers.gru`: update gate, reset gate, candidate.
 */
export interface GruLayers {
  readonly shape: GruShape;
  /** stepWidth × 3 units. */
  readonly kernel: Float32Array;
  /** units × 3 units. */
  readonly recurrentKernel: Float32Array;
  /** 3 units. */
  readonly bias: Float32Array;
  /** width × denseUnits. */
  readonly denseKernel: Float32Array;
  readonly denseBias: Float32Array;
  /** (units + denseUnits) × joinUnits: the recurrent layer's rows first. */
  readonly joinKernel: Float32Array;
  readonly joinBias: Float32Array;
  /** joinUnits × 1. */
  readonly outKernel: Float32Array;
  readonly outBias: Float32Array;
}

export function assertFits(layers: GruLayers): void {
  const { stepWidth, width, units, denseUnits, joinUnits } = layers.shape;
  const expected = {
    kernel: stepWidth * 3 * units,
    recurrentKernel: units * 3 * units,
    bias: 3 * units,
    denseKernel: width * denseUnits,
    denseBias: denseUnits,
    joinKernel: (units + denseUnits) * joinUnits,
    joinBias: joinUnits,
    outKernel: joinUnits,
    outBias: 1,
  } satisfies Record<Exclude<keyof GruLayers, "shape">, number>;
  for (const [name, length] of Object.entries(expected) as [keyof typeof expected, number][]) {
    assert(layers[name].length === length, `${name} holds ${layers[name].length} weights, not ${length}.`);
  }
}
