import { expect } from "expect";
import fc from "fast-check";
import { Random } from "../../core/random.ts";
import { OTHER_CODE, readableValue } from "./category_order.ts";
import { binPosition, encodeInputs, inputCount, inputPosition } from "./encode_inputs.ts";
import type { InputSpec } from "./manifest.ts";
import { type DenseLayer, Network } from "./network.ts";

const INPUTS: readonly InputSpec[] = [
  { feature: "flag", edges: [0, 1], median: 0 },
  { feature: "amount", edges: [-2, 0, 0.5, 3, 100], median: 0.7 },
  { feature: "constant", edges: [], median: 4 },
  { feature: "count", edges: [0, 1, 8], median: 0 },
  { feature: "category", codes: [700, 3, OTHER_CODE, 12], edges: [0, 1, 2, 3], median: 3 },
];

/** The last five of eight units ask for about half of the inputs, as the leaves of trees do; every second seed. */
function randomLayers(random: Random): DenseLayer[] {
  const widths = [inputCount(INPUTS), 8, 5, 1];
  const hasLeaves = random.chance(0.5);
  const weight = (layer: number, unit: number) =>
    hasLeaves && layer === 0 && unit >= 3 && random.chance(0.5) ? 0 : random.normal();
  return widths.slice(1).map((units, i) => ({
    kernel: Float32Array.from({ length: widths[i] * units }, (_, at) => weight(i, at % units)),
    bias: Float32Array.from({ length: units }, () => random.normal()),
    units,
    activation: i === 2 ? "sigmoid" : "relu",
  }));
}

/** Layer by layer over the encoded inputs, as a textbook has it. */
function plainLogit(vector: Float64Array, layers: readonly DenseLayer[]): number {
  const encoded = new Float32Array(inputCount(INPUTS));
  encodeInputs(INPUTS, vector, encoded, 0);
  let values: number[] = [...encoded];
  for (const [l, { kernel, bias, units }] of layers.entries()) {
    values = Array.from(
      { length: units },
      (_, unit) => values.reduce((sum, value, i) => sum + value * kernel[i * units + unit], bias[unit]),
    );
    if (l < layers.length - 1) values = values.map((value) => Math.max(0, value));
  }
  return values[0];
}

const vectors = fc.tuple(
  fc.array(fc.double({ min: -5, max: 200, noNaN: true }), { minLength: 4, maxLength: 4 }),
  // The last two were never seen.
  fc.constantFrom(700, 3, 12, 99, 0),
).map(([values, code]) => Float64Array.from([...values, code]));

Deno.test("logit() equals the plain forward pass over the encoded inputs", () => {
  fc.assert(fc.property(fc.integer(), vectors, (seed, vector) => {
    const layers = randomLayers(new Random(seed));
    const expected = plainLogit(vector, layers);
    expect(Math.abs(new Network(INPUTS, layers).logit(vector) - expected)).toBeLessThan(1e-9);
  }));
});

Deno.test("occlusion() is the fall of the logit when a feature takes its median", () => {
  fc.assert(fc.property(fc.integer(), vectors, (seed, vector) => {
    const layers = randomLayers(new Random(seed));
    const effects = new Network(INPUTS, layers).occlusion(vector);
    INPUTS.forEach((input, f) => {
      const replaced = Float64Array.from(vector);
      replaced[f] = input.median;
      const expected = plainLogit(vector, layers) - plainLogit(replaced, layers);
      expect(Math.abs(effects[f] - expected)).toBeLessThan(1e-9);
    });
  }));
});

Deno.test("binPosition() never falls and ends at the outer edges", () => {
  const { edges } = INPUTS[1];
  fc.assert(
    fc.property(fc.double({ noNaN: true }), fc.double({ noNaN: true }), (a, b) => {
      const [low, high] = [binPosition(edges, Math.min(a, b)), binPosition(edges, Math.max(a, b))];
      expect(low).toBeLessThanOrEqual(high);
      expect(low).toBeGreaterThanOrEqual(0);
      expect(high).toBeLessThanOrEqual(4);
    }),
  );
  expect(edges.map((edge) => binPosition(edges, edge))).toEqual([0, 1, 2, 3, 4]);
  expect(binPosition(edges, NaN)).toBe(0);
});

Deno.test("new Network() refuses layers that do not fit the inputs", () => {
  const layers = randomLayers(new Random(1));
  expect(() => new Network(INPUTS.slice(1), layers)).toThrow("do not fit");
  expect(() => new Network(INPUTS, layers.slice(0, 2))).toThrow("do not fit");
});

Deno.test("occlusionOfLargest() is occlusion() for as many features as asked for", () => {
  fc.assert(fc.property(fc.integer(), vectors, (seed, vector) => {
    const network = new Network(INPUTS, randomLayers(new Random(seed)));
    const all = network.occlusion(vector);
    const { logit, effects: some } = network.occlusionOfLargest(vector, 2);
    expect(logit).toBe(network.logit(vector));
    expect(some.length).toBeLessThanOrEqual(2);
    for (const { feature, effect } of some) expect(effect).toBe(all[feature]);
    // With room for all, nothing is estimated away.
    const found = new Float64Array(all.length);
    for (const { feature, effect } of network.occlusionOfLargest(vector, all.length).effects) {
      found[feature] = effect;
    }
    expect(found).toEqual(all);
  }));
});

Deno.test("what a score keeps for the explanation changes neither, whatever was scored in between", () => {
  fc.assert(fc.property(fc.integer(), vectors, vectors, (seed, vector, other) => {
    const network = new Network(INPUTS, randomLayers(new Random(seed)));
    const anew = network.occlusionOfLargest(vector, 3);
    expect(network.logitToExplain(vector)).toBe(anew.logit);
    network.logitToExplain(other);
    network.occlusionOfLargest(other, 3);
    expect(network.occlusionOfLargest(vector, 3)).toEqual(anew);
  }));
});

Deno.test("a category's code enters as its place in the order, an unseen one at that of the others", () => {
  const category = INPUTS[4];
  expect([700, 3, 12, 99, 0].map((code) => inputPosition(category, code))).toEqual([0, 1, 3, 2, 2]);
  const encoded = new Float32Array(inputCount([category]));
  encodeInputs([category], Float64Array.of(99), encoded, 0);
  expect([...encoded]).toEqual([1, 1, 0]);
  // Nobody was rare in training, so no edge lies at the others' place: they are half of the way.
  const without = { ...category, edges: [0, 1, 3] };
  expect([3, 99, 12].map((code) => inputPosition(without, code))).toEqual([1, 1.5, 2]);
});

Deno.test("readableValue() gives a category's name where training knew it, else says what it is", () => {
  const named = { ...INPUTS[4], names: ["grocery", null, null, "gaming"] };
  expect([700, 12, 3, 99, 0].map((code) => readableValue(named, code)))
    .toEqual(["grocery", "gaming", "code 3", "code 99", "not known"]);
  expect(readableValue(INPUTS[1], 0.5)).toBe(0.5);
});
