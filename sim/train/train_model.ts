import * as tf from "@tensorflow/tfjs";
import { toRfc3339 } from "../../src/core/clock.ts";
import { OperatorError } from "../../src/core/run_command.ts";
import { Random } from "../../src/core/random.ts";
import { FEATURE_HASH, FEATURES } from "../../src/fraud/features/catalogue.ts";
import { driftReference } from "../../src/fraud/drift/reference.ts";
import { type Manifest, MANIFEST_FORMAT_VERSION, type Metrics } from "../../src/fraud/model/manifest.ts";
import { Network } from "../../src/fraud/model/network.ts";
import type { WorldConfig } from "../world/world.ts";
import { logisticContender, oracleContender, ruleContenders } from "./baselines.ts";
import { categoriesText } from "./choose_categories.ts";
import { type Contender, MODEL_NAME } from "./contender.ts";
import { fewFraudsNote, lackOf, LEAST_FRAUDS } from "./enough_frauds.ts";
import { calibrated, FALSE_POSITIVE_BUDGET, fitModel, logitsOf } from "./fit_model.ts";
import type { LabelledPayments } from "./labelled_payments.ts";
import { averagePrecision, confusionAt, rocAuc } from "../../src/fraud/measures/metrics.ts";
import { NETWORK_EPOCHS, passesText } from "./most_passes.ts";
import { precisionRecallSvg } from "./precision_recall_plot.ts";
import { rowsOf } from "./sample_rows.ts";
import { makeScoreboard, type Scoreboard } from "./scoreboard.ts";
import { type RecallByName, recallByStory } from "./recall_by.ts";
import { chanceNote, scoreboardText } from "./scoreboard_text.ts";
import { gruContender, SEQUENCE_MODEL_NAME } from "./sequence/gru_contender.ts";
import { splitDays } from "./split.ts";
import { streamFeatures } from "./stream_features.ts";
import { toTfjs } from "./to_tfjs.ts";
import { worldSource } from "./world_source.ts";
import { identify, serializeModel, writeModel } from "./write_model.ts";

export interface TrainOptions {
  readonly world: WorldConfig;
  /** Folder for the model, the scoreboard and the plot; made when it does not exist. */
  readonly outDirectory: string;
  /** Whether the sequence model stands on the scoreboard too; it is not what is written. */
  readonly sequenceModel?: boolean;
}

export interface TrainResult {
  readonly manifest: Manifest;
  readonly scoreboard: Scoreboard & { readonly recallByStory: RecallByName };
  /** The scoreboard as a table for the terminal. */
  readonly text: string;
}

/** Networks in the ensemble: three are as good as five within the noise (sim/train/README.md), and faster to ask. */
const MEMBERS = 3;
const TRAIN_ROWS = 80_000;
/** Epochs of enough rows: most_passes.ts says how often few are gone through. */
const SEQUENCE_EPOCHS = 10;

/**
 * Generates the world, trains on its first days, chooses the operating point, judges on its last days, writes. Throws an
 * {@link OperatorError} where there is too little fraud to learn from or to judge by.
 */
export async function trainModel(
  { world: config, outDirectory, sequenceModel = false }: TrainOptions,
): Promise<TrainResult> {
  const fold = splitDays(config.startMs, config.days);
  const payments = streamFeatures(worldSource(config));
  const lack = lackOf(payments, fold);
  if (lack !== null) {
    throw new OperatorError(
      "train_too_few_frauds",
      `${lack}; ${LEAST_FRAUDS} are needed at least. Give more --days or --customers, or another --seed.`,
    );
  }
  const few = fewFraudsNote(payments, fold);
  const train = rowsOf(payments, fold.train);
  const judged = {
    madeAtMs: fold.madeAtMs,
    validation: rowsOf(payments, fold.validation),
    test: rowsOf(payments, fold.test),
  };
  const fitted = await fitModel(payments, train, judged.validation, fold.madeAtMs, {
    seeds: Array.from({ length: MEMBERS }, (_, i) => config.seed + 1 + i),
    mostRows: TRAIN_ROWS,
    mostEpochs: NETWORK_EPOCHS,
    label: "fraud network",
  });
  const { inputs, layers, calibration, threshold: probability, sample } = fitted;
  const network: Contender = {
    name: MODEL_NAME,
    isProbability: true,
    threshold: probability,
    test: calibrated(calibration.calibration, logitsOf(new Network(inputs, layers), payments, judged.test)),
  };
  const contenders = [
    ...ruleContenders(payments, judged),
    logisticContender("logistic regression", payments, sample.rows, judged),
    ...(sequenceModel
      ? [
        await gruContender(SEQUENCE_MODEL_NAME, payments, fitted, judged, {
          seeds: [config.seed + 1],
          mostEpochs: SEQUENCE_EPOCHS,
          label: "sequence model",
        }),
      ]
      : []),
    network,
    oracleContender(payments, judged),
  ];
  const { scoreboard } = makeScoreboard(payments, [judged], [contenders], config.seed);
  const byStory = recallByStory(payments, judged.test, network.test, probability);

  const described = {
    featureHash: FEATURE_HASH,
    inputs,
    calibration: calibration.calibration,
    threshold: { riskScore: 75, probability, falsePositiveBudget: FALSE_POSITIVE_BUDGET },
  } as const;
  const files = await serializeModel(await toTfjs(layers));
  const manifest: Manifest = {
    formatVersion: MANIFEST_FORMAT_VERSION,
    ...identify(files, described),
    seed: config.seed,
    world: { days: config.days, customers: config.customers, startMs: config.startMs, seed: config.seed },
    trainedOn: {
      from: toRfc3339(fold.train[0]),
      until: toRfc3339(fold.train[1]),
      validationFrom: toRfc3339(fold.validation[0]),
      validationUntil: toRfc3339(fold.validation[1]),
      labelsKnownUntil: toRfc3339(fold.madeAtMs),
      rows: sample.rows.length,
      frauds: sample.rows.frauds,
      genuineSampleRate: sample.genuineRate,
      members: MEMBERS,
      trees: fitted.trees,
      treeShare: fitted.treeShare,
      networkShare: fitted.networkShare,
    },
    tfjsVersion: tf.version.tfjs,
    backend: tf.getBackend(),
    metrics: {
      validation: metrics(
        payments,
        judged.validation,
        fitted.validation,
        probability,
        (row) => payments.labelAt(row, fold.madeAtMs),
      ),
      test: metrics(payments, judged.test, network.test, probability, (row) => payments.fraud(row)),
    },
    reference: driftReference(
      vectorsOf(payments, thinned(train, config.seed)),
      { length: fitted.validation.length, probability: (row) => fitted.validation[row] },
      FEATURES.length,
    ),
    ...described,
  };
  await writeModel(outDirectory, files, manifest);
  const result = { ...scoreboard, recallByStory: byStory };
  const text = scoreboardText(scoreboard) +
    `The networks went through their ${sample.rows.length} training rows this often: ${
      passesText(fitted.curves, sample.rows.length)
    }.\nOf categories the model looks at: ${categoriesText(inputs)}.\n` +
    Object.entries(byStory).map(([story, { frauds, recall }]) =>
      `The model finds ${(recall * 100).toFixed(1)}% of ${frauds} payments of ${story}.\n`
    ).join("") +
    [
      ...(few === null ? [] : [`This model: ${few}.`]),
      ...chanceNote(scoreboard),
    ].map((note) => `${note}\n`).join("");
  await Deno.writeTextFile(`${outDirectory}/scoreboard.json`, `${JSON.stringify(result, null, 1)}\n`);
  await Deno.writeTextFile(`${outDirectory}/scoreboard.txt`, text);
  await Deno.writeTextFile(
    `${outDirectory}/precision_recall.svg`,
    precisionRecallSvg(payments, judged.test, contenders),
  );
  return { manifest, scoreboard: result, text };
}

/** Enough for shares that are right to a third of a percent. */
const REFERENCE_ROWS = 20_000;

function thinned(rows: Uint32Array, seed: number): Uint32Array {
  const share = REFERENCE_ROWS / rows.length;
  const chance = new Random(seed).fork("drift reference");
  return rows.filter(() => chance.chance(share));
}

function vectorsOf(payments: LabelledPayments, rows: Uint32Array) {
  return { length: rows.length, vector: (row: number) => payments.vector(rows[row]) };
}

// Validation is judged by the labels that had arrived, test by the truth.
function metrics(
  payments: LabelledPayments,
  rows: Uint32Array,
  scores: Float64Array,
  threshold: number,
  fraudOf: (row: number) => number,
): Metrics {
  const fraud = Uint8Array.from(rows, fraudOf);
  const amountUsd = Float64Array.from(rows, (row) => payments.amountUsd(row));
  const { accuracy: _, ...confusion } = confusionAt(scores, threshold, fraud, amountUsd);
  return {
    payments: rows.length,
    frauds: fraud.reduce((sum, value) => sum + value, 0),
    averagePrecision: averagePrecision(scores, fraud),
    rocAuc: rocAuc(scores, fraud),
    ...confusion,
  };
}
