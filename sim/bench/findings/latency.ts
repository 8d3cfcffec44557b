import { Network } from "../../../src/fraud/model/network.ts";
import { calibratedProbability } from "../../../src/fraud/model/calibration.ts";
import type { LabelledPayments } from "../../train/labelled_payments.ts";
import type { FoldRun } from "../run_folds.ts";

export interface Latency {
  readonly microsP50: number;
  readonly microsP99: number;
}

const ROWS = 20_000;
const WARM_UP = 5_000;

/** Of one score, by the scorer that the server runs: features in hand, probability out. */
export function scoreLatency(payments: LabelledPayments, run: FoldRun): Latency {
  const network = new Network(run.model.inputs, run.model.layers);
  const { calibration } = run.model.calibration;
  const rows = run.judged.test.subarray(0, ROWS);
  const micros = new Float64Array(rows.length);
  let sink = 0;
  for (let i = 0; i < rows.length; i++) {
    // As the server has it: 64-bit, and not yet in any cache of this loop.
    const vector = Float64Array.from(payments.vector(rows[i]));
    const startedMs = performance.now();
    sink += calibratedProbability(calibration, network.logit(vector));
    micros[i] = (performance.now() - startedMs) * 1000;
  }
  // Without a use of its result the score might never be computed.
  if (Number.isNaN(sink)) throw new Error("A score is not a number.");
  const warm = micros.subarray(Math.min(WARM_UP, rows.length >> 1)).sort();
  return { microsP50: warm[warm.length >> 1], microsP99: warm[Math.floor(0.99 * warm.length)] };
}
