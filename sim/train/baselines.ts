import { FEATURE_INDEX as F } from "../../src/fraud/features/catalogue.ts";
import { Network } from "../../src/fraud/model/network.ts";
import { RULES } from "../../src/fraud/rules.ts";
import {
  calibratedContender,
  type Contender,
  type JudgedFold,
  ORACLE_NAME,
  plainContender,
} from "./contender.ts";
import { fitLinearInputs } from "./fit_inputs.ts";
import { logitsOf } from "./fit_model.ts";
import type { PaymentRows } from "./payment_rows.ts";
import { averagePrecision } from "../../src/fraud/measures/metrics.ts";
import { seenCategories } from "./choose_categories.ts";
import type { SampledRows } from "./weighted_rows.ts";
import { fitLogistic } from "./logistic_regression.ts";

/**
 * On weights of inputs from 0 to 1. From 0.01 to 1 it hardly matters where there is fraud enough (AP 0.246 and 0.242,
 * 0.297 and 0.299 in two periods); with little fraud the features that go together need it.
 */
const RIDGE = 0.3;

/** What needs no training: the larger amount, and how far a payment goes towards a hard rule of the server's. */
export function ruleContenders(payments: PaymentRows, fold: JudgedFold): Contender[] {
  return [
    plainContender("amount rule", false, payments, fold, (row) => payments.amountUsd(row)),
    plainContender(
      "rules",
      false,
      payments,
      fold,
      (row) =>
        RULES.reduce(
          (most, rule) => Math.max(most, payments.feature(row, F[rule.feature]) / rule.atLeast),
          0,
        ),
    ),
  ];
}

/**
 * A logistic regression on all features as they are, trained on the rows that the model is trained on: with categories, or
 * without where that is better on validation.
 */
export function logisticContender(
  name: string,
  payments: PaymentRows,
  train: SampledRows,
  fold: JudgedFold,
): Contender {
  const known = Uint8Array.from(fold.validation, (row) => payments.labelAt(row, fold.madeAtMs));
  const blind = fitLinearInputs(train, () => false);
  const seeing = fitLinearInputs(train);
  const choices = seenCategories(seeing).length === 0 ? [blind] : [blind, seeing];
  const [best] = choices.map((inputs) => {
    const network = new Network(inputs, fitLogistic(train, inputs, RIDGE));
    const onValidation = logitsOf(network, payments, fold.validation);
    return { network, onValidation, averagePrecision: averagePrecision(onValidation, known) };
  }).sort((a, b) => b.averagePrecision - a.averagePrecision);
  return calibratedContender(
    name,
    payments,
    fold,
    best.onValidation,
    logitsOf(best.network, payments, fold.test),
  );
}

/** The attainable probability, where the source knows it. */
export function oracleContender(payments: PaymentRows, fold: JudgedFold): Contender {
  return plainContender(ORACLE_NAME, true, payments, fold, (row) => payments.posterior(row));
}
