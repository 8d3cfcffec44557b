/**
 * `deno run sim/bench/adaptation_run.ts [--customers 10000] [--seed 7]`: how a frozen model ages when thieves learn from
 * its declines, and what retraining wins back.
 *
 * A model is trained on 60 days of a world whose thieves do not know it, then decides for 90 days. Each day the thieves
 * learn what was declined (fraud/adaptation.ts). At the end a second model is trained on the labels that have arrived
 * since, and both are judged on the last 14 days, each at a threshold that declines 0.5% of genuine payments there.
 */
import { parseFlags, wholeNumber } from "../parse_flags.ts";
import { FeatureStream } from "../../src/fraud/features/feature_stream.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { Random } from "../../src/core/random.ts";
import { Adaptation, tacticName } from "../fraud/adaptation.ts";
import { STORY_NAMES } from "../fraud/story_names.ts";
import { fitInputs } from "../train/fit_inputs.ts";
import { averagePrecision, confusionAt, thresholdWithin } from "../../src/fraud/measures/metrics.ts";
import { Rows } from "../train/rows.ts";
import { trainEnsemble } from "../train/train_ensemble.ts";
import { NO_REPORT } from "../world/payment_columns.ts";
import { EventReader } from "../world/to_payment_event.ts";
import { generateWorld } from "../world/world.ts";
import { Network } from "../../src/fraud/model/network.ts";
import { runCommand } from "../../src/core/run_command.ts";

const TRAINED_DAY = 60;
const FROZEN_DAYS = 90;
const LAST_DAY = TRAINED_DAY + FROZEN_DAYS;
const JUDGED_DAYS = 14;
const BUDGET = 0.005;
const SAMPLE = 0.1;
const NETWORK = { hiddenUnits: [32, 16], mostEpochs: 10, learningRate: 0.002, weightDecay: 4e-4 } as const;

export interface AdaptationRun {
  /** Recall of the frozen model in its first and last 14 days, and of the retrained one in the last. */
  readonly recallFirst: number;
  readonly recallLast: number;
  readonly recallRetrained: number;
  readonly wonBack: number;
  readonly averagePrecision: { readonly first: number; readonly last: number; readonly retrained: number };
  readonly frauds: { readonly first: number; readonly last: number };
  /** Of the last 14 days: frauds, and which share of them the frozen and the retrained model find. */
  readonly lastByStory: Record<string, { frauds: number; frozen: number; retrained: number }>;
  readonly shares: Record<string, Record<string, number>>;
}

/** @param labelDays how long before a model is made its training ends, so that reports can arrive */
export async function adaptationRun(customers: number, seed: number, labelDays = 10): Promise<AdaptationRun> {
  const adaptation = new Adaptation(seed);
  const config = { seed, days: LAST_DAY, customers, startMs: Date.UTC(2026, 0, 5) };
  const world = generateWorld(config, adaptation);
  const events = new EventReader(world.society);
  const stream = new FeatureStream({ idsAreUnique: true });
  const sample = new Random(seed).fork("adaptation sample");
  const parts = { early: new Rows(), earlyCheck: new Rows(), late: new Rows(), lateCheck: new Rows() };
  const [first, last] = [new Rows(), new Rows()];
  const madeDay = LAST_DAY - JUDGED_DAYS;
  let frozen: { network: Network; threshold: number } | null = null;
  for (const { day, columns } of world.columns()) {
    if (day === TRAINED_DAY) {
      const network = await train(parts.early, parts.earlyCheck, seed);
      const scores = scoresOf(network, parts.earlyCheck);
      frozen = { network, threshold: sampledThreshold(scores, parts.earlyCheck) };
    }
    const training = day < 5
      ? null
      : day < TRAINED_DAY - labelDays - 8
      ? parts.early
      : day < TRAINED_DAY - labelDays
      ? parts.earlyCheck
      : day >= madeDay - labelDays
      ? null
      : day < madeDay - labelDays - 8
      // What is older than six weeks tells of thieves who work otherwise now.
      ? day >= madeDay - labelDays - 42 ? parts.late : null
      : parts.lateCheck;
    const cutOffMs = config.startMs + (day < TRAINED_DAY ? TRAINED_DAY : madeDay) * DAY_MS;
    const judged = day >= madeDay
      ? last
      : day >= TRAINED_DAY && day < TRAINED_DAY + JUDGED_DAYS
      ? first
      : null;
    for (let row = 0; row < columns.length; row++) {
      const event = events.read(columns, row, day);
      const reportedAtMs = columns.labelKnownAtMs[row];
      const reported = columns.labelFraud[row] === 1;
      const vector = stream.next(
        event,
        reportedAtMs === NO_REPORT ? null : { knownAtMs: reportedAtMs, fraud: reported },
      )!;
      const fraud = columns.fraud[row] === 1;
      const story = columns.story[row];
      if (frozen !== null && story > 0) {
        adaptation.learn({
          episode: columns.episode[row],
          looksLike: STORY_NAMES[story - 1],
          tactic: tacticName(story, columns.tactic[row]),
          fraud,
        }, frozen.network.logit(vector) >= frozen.threshold);
      }
      const label = reported && reportedAtMs !== NO_REPORT && reportedAtMs <= cutOffMs;
      const add = (rows: Rows) =>
        rows.add(
          vector,
          label,
          fraud ? STORY_NAMES[story - 1] : null,
          event.amountUsd,
          columns.customer[row],
        );
      if (judged !== null) add(judged);
      if (training !== null && (label || sample.chance(SAMPLE))) add(training);
    }
    if (frozen !== null) adaptation.endDay();
  }
  const retrained = await train(parts.late, parts.lateCheck, seed);
  const judge = (network: Network, rows: Rows) => {
    const scores = scoresOf(network, rows);
    const threshold = thresholdWithin(BUDGET, scores, rows.fraud);
    return {
      flagged: scores.map((score) => score >= threshold ? 1 : 0),
      recall: confusionAt(scores, threshold, rows.fraud, rows.amountUsd).recall,
      averagePrecision: averagePrecision(scores, rows.fraud),
    };
  };
  const [before, after, again] = [
    judge(frozen!.network, first),
    judge(frozen!.network, last),
    judge(retrained, last),
  ];
  const count = (rows: Rows) => rows.fraud.reduce((sum, value) => sum + value, 0);
  return {
    recallFirst: before.recall,
    recallLast: after.recall,
    recallRetrained: again.recall,
    wonBack: (again.recall - after.recall) / (before.recall - after.recall),
    averagePrecision: {
      first: before.averagePrecision,
      last: after.averagePrecision,
      retrained: again.averagePrecision,
    },
    frauds: { first: count(first), last: count(last) },
    lastByStory: byStory(last, after.flagged, again.flagged),
    shares: adaptation.shares(),
  };
}

async function train(rows: Rows, check: Rows, seed: number): Promise<Network> {
  const inputs = fitInputs(rows);
  const { members } = await trainEnsemble(rows, check, inputs, {
    ...NETWORK,
    seeds: [seed],
    label: "network",
  });
  return new Network(inputs, members[0]);
}

function scoresOf(network: Network, rows: Rows): Float64Array {
  return Float64Array.from({ length: rows.length }, (_, row) => network.logit(rows.vector(row)));
}

function byStory(rows: Rows, frozen: Float64Array, retrained: Float64Array): AdaptationRun["lastByStory"] {
  const result: AdaptationRun["lastByStory"] = {};
  for (let row = 0; row < rows.length; row++) {
    const name = rows.story[row];
    if (name === null) continue;
    const story = result[name] ??= { frauds: 0, frozen: 0, retrained: 0 };
    story.frauds++;
    story.frozen += frozen[row];
    story.retrained += retrained[row];
  }
  for (const story of Object.values(result)) {
    story.frozen /= story.frauds;
    story.retrained /= story.frauds;
  }
  return result;
}

/** The check rows hold a sample of the genuine payments, which leaves a quantile of theirs where it is. */
function sampledThreshold(scores: Float64Array, rows: Rows): number {
  return thresholdWithin(BUDGET, scores, rows.label);
}

async function main(args: readonly string[]): Promise<void> {
  const { values } = parseFlags(args, { values: ["customers", "seed"], switches: [] });
  const run = await adaptationRun(
    wholeNumber("customers", values.customers, 10_000, 1_000, 1_000_000),
    wholeNumber("seed", values.seed, 7, 0, 4_294_967_295),
  );
  console.log(JSON.stringify(run, null, 1));
}

if (import.meta.main) await runCommand("bench:adaptation", main);
