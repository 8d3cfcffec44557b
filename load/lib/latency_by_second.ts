import { latencySummary } from "./latency_summary.ts";
import type { PaymentRecord } from "./payment_record.ts";

export interface SecondLatency {
  /** Seconds since the first measured payment was sent. */
  readonly second: number;
  readonly msP50: number;
  readonly msP95: number;
  readonly msP99: number;
}

/** Latency over time, by the second in which a payment was sent: a stall shows where it began. */
export function latencyBySecond(timed: readonly PaymentRecord[]): SecondLatency[] {
  if (timed.length === 0) return [];
  const startMs = timed.reduce((least, record) => Math.min(least, record.startedMs), Infinity);
  const bySecond = new Map<number, number[]>();
  for (const { startedMs, durationMs } of timed) {
    const second = Math.floor((startedMs - startMs) / 1000);
    const values = bySecond.get(second);
    if (values) values.push(durationMs);
    else bySecond.set(second, [durationMs]);
  }
  return [...bySecond].sort(([a], [b]) => a - b).map(([second, values]) => {
    const { msP50, msP95, msP99 } = latencySummary(values);
    return { second, msP50, msP95, msP99 };
  });
}
