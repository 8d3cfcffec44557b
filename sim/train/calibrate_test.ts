import { expect } from "expect";
import fc from "fast-check";
import { Random } from "../../src/core/random.ts";
import { calibratedLogOdds, calibratedProbability } from "../../src/fraud/model/calibration.ts";
import { sigmoid } from "../../src/fraud/model/fraud_model.ts";
import { chooseCalibration, isotonic, platt } from "./calibrate.ts";

/** Logits, and labels drawn at the probabilities that `truth` gives them. */
function drawn(rows: number, truth: (logit: number) => number, seed: number) {
  const random = new Random(seed);
  const logits = Float64Array.from({ length: rows }, () => random.normal() * 2);
  return { logits, label: Uint8Array.from(logits, (logit) => random.chance(truth(logit)) ? 1 : 0) };
}

Deno.test("platt() finds the slope and intercept that made the labels", () => {
  const { logits, label } = drawn(40_000, (logit) => sigmoid(0.7 * logit - 2), 6);
  const fitted = platt(logits, label);
  if (fitted.method !== "platt") throw new Error("Platt's method was asked for.");
  expect(Math.abs(fitted.slope - 0.7)).toBeLessThan(0.03);
  expect(Math.abs(fitted.intercept + 2)).toBeLessThan(0.06);
});

Deno.test("chooseCalibration() takes the sigmoid where it fits, and steps where no sigmoid would", () => {
  const straight = drawn(30_000, (logit) => sigmoid(logit - 3), 7);
  expect(chooseCalibration(straight.logits, straight.label, (row) => row % 2).calibration.method).toBe(
    "platt",
  );
  const bent = drawn(30_000, (logit) => logit < 0 ? 0.01 : logit < 2 ? 0.05 : 0.6, 8);
  const { calibration, held } = chooseCalibration(bent.logits, bent.label, (row) => row % 2);
  expect(calibration.method).toBe("isotonic");
  expect(held.isotonic).toBeLessThan(held.platt);
  expect(calibratedProbability(calibration, -2)).toBeCloseTo(0.01, 1.5);
  expect(calibratedProbability(calibration, 3)).toBeCloseTo(0.6, 1);
});

Deno.test("no calibration turns the order of two payments round", () => {
  const { logits, label } = drawn(5_000, (logit) => sigmoid(logit - 2), 9);
  for (const calibration of [platt(logits, label), isotonic(logits, label)]) {
    fc.assert(
      fc.property(
        fc.double({ min: -30, max: 30, noNaN: true }),
        fc.double({ min: 0, max: 9, noNaN: true }),
        (a, more) => {
          expect(calibratedLogOdds(calibration, a + more)).toBeGreaterThanOrEqual(
            calibratedLogOdds(calibration, a),
          );
        },
      ),
    );
  }
});

Deno.test("isotonic() bears labels of one kind, and ties", () => {
  const logits = Float64Array.of(1, 1, 1, 2, 2, 3);
  for (const label of [[0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1], [0, 1, 0, 1, 0, 1]]) {
    const p = calibratedProbability(isotonic(logits, Uint8Array.from(label)), 2);
    expect(p > 0 && p < 1).toBe(true);
  }
});
