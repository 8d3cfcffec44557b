import { startProgress } from "../../../src/core/progress.ts";
import { FeatureStream } from "../../../src/fraud/features/feature_stream.ts";
import { DAY_MS } from "../../../src/fraud/features/windows.ts";
import { averagePrecision, thresholdWithin } from "../../../src/fraud/measures/metrics.ts";
import { Network } from "../../../src/fraud/model/network.ts";
import { Adaptation, tacticName } from "../../fraud/adaptation.ts";
import { STORY_NAMES } from "../../fraud/story_names.ts";
import { fitModel, type FitOptions, logitsOf } from "../../train/fit_model.ts";
import type { LabelledPayment } from "../../train/labelled_payment.ts";
import { LabelledPayments } from "../../train/labelled_payments.ts";
import { rowsOf } from "../../train/sample_rows.ts";
import type { Period } from "../../train/split.ts";
import { NO_REPORT, type PaymentColumns } from "../../world/payment_columns.ts";
import { EventReader } from "../../world/to_payment_event.ts";
import { generateWorld } from "../../world/world.ts";
import type { JudgedFraud, JudgedWorld } from "./won_back.ts";

/** Share of genuine payments that a model may decline. */
const BUDGET = 0.005;
/** What is paid on the first days only fills the features' windows. */
const WARM_UP_DAYS = 5;
/** How long before a model is made its training ends, so that reports can arrive. */
const LABEL_DAYS = 10;
const VALIDATION_DAYS = 8;
/** Days of training and validation together. What is older tells of thieves who work otherwise now. */
const LEARNED_DAYS = 42;

export interface AdaptationOptions {
  readonly customers: number;
  readonly seed: number;
  readonly startMs: number;
  /** Days until the first model is made; thieves do not know of it before. */
  readonly trainedDays: number;
  /** Days that it then decides alone. */
  readonly frozenDays: number;
  /** Days at either end of those on which models are judged. */
  readonly judgedDays: number;
  readonly fit: Omit<FitOptions, "label">;
}

export interface AdaptationRun extends JudgedWorld {
  /** Of the frozen model in its first and last days, and of the retrained one in the last. */
  readonly averagePrecision: { readonly first: number; readonly last: number; readonly retrained: number };
  /** Each story's tactics, with the share of thieves who use them at the end. */
  readonly shares: Record<string, Record<string, number>>;
}

/**
 * A frozen model and thieves who learn from it. It is trained as the product's is (../../train/fit_model.ts) on a world
 * whose thieves do not know it, then decides; each day the thieves learn what was declined (../../fraud/adaptation.ts).
 * Before the last days a second model is made of what was reported by then, and both are judged on those, each at the
 * threshold that declines 0.5% of the genuine payments there.
 */
export async function adaptationRun(options: AdaptationOptions): Promise<AdaptationRun> {
  const { customers, seed, startMs, trainedDays, frozenDays, judgedDays, fit } = options;
  const days = trainedDays + frozenDays;
  const remadeDay = days - judgedDays;
  const adaptation = new Adaptation(seed);
  const world = generateWorld({ seed, days, customers, startMs }, adaptation);
  const reader = new EventReader(world.society);
  const stream = new FeatureStream({ idsAreUnique: true });
  const payments = new LabelledPayments();
  const episodes: number[] = [];
  const between = (fromDay: number, untilDay: number) =>
    rowsOf(payments, [startMs + fromDay * DAY_MS, startMs + untilDay * DAY_MS] satisfies Period);
  const make = async (madeDay: number, label: string) => {
    const knownDay = madeDay - LABEL_DAYS;
    const trainUntilDay = knownDay - VALIDATION_DAYS;
    const madeAtMs = startMs + madeDay * DAY_MS;
    const validation = between(trainUntilDay, knownDay);
    const { inputs, layers } = await fitModel(
      payments,
      between(Math.max(WARM_UP_DAYS, knownDay - LEARNED_DAYS), trainUntilDay),
      validation,
      madeAtMs,
      { ...fit, label: `seed ${seed}, ${label}` },
    );
    const network = new Network(inputs, layers);
    const labels = Uint8Array.from(validation, (row) => payments.labelAt(row, madeAtMs));
    return { network, threshold: thresholdWithin(BUDGET, logitsOf(network, payments, validation), labels) };
  };

  const progress = startProgress(`seed ${seed}, days`, days, "days");
  let frozen: Awaited<ReturnType<typeof make>> | undefined;
  for (const { day, columns } of world.columns()) {
    if (day === trainedDays) frozen = await make(day, "first");
    for (let row = 0; row < columns.length; row++) {
      const payment = labelledPayment(reader, columns, row, day);
      const vector = stream.next(payment.event, payment.label)!;
      payments.add(vector, payment);
      episodes.push(columns.episode[row]);
      if (frozen === undefined || columns.story[row] === 0) continue;
      adaptation.learn({
        episode: columns.episode[row],
        looksLike: STORY_NAMES[columns.story[row] - 1],
        tactic: tacticName(columns.story[row], columns.tactic[row]),
        fraud: payment.fraud,
      }, frozen.network.logit(vector) >= frozen.threshold);
    }
    if (frozen !== undefined) adaptation.endDay();
    progress.update(day + 1);
  }
  progress.stop();

  const retrained = await make(remadeDay, "retrained");
  const judge = (network: Network, rows: Uint32Array) => {
    const scores = logitsOf(network, payments, rows);
    const fraud = Uint8Array.from(rows, (row) => payments.fraud(row));
    const threshold = thresholdWithin(BUDGET, scores, fraud);
    const frauds: JudgedFraud[] = [];
    for (const [i, row] of rows.entries()) {
      if (fraud[i] === 0) continue;
      frauds.push({ affair: episodes[row], story: payments.story(row)!, isFound: scores[i] >= threshold });
    }
    return { frauds, averagePrecision: averagePrecision(scores, fraud) };
  };
  const first = judge(frozen!.network, between(trainedDays, trainedDays + judgedDays));
  const lastRows = between(remadeDay, days);
  const [last, again] = [judge(frozen!.network, lastRows), judge(retrained.network, lastRows)];
  return {
    first: first.frauds,
    last: last.frauds,
    retrained: again.frauds,
    averagePrecision: {
      first: first.averagePrecision,
      last: last.averagePrecision,
      retrained: again.averagePrecision,
    },
    shares: adaptation.shares(),
  };
}

function labelledPayment(
  reader: EventReader,
  columns: PaymentColumns,
  row: number,
  day: number,
): LabelledPayment {
  const knownAtMs = columns.labelKnownAtMs[row];
  const fraud = columns.fraud[row] === 1;
  return {
    event: reader.read(columns, row, day),
    fraud,
    label: knownAtMs === NO_REPORT ? null : { knownAtMs, fraud: columns.labelFraud[row] === 1 },
    posterior: null,
    story: fraud ? STORY_NAMES[columns.story[row] - 1] : null,
  };
}
