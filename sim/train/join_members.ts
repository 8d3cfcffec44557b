import type { InputSpec } from "../../src/fraud/model/manifest.ts";
import type { DenseLayer } from "../../src/fraud/model/network.ts";

/** A member of an ensemble and how much its logit counts; the weights of all add up to 1. */
export interface WeightedMember {
  readonly layers: readonly DenseLayer[];
  readonly weight: number;
}

/**
 * An ensemble as one network whose logit is the weighted mean of its members': first layers side by side, the layers
 * above as blocks on a diagonal, the last one averaging. So the files, the server's scorer and whoever loads the model
 * with TF.js need not know that there are several. Members have the same depth, two layers at least.
 */
export function joinMembers(members: readonly WeightedMember[]): DenseLayer[] {
  const depth = members[0].layers.length;
  return Array.from({ length: depth }, (_, l) => {
    const layers = members.map((member) => member.layers[l]);
    if (l === 0) return sideBySide(layers);
    return l === depth - 1 ? averaging(members) : diagonal(layers);
  });
}

/**
 * An ensemble that also tells what each of its networks says alone: its last layer has the joint logit first, then one a
 * network. `joined` is of {@link joinMembers}, the networks its first members.
 */
export function besideMembers(
  joined: readonly DenseLayer[],
  networks: readonly (readonly DenseLayer[])[],
): DenseLayer[] {
  const joint = joined[joined.length - 1];
  const last = networks.map((layers) => layers[layers.length - 1]);
  const units = 1 + networks.length;
  const kernel = new Float32Array(joint.kernel.length * units);
  joint.kernel.forEach((weight, row) => kernel[row * units] = weight);
  let row = 0;
  last.forEach((layer, m) => layer.kernel.forEach((weight) => kernel[row++ * units + 1 + m] = weight));
  const bias = Float32Array.of(joint.bias[0], ...last.map((layer) => layer.bias[0]));
  return [...joined.slice(0, -1), { ...joint, kernel, bias, units }];
}

/**
 * A logistic regression over whole features as a member of three layers over their bins. A line is the same slope in
 * every bin; and as relu passes nothing below 0, one unit carries the logit where it is positive and a second one where
 * it is negative.
 */
export function linearMember(regression: DenseLayer, inputs: readonly InputSpec[]): DenseLayer[] {
  const kernel: number[] = [];
  let at = 0;
  for (const { edges } of inputs) {
    if (edges.length < 2) continue;
    const weight = regression.kernel[at++];
    const whole = edges[edges.length - 1] - edges[0];
    for (let bin = 1; bin < edges.length; bin++) {
      const its = weight * (edges[bin] - edges[bin - 1]) / whole;
      kernel.push(its, -its);
    }
  }
  const bias = regression.bias[0];
  return [
    { kernel: Float32Array.from(kernel), bias: Float32Array.of(bias, -bias), units: 2, activation: "relu" },
    { kernel: Float32Array.of(1, 0, 0, 1), bias: new Float32Array(2), units: 2, activation: "relu" },
    { kernel: Float32Array.of(1, -1), bias: new Float32Array(1), units: 1, activation: "sigmoid" },
  ];
}

/** Each feature as one input between its outer edges: what {@link linearMember} was fitted on. */
export function wholeFeatures(inputs: readonly InputSpec[]): InputSpec[] {
  return inputs.map((input) => ({
    ...input,
    edges: input.edges.length < 2 ? [] : [input.edges[0], input.edges[input.edges.length - 1]],
  }));
}

function sideBySide(layers: readonly DenseLayer[]): DenseLayer {
  const wide = layers.reduce((sum, { units }) => sum + units, 0);
  const rows = layers[0].kernel.length / layers[0].units;
  const kernel = new Float32Array(rows * wide);
  let column = 0;
  for (const layer of layers) {
    copyBlock(layer, kernel, wide, 0, column);
    column += layer.units;
  }
  return { kernel, bias: joinedBias(layers), units: wide, activation: layers[0].activation };
}

function diagonal(layers: readonly DenseLayer[]): DenseLayer {
  const wide = layers.reduce((sum, { units }) => sum + units, 0);
  const rows = layers.reduce((sum, { kernel, units }) => sum + kernel.length / units, 0);
  const kernel = new Float32Array(rows * wide);
  let [row, column] = [0, 0];
  for (const layer of layers) {
    copyBlock(layer, kernel, wide, row, column);
    row += layer.kernel.length / layer.units;
    column += layer.units;
  }
  return { kernel, bias: joinedBias(layers), units: wide, activation: layers[0].activation };
}

function averaging(members: readonly WeightedMember[]): DenseLayer {
  const last = members.map(({ layers }) => layers[layers.length - 1]);
  const kernel = members.flatMap(({ weight }, m) => Array.from(last[m].kernel, (value) => weight * value));
  const bias = members.reduce((sum, { weight }, m) => sum + weight * last[m].bias[0], 0);
  return { ...last[0], kernel: Float32Array.from(kernel), bias: Float32Array.of(bias) };
}

function copyBlock(
  { kernel, units }: DenseLayer,
  to: Float32Array,
  width: number,
  row: number,
  column: number,
): void {
  for (let r = 0; r < kernel.length / units; r++) {
    to.set(kernel.subarray(r * units, (r + 1) * units), (row + r) * width + column);
  }
}

function joinedBias(layers: readonly DenseLayer[]): Float32Array {
  return Float32Array.from(layers.flatMap(({ bias }) => Array.from(bias)));
}
