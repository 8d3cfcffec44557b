import { Random } from "../../../src/core/random.ts";
import { DAY_MS } from "../../../src/fraud/features/windows.ts";
import { calibratedProbability } from "../../../src/fraud/model/calibration.ts";
import { Network } from "../../../src/fraud/model/network.ts";
import { oracleContender } from "../../train/baselines.ts";
import type { Contender, JudgedFold } from "../../train/contender.ts";
import { calibrated, fitModel, type FitOptions, type FittedModel, logitsOf } from "../../train/fit_model.ts";
import type { LabelledPayments } from "../../train/labelled_payments.ts";
import { rowsOf } from "../../train/sample_rows.ts";
import { makeScoreboard, type Scoreboard } from "../../train/scoreboard.ts";
import type { Fold, Period } from "../../train/split.ts";
import { streamFeatures } from "../../train/stream_features.ts";
import { worldSource } from "../../train/world_source.ts";
import type { PaymentSource } from "../../train/labelled_payment.ts";
import type { WorldConfig } from "../../world/world.ts";
import { OUTCOME, type ScreenedPayments, screenedPayments } from "./screened_payments.ts";

export const NAIVE = "approved alone";
export const CORRECTED = "corrected by propensity";
export const CLIPPED = "corrected, weights to 4";
export const ALL_LABELS = "all labels";
export const INCUMBENT = "the incumbent, frozen";

export interface SelectionOptions {
  readonly world: WorldConfig;
  readonly labelDelayDays: number;
  readonly exploreOneIn: number;
  /** How often chance picks what is explored. */
  readonly draws: number;
  readonly fit: Omit<FitOptions, "label">;
}

/** Of one draw's training and validation: what was turned away, what was let through of it, and what that told. */
export interface Explored {
  readonly wouldBeDeclines: number;
  readonly explored: number;
  /** Truth of all would-be declines, which nobody but a simulation knows. */
  readonly frauds: number;
  /** The same as the explored ones tell it: each stands for so many. */
  readonly fraudsEstimated: number;
  /** What the explored frauds took. */
  readonly lostUsd: number;
}

export interface SelectionRun {
  readonly incumbentFold: Fold;
  readonly fold: Fold;
  readonly explored: readonly Explored[];
  /** One "fold" a draw: the same later payments, judged by the truth. {@link NAIVE} is compared with the others. */
  readonly scoreboard: Scoreboard;
}

/**
 * Three times of a world. In the first nobody is declined, and the incumbent learns from all. In the second it declines,
 * so of what it declines nothing is ever known, but for a share approved at random. Then models are made anew from the
 * second time alone, and all are judged on the third, by what was true of every payment, declined or not.
 */
export async function selectionRun(options: SelectionOptions): Promise<SelectionRun> {
  const source = worldSource(options.world);
  const { incumbentFold, fold } = selectionFolds(options.world, options.labelDelayDays);
  const incumbent = await fitIncumbent(source, incumbentFold, options.fit);
  const network = new Network(incumbent.inputs, incumbent.layers);
  const explored: Explored[] = [];
  const contenders: Contender[][] = [];
  let first: { payments: LabelledPayments; judged: JudgedFold } | undefined;
  for (let draw = 0; draw < options.draws; draw++) {
    const screened = screenedPayments(source, {
      fromMs: incumbentFold.madeAtMs,
      declines: (vector) =>
        calibratedProbability(incumbent.calibration.calibration, network.logit(vector)) >=
          incumbent.threshold,
      exploreOneIn: options.exploreOneIn,
      chance: new Random(options.world.seed).fork(`explore ${draw}`),
    });
    explored.push(countExplored(screened, [fold.train[0], fold.validation[1]], options.exploreOneIn));
    const { payments } = screened;
    const judged = {
      madeAtMs: fold.madeAtMs,
      validation: rowsOf(payments, fold.validation),
      test: rowsOf(payments, fold.test),
    };
    first ??= { payments, judged };
    contenders.push([
      contenderOf(INCUMBENT, incumbent, payments, judged.test),
      ...await retrained(screened, fold, judged.test, options, draw),
      oracleContender(payments, judged),
    ]);
  }
  const { scoreboard } = makeScoreboard(
    first!.payments,
    contenders.map(() => first!.judged),
    contenders,
    options.world.seed,
    NAIVE,
  );
  return { incumbentFold, fold, explored, scoreboard };
}

/** Warm-up, and of each model training, validation and the wait for labels; the rest is the test. */
export function selectionFolds(
  { startMs, days }: WorldConfig,
  labelDelayDays: number,
): { incumbentFold: Fold; fold: Fold } {
  const at = (day: number) => startMs + day * DAY_MS;
  const part = (share: number) => Math.round(days * share);
  const validationDays = part(0.09);
  const foldOf = (fromDay: number, madeDay: number, untilDay: number): Fold => ({
    train: [at(fromDay), at(madeDay - labelDelayDays - validationDays)],
    validation: [at(madeDay - labelDelayDays - validationDays), at(madeDay - labelDelayDays)],
    madeAtMs: at(madeDay),
    test: [at(madeDay), at(untilDay)],
  });
  const [warmUp, screenFrom, remade] = [part(0.05), part(0.38), part(0.8)];
  return { incumbentFold: foldOf(warmUp, screenFrom, remade), fold: foldOf(screenFrom, remade, days) };
}

/** @returns the incumbent, from payments that nobody screened */
async function fitIncumbent(
  source: PaymentSource,
  fold: Fold,
  fit: SelectionOptions["fit"],
): Promise<FittedModel> {
  const payments = streamFeatures({
    ...source,
    *payments() {
      for (const payment of source.payments()) {
        if (payment.event.occurredAtMs >= fold.madeAtMs) return;
        yield payment;
      }
    },
  });
  return await fitModel(
    payments,
    rowsOf(payments, fold.train),
    rowsOf(payments, fold.validation),
    fold.madeAtMs,
    {
      ...fit,
      label: "the incumbent",
    },
  );
}

/** Of {@link CLIPPED}: a handful of rows that stand for twenty each is what a model learns by heart. */
export const MOST_WEIGHT = 4;

/** The ways to learn from a screened time; the same learner, the same labels' delay. */
async function retrained(
  { payments, outcome }: ScreenedPayments,
  fold: Fold,
  test: Uint32Array,
  { exploreOneIn, fit }: SelectionOptions,
  draw: number,
): Promise<Contender[]> {
  // By inverse propensity: an approval was certain, so it stands for itself; what was explored also stands for those that
  // were not. Weights are whole numbers, so copies of a row are its weight in training, calibration and threshold.
  const weighted = (explored: number) => (row: number) =>
    outcome[row] === OUTCOME.approved ? 1 : outcome[row] === OUTCOME.explored ? explored : 0;
  type Copies = (row: number) => number;
  const ways: [name: string, training: Copies, validation: Copies][] = [
    [
      NAIVE,
      (row) => outcome[row] === OUTCOME.approved ? 1 : 0,
      (row) => outcome[row] === OUTCOME.approved ? 1 : 0,
    ],
    [CORRECTED, weighted(exploreOneIn), weighted(exploreOneIn)],
    // Less variance for some bias in what is learned; how often fraud is, and the threshold, keep the whole weights.
    [CLIPPED, weighted(Math.min(MOST_WEIGHT, exploreOneIn)), weighted(exploreOneIn)],
    [ALL_LABELS, () => 1, () => 1],
  ];
  const contenders: Contender[] = [];
  for (const [name, training, validation] of ways) {
    if (name === CLIPPED && exploreOneIn <= MOST_WEIGHT) {
      // Nothing is clipped.
      contenders.push({ ...contenders[contenders.length - 1], name });
      continue;
    }
    const rows = (period: Period, copies: Copies) => repeat(rowsOf(payments, period), copies);
    const model = await fitModel(
      payments,
      rows(fold.train, training),
      rows(fold.validation, validation),
      fold.madeAtMs,
      { ...fit, label: `draw ${draw + 1}, ${name}` },
    );
    contenders.push(contenderOf(name, model, payments, test));
  }
  return contenders;
}

function contenderOf(
  name: string,
  { inputs, layers, calibration, threshold }: FittedModel,
  payments: LabelledPayments,
  test: Uint32Array,
): Contender {
  const logits = logitsOf(new Network(inputs, layers), payments, test);
  return { name, isProbability: true, threshold, test: calibrated(calibration.calibration, logits) };
}

/** Each row as often as its weight says, in order. */
export function repeat(rows: Uint32Array, copies: (row: number) => number): Uint32Array {
  return Uint32Array.from(Array.from(rows).flatMap((row) => new Array<number>(copies(row)).fill(row)));
}

function countExplored(
  { payments, outcome }: ScreenedPayments,
  period: Period,
  exploreOneIn: number,
): Explored {
  let [wouldBeDeclines, explored, frauds, exploredFrauds, lostUsd] = [0, 0, 0, 0, 0];
  for (const row of rowsOf(payments, period)) {
    if (outcome[row] === OUTCOME.approved) continue;
    wouldBeDeclines++;
    frauds += payments.fraud(row);
    if (outcome[row] !== OUTCOME.explored) continue;
    explored++;
    exploredFrauds += payments.fraud(row);
    if (payments.fraud(row) === 1) lostUsd += payments.amountUsd(row);
  }
  return { wouldBeDeclines, explored, frauds, fraudsEstimated: exploredFrauds * exploreOneIn, lostUsd };
}
