import { expect } from "expect";
import { Random } from "../../src/core/random.ts";
import { encodeInputs, inputCount } from "../../src/fraud/model/encode_inputs.ts";
import type { InputSpec } from "../../src/fraud/model/manifest.ts";
import { EncodedRows } from "./encoded_rows.ts";

const INPUTS: readonly InputSpec[] = [
  { feature: "flag", edges: [0, 1], median: 0 },
  { feature: "constant", edges: [], median: 4 },
  { feature: "amount", edges: [-2, 0, 0.5, 3, 100], median: 0.7 },
  { feature: "count", edges: [0, 1, 8], median: 0 },
  { feature: "category", codes: [70, 3, -1, 12], edges: [0, 1, 3], median: 3 },
];

Deno.test("EncodedRows writes what encodeInputs() writes, to the bit, few rows or many", () => {
  const random = new Random(2);
  const values = [-3, -2, 0, 1e-300, 1e-9, 0.5, 1, 3, 8, 100, 1e9, NaN];
  const vectors = Array.from(
    { length: 400 },
    () => Float64Array.from(INPUTS, () => random.chance(0.5) ? random.pick(values) : random.normal() * 5),
  );
  const width = inputCount(INPUTS);
  const [expected, given] = [new Float32Array(width + 2), new Float32Array(width + 2).fill(7)];
  const vector = (row: number) => vectors[row % vectors.length];
  // So many that their places are not kept.
  for (const length of [vectors.length, 1_000_000]) {
    const rows = new EncodedRows({ length, vector }, INPUTS);
    for (let row = length - vectors.length; row < length; row++) {
      expected.fill(7);
      encodeInputs(INPUTS, vector(row), expected, 1);
      rows.write(row, given, 1);
      expect(given).toEqual(expected);
    }
  }
});
