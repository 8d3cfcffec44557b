import { brokenRules } from "./rules.ts";

/** The score at and above which a payment is declined. */
export const DECLINE_AT_SCORE = 75;
const RULE_SCORE = 95;
const REASONS_SHOWN = 3;

export interface FraudModelPort {
  readonly modelVersion: string;
  score(vector: Float64Array): { probability: number; riskScore: number };
  explain(vector: Float64Array, top: number): { feature: string; value: number; effect: number }[];
}

export interface RiskAssessment {
  /** 0 to 100; {@link DECLINE_AT_SCORE} and above is declined. */
  readonly score: number;
  /** Calibrated probability of fraud, the model's own, before any rule. */
  readonly probability: number;
  readonly decision: "approve" | "step_up" | "decline";
  /** What the decision rests on. */
  readonly decidedBy: "model" | "rule" | "test_payment_method";
  readonly rules: readonly string[];
  /** The features that moved the score most, strongest first; effect in units of log-odds. */
  readonly reasons: readonly { feature: string; value: number; effect: number }[];
  readonly modelVersion: string;
}

/**
 * Scores a feature vector and decides. From `stepUpAt` to {@link DECLINE_AT_SCORE} the customer has to prove who pays;
 * null where nobody could be asked. A test payment method is scored like any other, but orders its outcome.
 */
export function screenPayment(
  vector: Float64Array,
  model: FraudModelPort,
  options: { isTestMethod: boolean; stepUpAt: number | null },
): RiskAssessment {
  const { probability, riskScore } = model.score(vector);
  let reasons: RiskAssessment["reasons"] | undefined;
  const rules = brokenRules(vector).map((rule) => rule.name);
  const score = rules.length > 0 ? Math.max(riskScore, RULE_SCORE) : riskScore;
  const decision = options.isTestMethod
    ? "approve"
    : score >= DECLINE_AT_SCORE
    ? "decline"
    : options.stepUpAt !== null && score >= options.stepUpAt
    ? "step_up"
    : "approve";
  return {
    score,
    probability,
    decision,
    decidedBy: options.isTestMethod ? "test_payment_method" : rules.length > 0 ? "rule" : "model",
    rules,
    modelVersion: model.modelVersion,
    // Asked for when the answer is made: it costs several scores, and a batch that others wait for is no place for that.
    get reasons() {
      return reasons ??= model.explain(vector, REASONS_SHOWN);
    },
  };
}
