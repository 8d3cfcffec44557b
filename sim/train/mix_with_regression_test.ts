import { expect } from "expect";
import { Random } from "../../src/core/random.ts";
import { type Check, clearlyBest } from "./mix_with_regression.ts";

const CUSTOMERS = 400;

/** Rows of many customers, one in twenty fraud, and scores that know so much of it. */
function planted(rows: number, knows: readonly number[]): { check: Check; scores: Float64Array[] } {
  const random = new Random(5);
  const label = Uint8Array.from({ length: rows }, () => random.uniform() < 0.05 ? 1 : 0);
  const common = Float64Array.from(label, () => random.normal());
  return {
    check: {
      rows: {
        length: rows,
        label,
        weight: new Float32Array(rows).fill(1),
        vector: () => new Float64Array(0),
      },
      group: Uint32Array.from(label, () => random.integer(0, CUSTOMERS - 1)),
      groups: CUSTOMERS,
    },
    // Two mixtures of the same members err alike.
    scores: knows.map((its) =>
      Float64Array.from(label, (l, i) => its * l + common[i] + 0.1 * random.normal())
    ),
  };
}

Deno.test("clearlyBest() takes what is better by more than chance, and by default the first", () => {
  const many = planted(20_000, [2, 2.1, 2.3, 1]);
  expect(clearlyBest(many.scores, many.check)).toBe(2);
  expect(clearlyBest(many.scores.toReversed(), many.check)).toBe(1);
  // The same scores are as good; worse ones are not taken.
  expect(clearlyBest([many.scores[1], many.scores[1], many.scores[0]], many.check)).toBe(0);
});

Deno.test("clearlyBest() keeps to the first where few frauds are known, or none", () => {
  // Better on these rows, but within a standard error.
  const few = planted(300, [2, 2.001]);
  expect(clearlyBest(few.scores, few.check)).toBe(0);
  const none = planted(200, [2, 2.3]);
  none.check.rows.label.fill(0);
  expect(clearlyBest(none.scores, none.check)).toBe(0);
});
