import { TIMED_OUTCOMES } from "./classify_answer.ts";
import type { RuleResult } from "./gate_result.ts";
import type { PaymentRecord } from "./payment_record.ts";
import type { ThresholdRule } from "./thresholds.ts";

/** As far as it is read here, what k6 hands to handleSummary. */
export interface K6Summary {
  readonly metrics: Readonly<Record<string, K6Metric>>;
}

interface K6Metric {
  readonly type: string;
  readonly values: Readonly<Record<string, number>>;
  readonly thresholds?: Readonly<Record<string, { readonly ok: boolean }>>;
}

/** k6's verdict on each threshold, corrected where k6 passes one that has nothing to judge. */
export function judgeThresholds(rules: readonly ThresholdRule[], summary: K6Summary): RuleResult[] {
  return rules.map((rule) => {
    const metric = summary.metrics[rule.metric];
    const judged = metric?.thresholds?.[rule.expression];
    const limit = rule.expression;
    if (!metric || !judged) {
      return { id: rule.id, title: rule.title, limit, actual: "not judged by k6", ok: false };
    }
    if (rule.needsSamples && !hasSamples(metric)) {
      return { id: rule.id, title: rule.title, limit, actual: "no samples", ok: false };
    }
    const actual = formatActual(metric, rule.expression);
    return { id: rule.id, title: rule.title, limit, actual, ok: judged.ok };
  });
}

function hasSamples({ type, values }: K6Metric): boolean {
  return (type === "rate" ? (values.passes ?? 0) + (values.fails ?? 0) : values.count ?? 0) > 0;
}

function formatActual({ type, values }: K6Metric, expression: string): string {
  const value = values[expression.split(/[<>=]/, 1)[0]] ?? 0;
  if (type === "trend") return `${value.toFixed(1)} ms`;
  return type === "rate" ? `${+(value * 100).toFixed(3)}%` : String(value);
}

/** Share of timed answers that must carry the server's own stage times; without them the breakdown misleads. */
const STAGES_SHARE_MIN = 0.99;

/** The rules that need one payment compared with another, which no k6 threshold can. */
export function judgeRecords(
  records: readonly PaymentRecord[],
  firstIndexOf: (index: number) => number,
  replaysExpected: boolean,
): RuleResult[] {
  const { repeated, broken } = compareKeys(records, firstIndexOf);
  const measured = records.filter((record) => record.phase === "measure");
  const timed = measured.filter((record) => TIMED_OUTCOMES.includes(record.outcome));
  const staged = timed.filter((record) => Object.keys(record.stagesMs).length > 0).length;
  return [
    {
      id: "one_payment_per_key",
      title: "a repeated key is answered with its first payment, and no two keys share one",
      limit: "0 broken keys",
      actual: replaysExpected && repeated === 0
        ? "no samples"
        : `${broken} broken, ${repeated} keys repeated`,
      ok: broken === 0 && (repeated > 0 || !replaysExpected),
    },
    {
      id: "stages_reported",
      title: `${STAGES_SHARE_MIN * 100}% of decided payments carry timings_ms`,
      limit: `${STAGES_SHARE_MIN * 100}%`,
      actual: timed.length === 0 ? "no samples" : `${staged} of ${timed.length}`,
      ok: timed.length > 0 && staged >= timed.length * STAGES_SHARE_MIN,
    },
  ];
}

/**
 * Counts keys that were answered more than once and those whose answers contradict each other. Holds whatever the
 * order in which a key's calls overtook each other, and when some of them ended in an error: of the answers, one
 * at most is not a replay, and all name one payment.
 */
function compareKeys(
  records: readonly PaymentRecord[],
  firstIndexOf: (index: number) => number,
): { repeated: number; broken: number } {
  const answersByKey = new Map<number, PaymentRecord[]>();
  for (const record of records) {
    if (record.outcome === "error") continue;
    const key = firstIndexOf(record.index);
    const answers = answersByKey.get(key);
    if (answers) answers.push(record);
    else answersByKey.set(key, [record]);
  }
  const takenIds = new Set<string>();
  let repeated = 0;
  let broken = 0;
  for (const answers of answersByKey.values()) {
    if (answers.length > 1) repeated++;
    const ids = new Set(answers.map((answer) => answer.paymentId ?? ""));
    const firsts = answers.filter((answer) => answer.outcome !== "replayed").length;
    if (ids.size > 1 || firsts > 1 || [...ids].some((id) => takenIds.has(id))) broken++;
    for (const id of ids) takenIds.add(id);
  }
  return { repeated, broken };
}
