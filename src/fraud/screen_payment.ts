import type { DeclineExploration } from "./explore_declines.ts";
import { brokenRules } from "./rules.ts";

/** The score at and above which a payment is declined. */
export const DECLINE_AT_SCORE = 75;
const RULE_SCORE = 95;
const REASONS_SHOWN = 3;

export interface FraudModelPort {
  readonly modelVersion: string;
  score(vector: Float64Array): { probability: number; riskScore: number };
  /** A category's value is words: its name, where the model knows it. */
  explain(vector: Float64Array, top: number): { feature: string; value: number | string; effect: number }[];
}

export interface RiskAssessment {
  /** 0 to 100; {@link DECLINE_AT_SCORE} and above is declined. */
  readonly score: number;
  /** Calibrated probability of fraud, the model's own, before any rule. */
  readonly probability: number;
  readonly decision: "approve" | "step_up" | "decline";
  /** What the decision rests on. */
  readonly decidedBy: "model" | "rule" | "test_payment_method" | "exploration";
  /**
   * The probability with which the screen let this payment pass, approved or to a challenge: 1, 0, or where chance decides
   * about what the model would decline, the share that is approved, whichever way it fell.
   */
  readonly propensity: number;
  readonly rules: readonly string[];
  /** The features that moved the score most, strongest first; effect in units of log-odds. */
  readonly reasons: readonly { feature: string; value: number | string; effect: number }[];
  readonly modelVersion: string;
}

export interface ScreenOptions {
  /** A test payment method is scored like any other, but orders its outcome. */
  readonly isTestMethod: boolean;
  /** From here to {@link DECLINE_AT_SCORE} the customer has to prove who pays; null where nobody could be asked. */
  readonly stepUpAt: number | null;
  /** Of what the model alone would decline, what is approved all the same; null for nothing. */
  readonly exploration: { readonly by: DeclineExploration; readonly paymentId: string } | null;
}

/** Scores a feature vector and decides. */
export function screenPayment(
  vector: Float64Array,
  model: FraudModelPort,
  { isTestMethod, stepUpAt, exploration }: ScreenOptions,
): RiskAssessment {
  const { probability, riskScore } = model.score(vector);
  let reasons: RiskAssessment["reasons"] | undefined;
  const rules = brokenRules(vector).map((rule) => rule.name);
  const score = rules.length > 0 ? Math.max(riskScore, RULE_SCORE) : riskScore;
  const isRisky = !isTestMethod && score >= DECLINE_AT_SCORE;
  // A hard rule is nothing to learn about.
  const explored = isRisky && rules.length === 0 ? exploration : null;
  const isDrawn = explored?.by.isDrawn(explored.paymentId) ?? false;
  const decision = isTestMethod || isDrawn
    ? "approve"
    : isRisky
    ? "decline"
    : stepUpAt !== null && score >= stepUpAt
    ? "step_up"
    : "approve";
  return {
    score,
    probability,
    decision,
    decidedBy: isTestMethod
      ? "test_payment_method"
      : rules.length > 0
      ? "rule"
      : isDrawn
      ? "exploration"
      : "model",
    propensity: isRisky ? explored?.by.share ?? 0 : 1,
    rules,
    modelVersion: model.modelVersion,
    // Asked for when the answer is made: it costs several scores, and a batch that others wait for is no place for that.
    get reasons() {
      return reasons ??= model.explain(vector, REASONS_SHOWN);
    },
  };
}
