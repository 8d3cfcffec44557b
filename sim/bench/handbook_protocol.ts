import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { Network } from "../../src/fraud/model/network.ts";
import { BOOK_FEATURES, bookFeatures } from "../handbook/book_features.ts";
import type { HandbookWorld } from "../handbook/handbook_world.ts";
import { calibratedContender, type Contender, type JudgedFold } from "../train/contender.ts";
import type { LabelledPayments } from "../train/labelled_payments.ts";
import { fitLogistic } from "../train/logistic_regression.ts";
import { rowsOf } from "../train/sample_rows.ts";
import type { Fold } from "../train/split.ts";

/*
 * The book's protocol: a week of training, a week until labels are known, a week of test, four times in a row; and
 * customers whose fraud is known by the day of a payment are taken out of the test, because their cards are blocked.
 */

const TRAIN_DAYS = 7;
const DELAY_DAYS = 7;
const TEST_DAYS = 7;
const FOLDS = 4;
/** 25 July 2018, the 115th day of the book's half year: the last fold's training begins; the others a week earlier each. */
const LAST_TRAIN_DAY = 115;

/** How many days before {@link Fold.madeAtMs} − delay a model of the preset is trained on; the book's is 7. */
export const TRAINING_WINDOWS_DAYS = [7, 28, 91] as const;

/**
 * One fold. Models of a week's training validate on the week before it, as no other is left; those of longer windows
 * on the last week of their window, which they leave out of the training.
 */
export function handbookFold(startMs: number, fold: number, windowDays: number): Fold {
  const trainFrom = LAST_TRAIN_DAY - (FOLDS - 1 - fold) * TEST_DAYS;
  const at = (day: number) => startMs + day * DAY_MS;
  const until = trainFrom + TRAIN_DAYS;
  const isBooks = windowDays === TRAIN_DAYS;
  return {
    train: isBooks ? [at(trainFrom), at(until)] : [at(until - windowDays), at(trainFrom)],
    validation: isBooks ? [at(trainFrom - TRAIN_DAYS), at(trainFrom)] : [at(trainFrom), at(until)],
    madeAtMs: at(until + DELAY_DAYS),
    test: [at(until + DELAY_DAYS), at(until + DELAY_DAYS + TEST_DAYS)],
  };
}

export const HANDBOOK_FOLDS = FOLDS;

/** What the protocol has to know of payments. */
export type TestedPayments = Pick<LabelledPayments, "atMs" | "customer" | "fraud" | "rowAt">;

/** The payments of the fold's test but those of customers whose fraud since the training began was known by then. */
export function handbookTestRows(payments: TestedPayments, startMs: number, fold: number): Uint32Array {
  const { test } = handbookFold(startMs, fold, TRAIN_DAYS);
  const trainFromMs = handbookFold(startMs, fold, TRAIN_DAYS).train[0];
  // By customer, the first instant of a fraud since the training began.
  const firstFraudMs = new Map<number, number>();
  for (const row of rowsOf(payments, [trainFromMs, test[1]])) {
    const customer = payments.customer(row);
    if (payments.fraud(row) === 1 && !firstFraudMs.has(customer)) {
      firstFraudMs.set(customer, payments.atMs(row));
    }
  }
  return rowsOf(payments, test).filter((row) => {
    const dayMs = Math.floor(payments.atMs(row) / DAY_MS) * DAY_MS;
    return (firstFraudMs.get(payments.customer(row)) ?? Infinity) >= dayMs - DELAY_DAYS * DAY_MS;
  });
}

/** The logistic regression that says whether the preset is the book's: its fifteen features, its week of training. */
export class BookRegression {
  readonly #features: Float32Array;

  constructor(readonly payments: LabelledPayments, world: HandbookWorld) {
    this.#features = bookFeatures(world);
  }

  contender(fold: Fold, judged: JudgedFold): Contender {
    const rows = rowsOf(this.payments, fold.train);
    const vector = (row: number) =>
      this.#features.subarray(row * BOOK_FEATURES.length, (row + 1) * BOOK_FEATURES.length);
    const train = {
      length: rows.length,
      label: Uint8Array.from(rows, (row) => this.payments.labelAt(row, fold.madeAtMs)),
      weight: new Float32Array(rows.length).fill(1),
      vector: (i: number) => vector(rows[i]),
    };
    const inputs = BOOK_FEATURES.map((feature, f) => {
      const values = Float32Array.from(rows, (row) => vector(row)[f]).sort();
      return { feature, edges: [values[0], values[values.length - 1]], median: values[values.length >> 1] };
    });
    const network = new Network(inputs, fitLogistic(train, inputs, RIDGE));
    const logits = (of: Uint32Array) => Float64Array.from(of, (row) => network.logit(vector(row)));
    return calibratedContender(
      "logistic regression, the book's 15 features, 7 days",
      this.payments,
      judged,
      logits(judged.validation),
      logits(judged.test),
    );
  }
}

/** Hardly any: the book's regression has next to none. Inputs reach from 0 to 1 over all of a heavy tail. */
const RIDGE = 1e-3;
