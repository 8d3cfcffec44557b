import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { DEFAULT_HANDBOOK, handbookWorld } from "../handbook/handbook_world.ts";
import { handbookSource } from "../handbook/handbook_source.ts";
import type { PaymentSource } from "../train/labelled_payment.ts";
import type { LabelledPayments } from "../train/labelled_payments.ts";
import { rowsOf } from "../train/sample_rows.ts";
import { type Judged, makeScoreboard } from "../train/scoreboard.ts";
import { type Period, rollingFolds, shortestSpanDays } from "../train/split.ts";
import { streamFeatures } from "../train/stream_features.ts";
import { worldSource } from "../train/world_source.ts";
import type { BenchOptions } from "./bench_options.ts";
import { CsvError } from "./csv/csv_columns.ts";
import { csvSource } from "./csv/csv_source.ts";
import { Forest } from "./forest/forest_contender.ts";
import {
  BookRegression,
  HANDBOOK_FOLDS,
  handbookFold,
  handbookTestRows,
  TRAINING_WINDOWS_DAYS,
} from "./handbook_protocol.ts";
import { probeModels } from "./plugged/probe_models.ts";
import { type FoldRun, type Outside, runFold } from "./run_folds.ts";

export interface BenchRun extends Judged {
  readonly source: Pick<PaymentSource, "name" | "description">;
  readonly payments: LabelledPayments;
  readonly runs: readonly FoldRun[];
  /** Seconds of each part of the run. */
  readonly seconds: { readonly features: number; readonly folds: number; readonly judging: number };
  readonly forestRan: boolean;
}

/** Four months: the last two thirds of them are tested on. */
const DEFAULT_WORLD = { days: 120, customers: 8_000 };

/** Data to features, features to folds, folds to models, models to the scoreboard. */
export async function runBench(options: BenchOptions): Promise<BenchRun> {
  const startedMs = performance.now();
  const source = await sourceOf(options);
  const payments = streamFeatures(source);
  const featuresMs = performance.now();
  const outside: Outside = {
    forest: options.forestPython === null ? null : await Forest.find(options.forestPython),
    plug: {
      timeoutMs: options.modelTimeoutMs,
      // Of any size: worlds of one seed and start share people, merchants and most of their timetable.
      isWorld: (world) => ["seed", "startMs"].every((name) => source.description[name] === world[name]),
    },
  };
  // Before hours are spent on the others.
  await probeModels(options.models, payments, outside.plug);
  const runs = options.preset === "handbook"
    ? await handbookRuns(payments, outside, options)
    : await rollingRuns(payments, outside, options);
  const foldsMs = performance.now();
  const judged = makeScoreboard(
    payments,
    runs.map((run) => run.judged),
    runs.map((run) => run.contenders),
    options.seed,
  );
  const endedMs = performance.now();
  return {
    ...judged,
    source,
    payments,
    runs,
    forestRan: outside.forest !== null,
    seconds: {
      features: (featuresMs - startedMs) / 1000,
      folds: (foldsMs - featuresMs) / 1000,
      judging: (endedMs - foldsMs) / 1000,
    },
  };
}

async function sourceOf(options: BenchOptions): Promise<PaymentSource> {
  if (options.dataset !== null) return await csvSource(options.dataset, options.labelDelayDays);
  if (options.preset === "handbook") return handbookSource({ ...DEFAULT_HANDBOOK, seed: options.seed });
  return worldSource({
    seed: options.seed,
    days: options.days ?? DEFAULT_WORLD.days,
    customers: options.customers ?? DEFAULT_WORLD.customers,
    startMs: options.startMs,
  });
}

async function rollingRuns(
  payments: LabelledPayments,
  outside: Outside,
  options: BenchOptions,
): Promise<FoldRun[]> {
  // Whole days, so that a world that begins at midnight is cut at midnights.
  const span: Period = [
    Math.floor(payments.atMs(0) / DAY_MS) * DAY_MS,
    Math.ceil((payments.atMs(payments.length - 1) + 1) / DAY_MS) * DAY_MS,
  ];
  const days = (span[1] - span[0]) / DAY_MS;
  const least = shortestSpanDays(options.folds, options.labelDelayDays);
  if (days < least) {
    throw new CsvError(
      `The payments span ${days} days; ${options.folds} folds with labels after ${options.labelDelayDays} days need ` +
        `${least}. Give fewer --folds or fewer --label-delay-days.`,
    );
  }
  const folds = rollingFolds(span, options.folds, options.labelDelayDays);
  const runs: FoldRun[] = [];
  for (const [number, fold] of folds.entries()) {
    refuseWithoutFraud(payments, fold.train, fold.madeAtMs, `training of fold ${number + 1}`);
    refuseWithoutFraud(payments, fold.validation, fold.madeAtMs, `validation of fold ${number + 1}`);
    refuseWithoutFraud(payments, fold.test, Infinity, `test of fold ${number + 1}`);
    runs.push(
      await runFold(
        payments,
        number + 1,
        rowsOf(payments, fold.test),
        [{ fold, suffix: "", isModel: true }],
        () => [],
        outside,
        options,
      ),
    );
  }
  return runs;
}

/** Fewer than two frauds are nothing to learn from, or to judge by. */
function refuseWithoutFraud(
  payments: LabelledPayments,
  period: Period,
  knownAtMs: number,
  what: string,
): void {
  let frauds = 0;
  for (const row of rowsOf(payments, period)) frauds += payments.labelAt(row, knownAtMs);
  if (frauds >= 2) return;
  const day = (atMs: number) => new Date(atMs).toISOString().slice(0, 10);
  throw new CsvError(
    `The ${what}, ${day(period[0])} to ${
      day(period[1])
    }, has ${frauds} known frauds; 2 are needed at least. ` +
      `Give fewer --folds, or data with more fraud.`,
  );
}

async function handbookRuns(
  payments: LabelledPayments,
  outside: Outside,
  options: BenchOptions,
): Promise<FoldRun[]> {
  const config = { ...DEFAULT_HANDBOOK, seed: options.seed };
  const book = new BookRegression(payments, handbookWorld(config));
  const longest = Math.max(...TRAINING_WINDOWS_DAYS);
  const runs: FoldRun[] = [];
  for (let number = 0; number < HANDBOOK_FOLDS; number++) {
    const variants = TRAINING_WINDOWS_DAYS.map((days) => ({
      fold: handbookFold(config.startMs, number, days),
      suffix: `, ${days} days`,
      isModel: days === longest,
      days,
    }));
    runs.push(
      await runFold(
        payments,
        number + 1,
        handbookTestRows(payments, config.startMs, number),
        variants,
        (judged, variant) => variant === variants[0] ? [book.contender(variant.fold, judged)] : [],
        outside,
        options,
      ),
    );
  }
  return runs;
}
