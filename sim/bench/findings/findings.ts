import { RELIABILITY_EDGES, type ReliabilityBin } from "../../../src/fraud/measures/metrics.ts";
import { riskScore } from "../../../src/fraud/model/risk_score.ts";
import { addRecalls, recallByMonth, type RecallByName, recallByStory } from "../../train/recall_by.ts";
import { MODEL_NAME } from "../../train/contender.ts";
import type { BenchRun } from "../run_bench.ts";
import { type Curves, curvesOf } from "./curves.ts";
import { type Drift, driftOf } from "./drift.ts";
import { type Importance, importances } from "./importance.ts";
import { type Latency, scoreLatency } from "./latency.ts";
import { leakOf } from "./leak.ts";
import { type Segmentation, segmentations } from "./segments.ts";

/** Everything that the report and the model card tell beside the scoreboard. */
export interface Findings {
  readonly curves: Curves;
  readonly reliability: readonly ReliabilityBin[];
  /** Share of fraud and of genuine payments in each band of five points of the risk score. */
  readonly scoreBands: { readonly fraud: readonly number[]; readonly genuine: readonly number[] };
  readonly recallByStory: RecallByName;
  readonly recallByMonth: RecallByName;
  readonly importances: readonly Importance[];
  readonly drift: Drift;
  readonly segmentations: readonly Segmentation[];
  readonly latency: Latency;
  /** Average precision of each network alone, all folds. */
  readonly bySeed: { readonly mean: number; readonly deviation: number; readonly networks: number };
  readonly leak: string | null;
}

export const SCORE_BAND = 5;

export function findingsOf(run: BenchRun, seed: number, isHandbook: boolean): Findings {
  const { payments, runs, judgements, scoreboard } = run;
  const model = scoreboard.lines.findIndex(({ name }) => name === MODEL_NAME);
  const recalls = (of: typeof recallByStory) =>
    addRecalls(runs.map((its) => of(payments, its.judged.test, its.modelScores, its.model.threshold)));
  return {
    curves: curvesOf(run, seed),
    reliability: addBins(judgements[model].map((its) => its.reliability!)),
    scoreBands: scoreBands(run),
    recallByStory: recalls(recallByStory),
    recallByMonth: recalls(recallByMonth),
    importances: importances(payments, runs[runs.length - 1], seed),
    drift: driftOf(payments, runs, seed),
    segmentations: segmentations(payments, runs),
    latency: scoreLatency(payments, runs[runs.length - 1]),
    bySeed: spread(runs.map((its) => its.bySeed)),
    leak: leakOf(scoreboard, isHandbook),
  };
}

function addBins(folds: readonly (readonly ReliabilityBin[])[]): ReliabilityBin[] {
  return RELIABILITY_EDGES.map((from, b) => {
    const bins = folds.map((fold) => fold[b]).filter(({ rows }) => rows > 0);
    const sum = (of: (bin: ReliabilityBin) => number) => bins.reduce((total, bin) => total + of(bin), 0);
    const rows = sum((bin) => bin.rows);
    return {
      from,
      rows,
      frauds: sum((bin) => bin.frauds),
      predicted: sum((bin) => bin.predicted * bin.rows) / rows,
    };
  });
}

function scoreBands({ payments, runs }: BenchRun): Findings["scoreBands"] {
  const bands = 100 / SCORE_BAND;
  const [fraud, genuine] = [new Array<number>(bands).fill(0), new Array<number>(bands).fill(0)];
  for (const { judged, modelScores, model } of runs) {
    for (let i = 0; i < judged.test.length; i++) {
      const score = riskScore(modelScores[i], model.threshold);
      const band = Math.min(bands - 1, Math.floor(score / SCORE_BAND));
      (payments.fraud(judged.test[i]) === 1 ? fraud : genuine)[band]++;
    }
  }
  const shares = (counts: readonly number[]) => {
    const all = counts.reduce((sum, count) => sum + count, 0);
    return counts.map((count) => count / all);
  };
  return { fraud: shares(fraud), genuine: shares(genuine) };
}

/** Of one seed's mean over the folds, over the seeds. */
function spread(folds: readonly (readonly number[])[]): Findings["bySeed"] {
  const seeds = folds[0].map((_, s) => folds.reduce((sum, fold) => sum + fold[s], 0) / folds.length);
  const mean = seeds.reduce((sum, value) => sum + value, 0) / seeds.length;
  const variance = seeds.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, seeds.length - 1);
  return { mean, deviation: Math.sqrt(variance), networks: seeds.length };
}
