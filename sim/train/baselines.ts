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
import { logitsOf, type Prepared } from "./fit_model.ts";
import type { PaymentRows } from "./payment_rows.ts";
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

/** A logistic regression on all features as they are, trained on the rows that the model is trained on; of categories it sees those that the model does. */
export function logisticContender(
  name: string,
  payments: PaymentRows,
  { sample: { rows: train }, networkInputs }: Prepared,
  fold: JudgedFold,
): Contender {
  const inputs = fitLinearInputs(train, (feature) => networkInputs[feature].edges.length > 0);
  const network = new Network(inputs, fitLogistic(train, inputs, RIDGE));
  return calibratedContender(
    name,
    payments,
    fold,
    logitsOf(network, payments, fold.validation),
    logitsOf(network, payments, fold.test),
  );
}

/** The attainable probability, where the source knows it. */
export function oracleContender(payments: PaymentRows, fold: JudgedFold): Contender {
  return plainContender(ORACLE_NAME, true, payments, fold, (row) => payments.posterior(row));
}
