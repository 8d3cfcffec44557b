import { averagePrecision } from "../../../src/fraud/measures/metrics.ts";
import { Network } from "../../../src/fraud/model/network.ts";
import { logisticContender } from "../../train/baselines.ts";
import type { Contender } from "../../train/contender.ts";
import { calibrated, fitModel, type FittedModel, type Prepared, prepareFit } from "../../train/fit_model.ts";
import { besideMembers } from "../../train/join_members.ts";
import type { PaymentRows } from "../../train/payment_rows.ts";
import { rowsOf } from "../../train/sample_rows.ts";
import { gruContender, SEQUENCE_MODEL_NAME } from "../../train/sequence/gru_contender.ts";
import type { Fold } from "../../train/split.ts";
import type { BenchOptions } from "../bench_options.ts";

/** A way to train the learned contenders: on which fold of the data, under which names. */
export interface Variant {
  readonly fold: Fold;
  /** What stands behind each name, ` (28 days)`; empty for the data's only variant. */
  readonly suffix: string;
  /** Whether its ensemble is the model of the scoreboard. */
  readonly isModel: boolean;
}

/** One period of test and all that is trained for it. */
export interface TestPeriod {
  /** From 1. */
  readonly number: number;
  /** The rows that all are judged by. */
  readonly test: Uint32Array;
  readonly variants: readonly Variant[];
}

/**
 * What is trained of one variant, each part by itself from the same rows, so that several can be trained at once. All of
 * it is data, so that it can go to another thread.
 */
export interface TrainingPart {
  readonly kind: keyof Trained;
  readonly period: Pick<TestPeriod, "number" | "test">;
  readonly variant: Variant;
  readonly settings: TrainingSettings;
}

export type TrainingSettings = Pick<
  BenchOptions,
  "seeds" | "trainRows" | "epochs" | "sequenceSeeds" | "sequenceEpochs"
>;

/** What each kind of part comes to: data again. */
export interface Trained {
  readonly networks: TrainedNetworks;
  readonly regression: Contender;
  readonly sequence: Contender;
}

export interface TrainedNetworks {
  readonly model: Omit<FittedModel, "sample">;
  readonly sample: {
    /** Places in the data set. */
    readonly rows: Uint32Array;
    readonly genuineRate: number;
    readonly fraudRate: number;
  };
  /** The model's probabilities of the test rows. */
  readonly scores: Float64Array;
  /** Average precision on test of each network alone, by seed; of the scoreboard's model only. */
  readonly bySeed: readonly number[];
}

/** In the order in which they are best begun: the longest first. */
export function partsOf(periods: readonly TestPeriod[], settings: TrainingSettings): TrainingPart[] {
  const { seeds, trainRows, epochs, sequenceSeeds, sequenceEpochs } = settings;
  return periods.flatMap(({ number, test, variants }) =>
    variants.flatMap((variant) =>
      (["networks", "sequence", "regression"] as const)
        .filter((kind) => kind !== "sequence" || variant.isModel && sequenceSeeds.length > 0)
        .map((kind) => ({
          kind,
          period: { number, test },
          variant,
          settings: { seeds, trainRows, epochs, sequenceSeeds, sequenceEpochs },
        }))
    )
  );
}

/** Trains parts of one data set, one after the other. */
export class PartTrainer {
  /** Parts of one variant mostly follow each other, and start from the same. */
  #prepared: { readonly madeFor: string; readonly its: Prepared } | null = null;

  constructor(readonly payments: PaymentRows) {}

  async train(part: TrainingPart): Promise<Trained[keyof Trained]> {
    const { kind, period: { number, test }, variant: { fold, suffix }, settings } = part;
    const { payments } = this;
    const train = rowsOf(payments, fold.train);
    const judged = { madeAtMs: fold.madeAtMs, validation: rowsOf(payments, fold.validation), test };
    const prepared = this.#prepare(
      `${number}${suffix}`,
      () =>
        prepareFit(payments, train, judged.validation, fold.madeAtMs, {
          seeds: settings.seeds,
          mostRows: settings.trainRows,
        }),
    );
    const label = `fold ${number}${suffix}`;
    switch (kind) {
      case "networks":
        return await this.#networks(part, train, judged.validation, prepared, label);
      case "regression":
        return logisticContender(`logistic regression${suffix}`, payments, prepared.sample.rows, judged);
      case "sequence":
        return await gruContender(SEQUENCE_MODEL_NAME, payments, prepared, judged, {
          seeds: settings.sequenceSeeds,
          mostEpochs: settings.sequenceEpochs,
          label,
        });
    }
  }

  async #networks(
    { period: { test }, variant: { fold, isModel }, settings }: TrainingPart,
    train: Uint32Array,
    validation: Uint32Array,
    prepared: Prepared,
    label: string,
  ): Promise<TrainedNetworks> {
    const { payments } = this;
    const { sample: { rows, genuineRate, fraudRate }, ...model } = await fitModel(
      payments,
      train,
      validation,
      fold.madeAtMs,
      { seeds: settings.seeds, mostRows: settings.trainRows, mostEpochs: settings.epochs, label },
      prepared,
    );
    const { joint, alone } = logitsWithMembers(model, payments, test);
    const fraud = Uint8Array.from(test, (row) => payments.fraud(row));
    return {
      model,
      sample: { rows: rows.rows, genuineRate, fraudRate },
      scores: calibrated(model.calibration.calibration, joint),
      bySeed: isModel ? alone.map((logits) => averagePrecision(logits, fraud)) : [],
    };
  }

  #prepare(madeFor: string, make: () => Prepared): Prepared {
    if (this.#prepared?.madeFor !== madeFor) this.#prepared = { madeFor, its: make() };
    return this.#prepared.its;
  }
}

/** What the ensemble says of each row, and what each of its networks says alone: in one pass. */
function logitsWithMembers(
  { inputs, layers, networks }: Pick<FittedModel, "inputs" | "layers" | "networks">,
  payments: PaymentRows,
  rows: Uint32Array,
): { readonly joint: Float64Array; readonly alone: readonly Float64Array[] } {
  const network = new Network(inputs, besideMembers(layers, networks), 1 + networks.length);
  const joint = new Float64Array(rows.length);
  const alone = networks.map(() => new Float64Array(rows.length));
  for (let i = 0; i < rows.length; i++) {
    const logits = network.logits(payments.vector(rows[i]));
    joint[i] = logits[0];
    for (let m = 0; m < alone.length; m++) alone[m][i] = logits[1 + m];
  }
  return { joint, alone };
}
