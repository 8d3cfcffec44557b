import { sigmoid } from "../../src/fraud/model/fraud_model.ts";
import type { Calibration } from "../../src/fraud/model/manifest.ts";

const MOST_STEPS = 50;

/**
 * Platt scaling: the slope and intercept that make the logits' probabilities fit the labels best, by Newton's
 * method. It also undoes the sampling of genuine payments, which only shifts the logits.
 */
export function calibrate(logits: Float64Array, label: Uint8Array): Calibration {
  let [slope, intercept] = [1, 0];
  for (let step = 0; step < MOST_STEPS; step++) {
    // A whisper of a prior keeps the slope finite when the logits separate the labels perfectly.
    let [gs, gi, hss, hsi, hii] = [1e-3 * (slope - 1), 0, 1e-3, 0, 1e-9];
    for (let row = 0; row < logits.length; row++) {
      const p = sigmoid(slope * logits[row] + intercept);
      const error = p - label[row];
      const weight = p * (1 - p);
      gs += error * logits[row];
      gi += error;
      hss += weight * logits[row] * logits[row];
      hsi += weight * logits[row];
      hii += weight;
    }
    const determinant = hss * hii - hsi * hsi;
    const slopeStep = (hii * gs - hsi * gi) / determinant;
    const interceptStep = (hss * gi - hsi * gs) / determinant;
    // Far from the optimum a full Newton step can overshoot; two units of log-odds are far enough.
    slope -= Math.max(-1, Math.min(1, slopeStep));
    intercept -= Math.max(-2, Math.min(2, interceptStep));
    if (Math.abs(slopeStep) < 1e-10 && Math.abs(interceptStep) < 1e-10) break;
  }
  return { method: "platt", slope, intercept };
}
