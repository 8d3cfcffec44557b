import * as tf from "@tensorflow/tfjs";
import { expect } from "expect";
import { Random } from "../../src/core/random.ts";
import { encodeInputs, inputCount } from "../../src/fraud/model/encode_inputs.ts";
import { sigmoid } from "../../src/fraud/model/fraud_model.ts";
import { type DenseLayer, Network } from "../../src/fraud/model/network.ts";
import { joinMembers } from "./join_members.ts";
import { mixWithTrees } from "./mix_with_trees.ts";
import { toTfjs } from "./to_tfjs.ts";
import { boostTrees } from "./trees/boost_trees.ts";
import { CORNER_INPUTS, plantedCorner } from "./trees/planted_corner.ts";
import { refineInputs, refineMember } from "./trees/refine_inputs.ts";
import { cutsUsed, treesMember } from "./trees/trees_member.ts";
import type { WeightedRows } from "./weighted_rows.ts";

const random = new Random(5);

/** A network that knows nothing. */
function anyNetwork(): DenseLayer[] {
  const widths = [inputCount(CORNER_INPUTS), 6, 4, 1];
  return widths.slice(1).map((units, l) => ({
    kernel: Float32Array.from({ length: widths[l] * units }, () => random.normal()),
    bias: Float32Array.from({ length: units }, () => random.normal()),
    units,
    activation: l === 2 ? "sigmoid" : "relu",
  }));
}

const anyVector = () =>
  Float64Array.of(random.between(-10, 110), random.between(-1, 24), random.integer(0, 1), 4);

const checkOf = (rows: WeightedRows) => ({
  rows,
  group: Uint32Array.from({ length: rows.length }, (_, row) => row % 300),
  groups: 300,
});

const boosted = boostTrees(plantedCorner(8000, 1), plantedCorner(4000, 2), CORNER_INPUTS, 7);

Deno.test("refineMember() is the same function over finer inputs", () => {
  const layers = anyNetwork();
  const finer = refineInputs(CORNER_INPUTS, cutsUsed(boosted));
  expect(inputCount(finer)).toBeGreaterThan(inputCount(CORNER_INPUTS) + 10);
  const [coarse, refined] = [
    new Network(CORNER_INPUTS, layers),
    new Network(finer, refineMember(layers, CORNER_INPUTS, finer)),
  ];
  for (let i = 0; i < 500; i++) {
    const vector = anyVector();
    expect(Math.abs(refined.logit(vector) - coarse.logit(vector))).toBeLessThan(1e-5);
  }
});

Deno.test("mixWithTrees() is the weighted mean, and TF.js agrees with the scorer within 1e-6", async () => {
  const check = checkOf(plantedCorner(4000, 3));
  const mixture = { layers: anyNetwork(), networkShare: 1 };
  const { inputs, layers, treeShare } = mixWithTrees(mixture, boosted, check, CORNER_INPUTS);
  // The network knows nothing, so the trees count more than half.
  expect(treeShare).toBeGreaterThan(0.5);
  const half = joinMembers([
    { layers: refineMember(mixture.layers, CORNER_INPUTS, inputs), weight: 0.5 },
    { layers: treesMember(boosted, inputs), weight: 0.5 },
  ]);
  const [coarse, trees] = [
    new Network(CORNER_INPUTS, mixture.layers),
    new Network(inputs, treesMember(boosted, inputs)),
  ];
  const vectors = Array.from({ length: 1000 }, anyVector);
  const model = await toTfjs(half);
  const width = inputCount(inputs);
  const encoded = new Float32Array(vectors.length * width);
  vectors.forEach((vector, i) => encodeInputs(inputs, vector, encoded, i * width));
  const expected = tf.tidy(() =>
    (model.predict(tf.tensor2d(encoded, [vectors.length, width])) as tf.Tensor).dataSync()
  );
  const [mixed, chosen] = [new Network(inputs, half), new Network(inputs, layers)];
  vectors.forEach((vector, i) => {
    const [network, its] = [coarse.logit(vector), trees.logit(vector)];
    expect(Math.abs(mixed.logit(vector) - (network + its) / 2)).toBeLessThan(1e-5);
    expect(Math.abs(chosen.logit(vector) - (1 - treeShare) * network - treeShare * its)).toBeLessThan(1e-5);
    expect(Math.abs(sigmoid(mixed.logit(vector)) - expected[i])).toBeLessThan(1e-6);
  });
  model.dispose();
});

Deno.test("mixWithTrees() leaves the mixture as it is where trees know nothing", () => {
  const clear = anyNetwork();
  const rows = plantedCorner(4000, 3);
  // What counts as fraud here is what the network finds.
  const network = new Network(CORNER_INPUTS, clear);
  const scores = Float64Array.from({ length: rows.length }, (_, row) => network.logit(rows.vector(row)));
  const bar = scores.toSorted().at(-200)!;
  const check = checkOf({ ...rows, label: Uint8Array.from(scores, (score) => score >= bar ? 1 : 0) });
  const mixture = { layers: clear, networkShare: 1 };
  const { inputs, layers, treeShare } = mixWithTrees(mixture, boosted, check, CORNER_INPUTS);
  expect(treeShare).toBe(0);
  expect(inputs).toBe(CORNER_INPUTS);
  expect(layers).toBe(clear);
});
