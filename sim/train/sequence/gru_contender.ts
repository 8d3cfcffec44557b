import { calibratedContender, type Contender, type JudgedFold } from "../contender.ts";
import { customerHalves } from "../customer_halves.ts";
import type { FittedModel } from "../fit_model.ts";
import type { PaymentRows } from "../payment_rows.ts";
import { sampleRows } from "../sample_rows.ts";
import type { SampledRows } from "../weighted_rows.ts";
import { GruScorer } from "./gru_scorer.ts";
import { PaymentSequences, shapeOf } from "./payment_sequences.ts";
import { sequenceLogits } from "./sequence_logits.ts";
import { trainGru } from "./train_gru.ts";

export const SEQUENCE_MODEL_NAME = "sequence model (GRU)";

export interface SequenceOptions {
  /** One network a seed; their logits are averaged. */
  readonly seeds: readonly number[];
  readonly mostEpochs: number;
  readonly label: string;
}

const SIZES = { units: 8, denseUnits: 32, joinUnits: 16 };
/** Half the ensemble's: with it the best epoch was the first or second, and what followed was learned by heart. */
const LEARNING_RATE = 0.001;
const WEIGHT_DECAY = 1e-4;
/** As the ensemble's epochs are judged: on the customers that do not choose its mixture. */
const EPOCH_CHECK_ROWS = 15_000;

/**
 * The sequence model on the very rows and inputs that the ensemble is trained on, stopped by the same check and
 * calibrated by the same choice: what differs is that it also reads each customer's last payments in their order.
 */
export async function gruContender(
  name: string,
  payments: PaymentRows,
  model: Pick<FittedModel, "networkInputs" | "sample">,
  fold: JudgedFold,
  { seeds, mostEpochs, label }: SequenceOptions,
): Promise<Contender> {
  const { networkInputs: inputs } = model;
  const halves = customerHalves(payments, fold.validation, fold.madeAtMs);
  const train = sequencesOf(payments, model.sample.rows, inputs);
  const stopping = sequencesOf(
    payments,
    sampleRows(
      payments,
      fold.validation.filter((row) => halves[payments.customer(row)] === 0),
      fold.madeAtMs,
      EPOCH_CHECK_ROWS,
      seeds[0],
      true,
    ).rows,
    inputs,
  );
  const shape = shapeOf(inputs, SIZES);
  const [onValidation, onTest] = [fold.validation, fold.test].map((rows) => new Float64Array(rows.length));
  for (const seed of seeds) {
    const { layers } = await trainGru(train, stopping, {
      shape,
      seed,
      mostEpochs,
      learningRate: LEARNING_RATE,
      weightDecay: WEIGHT_DECAY,
      label: `${label}, GRU`,
    });
    const scorer = new GruScorer(layers);
    for (const [rows, sum] of [[fold.validation, onValidation], [fold.test, onTest]] as const) {
      const logits = sequenceLogits(scorer, shape, unlabelled(payments, rows, inputs));
      for (let i = 0; i < sum.length; i++) sum[i] += logits[i] / seeds.length;
    }
  }
  return calibratedContender(name, payments, fold, onValidation, onTest);
}

function sequencesOf(
  payments: PaymentRows,
  { rows, label, weight }: SampledRows,
  inputs: FittedModel["networkInputs"],
): PaymentSequences {
  return new PaymentSequences(payments, rows, inputs, label, weight, true);
}

function unlabelled(
  payments: PaymentRows,
  rows: Uint32Array,
  inputs: FittedModel["networkInputs"],
): PaymentSequences {
  return new PaymentSequences(payments, rows, inputs, new Uint8Array(0), new Float32Array(0));
}
