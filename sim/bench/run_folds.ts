import { Network } from "../../src/fraud/model/network.ts";
import { logisticContender, oracleContender, ruleContenders } from "../train/baselines.ts";
import type { Contender, JudgedFold } from "../train/contender.ts";
import { calibrated, fitModel, type FittedModel, logitsOf } from "../train/fit_model.ts";
import type { LabelledPayments } from "../train/labelled_payments.ts";
import { averagePrecision } from "../../src/fraud/measures/metrics.ts";
import { rowsOf, sampleRows } from "../train/sample_rows.ts";
import { MODEL_NAME } from "../train/contender.ts";
import { gruContender, SEQUENCE_MODEL_NAME } from "../train/sequence/gru_contender.ts";
import type { Fold } from "../train/split.ts";
import type { BenchOptions } from "./bench_options.ts";
import type { Forest } from "./forest/forest_contender.ts";
import { writeFold } from "./plugged/fold_files.ts";
import { pluggedContender, type PlugOptions } from "./plugged/plugged_model.ts";

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

/** A way to train the learned contenders: on which fold of the data, under which names. */
export interface Variant {
  readonly fold: Fold;
  /** What stands behind each name, ` (28 days)`; empty for the data's only variant. */
  readonly suffix: string;
  /** Whether its ensemble is the model of the scoreboard. */
  readonly isModel: boolean;
}

/**
 * Everything that one fold compares. All judge the same test rows; each variant validates on its own validation rows,
 * so thresholds are frozen there.
 */
export async function runFold(
  payments: LabelledPayments,
  number: number,
  test: Uint32Array,
  variants: readonly Variant[],
  extra: (judged: JudgedFold, variant: Variant) => readonly Contender[],
  { forest, plug }: Outside,
  options: BenchOptions,
): Promise<FoldRun> {
  const contenders: Contender[] = [];
  const undated: string[] = [];
  const notPlotted: string[] = [];
  let chosen: Omit<FoldRun, "contenders" | "undated" | "notPlotted"> | undefined;
  for (const variant of variants) {
    const { fold, suffix, isModel } = variant;
    const train = rowsOf(payments, fold.train);
    const judged = { madeAtMs: fold.madeAtMs, validation: rowsOf(payments, fold.validation), test };
    const model = await fitModel(payments, train, judged.validation, fold.madeAtMs, {
      seeds: options.seeds,
      mostRows: options.trainRows,
      mostEpochs: options.epochs,
      label: `fold ${number}${suffix}`,
    });
    const scores = calibrated(
      model.calibration.calibration,
      logitsOf(new Network(model.inputs, model.layers), payments, test),
    );
    if (isModel) contenders.push(...ruleContenders(payments, judged));
    contenders.push(...extra(judged, variant));
    const before = contenders.length;
    contenders.push(
      logisticContender(`logistic regression${suffix}`, payments, model.sample.rows, judged),
    );
    if (forest !== null) {
      const check = sampleRows(payments, judged.validation, fold.madeAtMs, FOREST_CHECK_ROWS, 1, true);
      contenders.push(
        await forest.contender(
          `boosted forest${suffix}`,
          payments,
          model.sample.rows,
          check.rows,
          judged,
          options.seeds,
        ),
      );
    }
    if (isModel && options.sequenceSeeds.length > 0) {
      contenders.push(
        await gruContender(SEQUENCE_MODEL_NAME, payments, model, judged, {
          seeds: options.sequenceSeeds,
          mostEpochs: options.sequenceEpochs,
          label: `fold ${number}${suffix}`,
        }),
      );
    }
    if (isModel) {
      if (options.foldsOut !== null) {
        await writeFold(options.foldsOut, number, payments, model.sample.rows, judged);
      }
      for (const spec of options.models) {
        const row = await pluggedContender(spec, number, payments, model.sample.rows, judged, plug);
        contenders.push(row);
        if (!row.saysWhen) undated.push(row.name);
      }
    }
    contenders.push({
      name: isModel ? MODEL_NAME : `network ensemble${suffix}`,
      isProbability: true,
      threshold: model.threshold,
      test: scores,
    });
    if (!isModel) {
      notPlotted.push(...contenders.slice(before).map(({ name }) => name));
      continue;
    }
    const fraud = Uint8Array.from(test, (row) => payments.fraud(row));
    chosen = {
      fold,
      judged,
      model,
      modelScores: scores,
      bySeed: model.networks.map((layers) =>
        averagePrecision(logitsOf(new Network(model.networkInputs, layers), payments, test), fraud)
      ),
    };
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
