import { calibratedProbability, type Calibration } from "../../src/fraud/model/calibration.ts";
import { sigmoid } from "../../src/fraud/model/fraud_model.ts";

const MOST_STEPS = 50;
/** Isotonic steps are averages of at least so many frauds and genuine payments: fewer is chance, not shape. */
const LEAST_FRAUDS_A_KNOT = 15;

export interface ChosenCalibration {
  readonly calibration: Calibration;
  /** Mean cross-entropy in nats on the half of the validation rows that it was not fitted on, by method. */
  readonly held: { readonly platt: number; readonly isotonic: number };
}

/**
 * Platt's sigmoid or an isotonic curve, whichever does better on the half of the validation rows that it has not seen;
 * the better one is then fitted on all of them. `half` says to which half a row belongs, 0 or 1: by customer, so that
 * one affair does not stand on both sides.
 */
export function chooseCalibration(
  logits: Float64Array,
  label: Uint8Array,
  half: (row: number) => number,
): ChosenCalibration {
  const held = { platt: 0, isotonic: 0 };
  for (const fold of [0, 1]) {
    const inner = logits.map((_, row) => row).filter((row) => half(row) !== fold);
    const outer = logits.map((_, row) => row).filter((row) => half(row) === fold);
    const [seenLogits, seenLabel] = [
      Float64Array.from(inner, (row) => logits[row]),
      Uint8Array.from(inner, (row) => label[row]),
    ];
    for (const [name, fit] of [["platt", platt], ["isotonic", isotonic]] as const) {
      const calibration = fit(seenLogits, seenLabel);
      for (const row of outer) held[name] += surprise(calibration, logits[row], label[row]) / logits.length;
    }
  }
  const fit = held.isotonic < held.platt ? isotonic : platt;
  return { calibration: fit(logits, label), held };
}

function surprise(calibration: Calibration, logit: number, label: number): number {
  const p = calibratedProbability(calibration, logit);
  return -Math.log(Math.max(1e-12, label ? p : 1 - p));
}

/**
 * Platt scaling: the slope and intercept that make the logits' probabilities fit the labels best, by Newton's
 * method. It also undoes the sampling of genuine payments, which only shifts the logits.
 */
export function platt(logits: Float64Array, label: Uint8Array): Calibration {
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
  // A model that ranks backwards on validation is still not to be read backwards.
  return { method: "platt", slope: Math.max(slope, 1e-3), intercept };
}

/** The rising steps that fit best (pool adjacent violators), joined by straight lines through their middles. */
export function isotonic(logits: Float64Array, label: Uint8Array): Calibration {
  const order = logits.map((_, row) => row).sort((a, b) => logits[a] - logits[b] || a - b);
  const blocks: Block[] = [];
  let block: Block = { frauds: 0, rows: 0, logits: 0 };
  for (let i = 0; i < order.length; i++) {
    const row = order[i];
    block = {
      frauds: block.frauds + label[row],
      rows: block.rows + 1,
      logits: block.logits + logits[row],
    };
    const isFull = block.frauds >= LEAST_FRAUDS_A_KNOT &&
      block.rows - block.frauds >= LEAST_FRAUDS_A_KNOT;
    const tied = i + 1 < order.length && logits[order[i + 1]] === logits[row];
    if (tied || !isFull && i + 1 < order.length) continue;
    if (!isFull && blocks.length > 0) block = merge(blocks.pop()!, block);
    while (blocks.length > 0 && rate(blocks[blocks.length - 1]) >= rate(block)) {
      block = merge(blocks.pop()!, block);
    }
    blocks.push(block);
    block = { frauds: 0, rows: 0, logits: 0 };
  }
  // Half a fraud and half a genuine payment more keep a pure block's log-odds finite.
  const knots = blocks.map(({ frauds, rows, logits: sum }) => ({
    logit: sum / rows,
    logOdds: Math.log((frauds + 0.5) / (rows - frauds + 0.5)),
  }));
  const rising = knots.filter((knot, k) =>
    k === 0 || knot.logit > knots[k - 1].logit && knot.logOdds > knots[k - 1].logOdds
  );
  return {
    method: "isotonic",
    logits: rising.map(({ logit }) => logit),
    logOdds: rising.map(({ logOdds }) => logOdds),
  };
}

interface Block {
  readonly frauds: number;
  readonly rows: number;
  /** Their sum. */
  readonly logits: number;
}

const rate = ({ frauds, rows }: Block) => frauds / rows;

const merge = (a: Block, b: Block): Block => ({
  frauds: a.frauds + b.frauds,
  rows: a.rows + b.rows,
  logits: a.logits + b.logits,
});
