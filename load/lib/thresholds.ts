import { OUTCOMES } from "./classify_answer.ts";
import { type LoadPlan, streamShareOf } from "./load_plan.ts";

/**
 * By scenario, not by phase as the rest: k6 1.8 leaves a scenario's own tags off this metric, so the same threshold
 * on `{phase:measure}` saw 0 while 115 of 150 payments were dropped.
 */
export const DROPPED_METRIC = "dropped_iterations{scenario:measure}";

/** One k6 threshold with the sentence a report shows for it. */
export interface ThresholdRule {
  /** Stable, for JUnit and for programs that read the verdict. */
  readonly id: string;
  readonly title: string;
  readonly metric: string;
  readonly expression: string;
  /** False where a count of 0 is an honest value, so no samples is not a failure. */
  readonly needsSamples: boolean;
}

/** Of the payments that the rate and the stream promise, the share that must have been answered. */
const ANSWERED_SHARE_MIN = 0.99;
/** Some first-time payments may end in doubt or in an error; nearly all must have given an approval time. */
const TIMED_SHARE_MIN = 0.9;

/**
 * The gate's k6 rules. k6 lets a threshold pass when its metric has no samples, so a run against a dead server would
 * pass on latency alone: the two counts at the end, which the script starts at 0, close that hole.
 */
export function thresholdRules(plan: LoadPlan, share: { readonly firstTime: number }): ThresholdRule[] {
  const { limits } = plan;
  const answeredMin = Math.floor(streamShareOf(plan).measureIterations * ANSWERED_SHARE_MIN);
  const timedMin = Math.floor(share.firstTime * TIMED_SHARE_MIN);
  return [
    {
      id: "approval_p95",
      title: `95% of payments decided in under ${limits.approvalMsP95} ms`,
      metric: "payment_approval_ms{phase:measure}",
      expression: `p(95)<${limits.approvalMsP95}`,
      needsSamples: true,
    },
    {
      id: "approval_p99",
      title: `99% of payments decided in under ${limits.approvalMsP99} ms`,
      metric: "payment_approval_ms{phase:measure}",
      expression: `p(99)<${limits.approvalMsP99}`,
      needsSamples: true,
    },
    {
      id: "errors",
      title: `errors below ${limits.errorShare * 100}% of calls`,
      metric: "payment_errors{phase:measure}",
      expression: `rate<${limits.errorShare}`,
      needsSamples: true,
    },
    {
      id: "dropped_iterations",
      title: `at most ${limits.droppedIterations} payments not sent because all senders were waiting`,
      metric: DROPPED_METRIC,
      expression: `count<=${limits.droppedIterations}`,
      needsSamples: false,
    },
    {
      id: "answered",
      title: `at least ${answeredMin} calls made (${ANSWERED_SHARE_MIN * 100}% of rate × duration)`,
      metric: "payments_answered{phase:measure}",
      expression: `count>=${answeredMin}`,
      needsSamples: true,
    },
    {
      id: "timed",
      title: `at least ${timedMin} approval times taken (${TIMED_SHARE_MIN * 100}% of first-time payments)`,
      metric: "payments_timed{phase:measure}",
      expression: `count>=${timedMin}`,
      needsSamples: true,
    },
  ];
}

/** The rules as k6's `options.thresholds`. */
export function k6Thresholds(rules: readonly ThresholdRule[]): Record<string, string[]> {
  const thresholds: Record<string, string[]> = {};
  for (const rule of rules) (thresholds[rule.metric] ??= []).push(rule.expression);
  // Not rules: k6 keeps a tagged part of a metric in its summary only if a threshold names it.
  for (const outcome of OUTCOMES) thresholds[outcomeMetric(outcome)] = ["count>=0"];
  return thresholds;
}

export function outcomeMetric(outcome: string): string {
  return `payment_outcomes{phase:measure,outcome:${outcome}}`;
}
