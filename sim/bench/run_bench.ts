import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { DEFAULT_HANDBOOK, handbookWorld } from "../handbook/handbook_world.ts";
import { handbookSource } from "../handbook/handbook_source.ts";
import type { PaymentSource } from "../train/labelled_payment.ts";
import type { LabelledPayments } from "../train/labelled_payments.ts";
import { rowsOf } from "../train/sample_rows.ts";
import { dayOf, fewFraudsNote, lackOf, LEAST_FRAUDS } from "../train/enough_frauds.ts";
import { aboveOracleNote, chanceNote } from "../train/scoreboard_text.ts";
import { type Judged, makeScoreboard } from "../train/scoreboard.ts";
import { type Period, rollingFolds, shortestSpanDays } from "../train/split.ts";
import { streamFeatures } from "../train/stream_features.ts";
import { worldSource } from "../train/world_source.ts";
import type { BenchOptions } from "./bench_options.ts";
import { type CsvSource, csvSource } from "./csv/csv_source.ts";
import { DatasetError } from "./csv/dataset_error.ts";
import { Forest } from "./forest/forest_contender.ts";
import {
  BookRegression,
  HANDBOOK_FOLDS,
  handbookFold,
  handbookTestRows,
  TRAINING_WINDOWS_DAYS,
} from "./handbook_protocol.ts";
import { openModels, probeModels } from "./plugged/probe_models.ts";
import { dataNotes } from "./data_notes.ts";
import { periodLine } from "./period_line.ts";
import { type FoldRun, type Outside, runFolds } from "./run_folds.ts";
import type { TestPeriod } from "./training/train_part.ts";
import { OperatorError } from "../../src/core/run_command.ts";

export interface BenchRun extends Judged {
  readonly source: Pick<PaymentSource, "name" | "description">;
  readonly payments: LabelledPayments;
  readonly runs: readonly FoldRun[];
  /** Seconds of each part of the run. */
  readonly seconds: { readonly features: number; readonly folds: number; readonly judging: number };
  readonly forestRan: boolean;
  /** What somebody who reads the figures has to know of the data and of the run. */
  readonly notes: readonly string[];
}

/** Four months: the last two thirds of them are tested on. */
const DEFAULT_WORLD = { days: 120, customers: 8_000 };

/**
 * Data to features, features to folds, folds to models, models to the scoreboard.
 * @param tell is given a line for each period as soon as it is done, so that a run that is stopped leaves something
 */
export async function runBench(
  options: BenchOptions,
  tell: (line: string) => void = () => {},
): Promise<BenchRun> {
  const startedMs = performance.now();
  // Before minutes are spent on anything else.
  const { forest, notes } = await findForest(options);
  const models = await openModels(options.models, { timeoutMs: options.modelTimeoutMs });
  const { source, payments } = await readPayments(options);
  const featuresMs = performance.now();
  const outside: Outside = {
    forest,
    plug: {
      timeoutMs: options.modelTimeoutMs,
      // Of any size: worlds of one seed and start share people, merchants and most of their timetable.
      isWorld: (world) => ["seed", "startMs"].every((name) => source.description[name] === world[name]),
    },
  };
  // Before hours are spent on the others.
  await probeModels(models, payments);
  notes.push(...source.notes, ...dataNotes(payments));
  const runs = options.preset === "handbook"
    ? await handbookRuns(payments, outside, options, tell)
    : await rollingRuns(payments, outside, options, notes, tell);
  const foldsMs = performance.now();
  const judged = makeScoreboard(
    payments,
    runs.map((run) => run.judged),
    runs.map((run) => run.contenders),
    options.seed,
  );
  notes.push(...chanceNote(judged.scoreboard), ...aboveOracleNote(judged.scoreboard));
  const endedMs = performance.now();
  return {
    ...judged,
    source,
    payments,
    runs,
    forestRan: forest !== null,
    notes,
    seconds: {
      features: (featuresMs - startedMs) / 1000,
      folds: (foldsMs - featuresMs) / 1000,
      judging: (endedMs - foldsMs) / 1000,
    },
  };
}

/** What is kept of the source does not hold on to its rows: beside their features they would take 0.3 GB of 1.8 million. */
async function readPayments(options: BenchOptions) {
  const source = await sourceOf(options);
  const payments = streamFeatures(source);
  const { name, description, notes = [] } = source;
  return { source: { name, description, notes }, payments };
}

async function sourceOf(options: BenchOptions): Promise<PaymentSource & Partial<Pick<CsvSource, "notes">>> {
  if (options.dataset !== null) return await csvSource(options.dataset, options.labelDelayDays);
  if (options.preset === "handbook") return handbookSource({ ...DEFAULT_HANDBOOK, seed: options.seed });
  return worldSource({
    seed: options.seed,
    days: options.days ?? DEFAULT_WORLD.days,
    customers: options.customers ?? DEFAULT_WORLD.customers,
    startMs: options.startMs,
  });
}

async function findForest(
  { forestPython, forestIsRequired }: BenchOptions,
): Promise<{ forest: Forest | null; notes: string[] }> {
  if (forestPython === null) return { forest: null, notes: [] };
  const found = await Forest.find(forestPython);
  if (found instanceof Forest) return { forest: found, notes: [] };
  const why = `${forestPython} has no LightGBM (${found.missing})`;
  const nextMove = "`python3 -m venv DIR && DIR/bin/pip install lightgbm`, then --forest DIR/bin/python";
  if (forestIsRequired) {
    throw new OperatorError("forest_missing", `--forest: ${why}. ${nextMove}; or --forest off.`);
  }
  const note = `No boosted forest: ${why}. ${nextMove}.`;
  console.error(note);
  return { forest: null, notes: [note] };
}

async function rollingRuns(
  payments: LabelledPayments,
  outside: Outside,
  options: BenchOptions,
  notes: string[],
  tell: (line: string) => void,
): Promise<FoldRun[]> {
  // Whole days, so that a world that begins at midnight is cut at midnights.
  const span: Period = [
    Math.floor(payments.atMs(0) / DAY_MS) * DAY_MS,
    Math.ceil((payments.atMs(payments.length - 1) + 1) / DAY_MS) * DAY_MS,
  ];
  const days = (span[1] - span[0]) / DAY_MS;
  const least = shortestSpanDays(options.folds, options.labelDelayDays);
  if (days < least) {
    throw new DatasetError(
      "dataset_too_short",
      `the payments span ${counted(days, "day")}, ${dayOf(span[0])} to ${dayOf(span[1] - 1)}; ${
        counted(options.folds, "fold")
      } with labels ` +
        `after ${counted(options.labelDelayDays, "day")} ${
          options.folds === 1 ? "needs" : "need"
        } ${least}. ` +
        `Give ${fewerOf(options)}${
          options.dataset === null
            ? "more --days."
            : "data of more days; if the file's time counts hours or days, turn it into seconds."
        }`,
    );
  }
  const folds = rollingFolds(span, options.folds, options.labelDelayDays);
  // All are looked at before the first is trained.
  const lacking = folds.map((fold) => lackOf(payments, fold));
  if (lacking.every((lack) => lack !== null)) {
    throw new DatasetError(
      "dataset_too_few_frauds",
      `${
        lacking[lacking.length - 1]
      }; ${LEAST_FRAUDS} are needed at least, and no other period of test has them. ` +
        `Give ${fewerOf(options)}${
          options.dataset === null
            ? "more --days, more --customers, or another --seed."
            : "data with more fraud."
        }`,
    );
  }
  const periods: TestPeriod[] = [];
  for (const [place, fold] of folds.entries()) {
    if (lacking[place] !== null) {
      notes.push(
        `Period ${place + 1}, ${dayOf(fold.test[0])} to ${dayOf(fold.test[1] - 1)}, is left out: ${
          lacking[place]
        }.`,
      );
      continue;
    }
    const few = fewFraudsNote(payments, fold);
    if (few !== null) notes.push(`Period ${place + 1}: ${few}.`);
    periods.push({
      number: place + 1,
      test: rowsOf(payments, fold.test),
      variants: [{ fold, suffix: "", isModel: true }],
    });
  }
  return await runFolds(payments, periods, () => [], outside, options, tellOf(payments, tell));
}

function tellOf(payments: LabelledPayments, tell: (line: string) => void) {
  return (run: FoldRun, number: number) => tell(periodLine(payments, number, run));
}

/** The flags that can still be smaller, for a message: `fewer --folds, or `; nothing where none can. */
function fewerOf({ folds, labelDelayDays }: BenchOptions): string {
  return [
    ...(folds > 1 ? ["fewer --folds"] : []),
    ...(labelDelayDays > 0 ? ["fewer --label-delay-days"] : []),
    "",
  ].join(", or ");
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

async function handbookRuns(
  payments: LabelledPayments,
  outside: Outside,
  options: BenchOptions,
  tell: (line: string) => void,
): Promise<FoldRun[]> {
  const config = { ...DEFAULT_HANDBOOK, seed: options.seed };
  // Not before it is asked for: workers are at the networks then.
  let book: BookRegression | undefined;
  const longest = Math.max(...TRAINING_WINDOWS_DAYS);
  const periods = Array.from({ length: HANDBOOK_FOLDS }, (_, place): TestPeriod => ({
    number: place + 1,
    test: handbookTestRows(payments, config.startMs, place),
    variants: TRAINING_WINDOWS_DAYS.map((days) => ({
      fold: handbookFold(config.startMs, place, days),
      suffix: `, ${days} days`,
      isModel: days === longest,
    })),
  }));
  // The book's window is the first.
  return await runFolds(
    payments,
    periods,
    (judged, variant) => {
      if (variant.suffix !== periods[0].variants[0].suffix) return [];
      book ??= new BookRegression(payments, handbookWorld(config));
      return [book.contender(variant.fold, judged)];
    },
    outside,
    options,
    tellOf(payments, tell),
  );
}
