import { oracleContender, ruleContenders } from "../train/baselines.ts";
import { type Contender, type JudgedFold, MODEL_NAME } from "../train/contender.ts";
import type { FittedModel } from "../train/fit_model.ts";
import type { LabelledPayments } from "../train/labelled_payments.ts";
import { rowsOf, sampleRows } from "../train/sample_rows.ts";
import type { Fold } from "../train/split.ts";
import { SampledRows } from "../train/weighted_rows.ts";
import type { BenchOptions } from "./bench_options.ts";
import type { Forest } from "./forest/forest_contender.ts";
import { writeFold } from "./plugged/fold_files.ts";
import { pluggedContender, type PlugOptions } from "./plugged/plugged_model.ts";
import { partsOf, type TestPeriod, type Variant } from "./training/train_part.ts";
import { type Training, TrainingHere } from "./training/training.ts";
import { TrainingWorkers } from "./training/training_workers.ts";

/** One fold's models and what they gave its test rows. */
export interface FoldRun {
  readonly fold: Fold;
  readonly judged: JudgedFold;
  readonly contenders: readonly Contender[];
  /** The model that the product would run. */
  readonly model: FittedModel;
  readonly modelScores: Float64Array;
  /** Average precision on test of each network alone, by seed. */
  readonly bySeed: readonly number[];
  /** Models of one's own that do not say until when they were trained. */
  readonly undated: readonly string[];
  /** Rows of shorter training: on the scoreboard, but not among the curves, where a dozen would hide each other. */
  readonly notPlotted: readonly string[];
}

/** What stands outside the program: a Python with LightGBM, where there is one, and models of one's own. */
export interface Outside {
  readonly forest: Forest | null;
  readonly plug: PlugOptions;
}

/**
 * All periods, in their order. Networks and regressions of later ones may be trained meanwhile, by `options.workers`
 * threads; forest and models of one's own are asked in turn.
 * @param done is told of each period as soon as it is done
 */
export async function runFolds(
  payments: LabelledPayments,
  periods: readonly TestPeriod[],
  extra: (judged: JudgedFold, variant: Variant) => readonly Contender[],
  outside: Outside,
  options: BenchOptions,
  done: (run: FoldRun, number: number) => void,
): Promise<FoldRun[]> {
  const parts = partsOf(periods, options);
  const training: Training = options.workers === 1
    ? new TrainingHere(payments, parts)
    : new TrainingWorkers(payments, parts, options.workers);
  try {
    const runs: FoldRun[] = [];
    for (const period of periods) {
      const run = await runFold(payments, period, training, extra, outside, options);
      runs.push(run);
      training.aside(() => done(run, period.number));
    }
    return runs;
  } finally {
    training.end();
  }
}

/**
 * Everything that one period compares. All judge the same test rows; each variant validates on its own validation rows,
 * so thresholds are frozen there.
 */
async function runFold(
  payments: LabelledPayments,
  period: TestPeriod,
  training: Training,
  extra: (judged: JudgedFold, variant: Variant) => readonly Contender[],
  { forest, plug }: Outside,
  options: BenchOptions,
): Promise<FoldRun> {
  const { number, test } = period;
  const contenders: Contender[] = [];
  const undated: string[] = [];
  const notPlotted: string[] = [];
  let chosen: Omit<FoldRun, "contenders" | "undated" | "notPlotted"> | undefined;
  for (const variant of period.variants) {
    const { fold, suffix, isModel } = variant;
    const judged = { madeAtMs: fold.madeAtMs, validation: rowsOf(payments, fold.validation), test };
    const networks = await training.trained("networks", period, variant);
    const sampled = new SampledRows(payments, networks.sample.rows, fold.madeAtMs);
    const model = { ...networks.model, sample: { ...networks.sample, rows: sampled } };
    if (isModel) contenders.push(...ruleContenders(payments, judged));
    contenders.push(...extra(judged, variant));
    const before = contenders.length;
    contenders.push(await training.trained("regression", period, variant));
    if (forest !== null) {
      const check = sampleRows(payments, judged.validation, fold.madeAtMs, FOREST_CHECK_ROWS, 1, true);
      contenders.push(
        await forest.contender(
          `boosted forest${suffix}`,
          payments,
          sampled,
          check.rows,
          judged,
          options.seeds,
        ),
      );
    }
    if (isModel && options.sequenceSeeds.length > 0) {
      contenders.push(await training.trained("sequence", period, variant));
    }
    if (isModel) {
      if (options.foldsOut !== null) {
        await writeFold(options.foldsOut, number, payments, sampled, judged);
      }
      for (const spec of options.models) {
        const row = await pluggedContender(spec, number, payments, sampled, judged, plug);
        contenders.push(row);
        if (!row.saysWhen) undated.push(row.name);
      }
    }
    contenders.push({
      name: isModel ? MODEL_NAME : `network ensemble${suffix}`,
      isProbability: true,
      threshold: model.threshold,
      test: networks.scores,
    });
    if (!isModel) {
      notPlotted.push(...contenders.slice(before).map(({ name }) => name));
      continue;
    }
    chosen = { fold, judged, model, modelScores: networks.scores, bySeed: networks.bySeed };
    if (payments.hasPosterior) contenders.push(oracleContender(payments, judged));
  }
  return { ...chosen!, undated, notPlotted, contenders: inOrder(contenders) };
}

const FOREST_CHECK_ROWS = 25_000;

/** Rules first, the model and the oracle last. */
function inOrder(contenders: readonly Contender[]): Contender[] {
  const rank = ({ name, isProbability }: Contender) =>
    !isProbability ? 0 : name === MODEL_NAME ? 2 : name === "the oracle" ? 3 : 1;
  return [...contenders].sort((a, b) => rank(a) - rank(b));
}
