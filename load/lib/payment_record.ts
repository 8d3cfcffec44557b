import type { Outcome } from "./classify_answer.ts";

/**
 * One line of `payments.jsonl`: what one payment call was and how it ended.
 *
 * Not one of k6's own outputs, because none of them ties a payment's id to its key, which the rules about repeated
 * keys need. Measured, 10 s at 200/s: 0.5 MB of these lines, 2.9 MB of `--out csv`, 7.3 MB of `--out json`; k6's
 * processor time (2.5 s) is the same with each.
 */
export interface PaymentRecord {
  readonly phase: "warmup" | "measure";
  /** Index in the stream. */
  readonly index: number;
  /** Milliseconds since the Unix epoch at which the call was sent. */
  readonly startedMs: number;
  readonly durationMs: number;
  readonly outcome: Outcome;
  readonly paymentId?: string;
  readonly errorCode?: string;
  readonly stagesMs: Readonly<Record<string, number>>;
}

/** Parses the lines k6 wrote with `--console-output` and `--log-format=raw`, ignoring anything else logged. */
export function parsePaymentRecords(text: string): PaymentRecord[] {
  const records: PaymentRecord[] = [];
  for (const line of text.split("\n")) {
    if (!line.startsWith(`{"phase":`)) continue;
    records.push(JSON.parse(line) as PaymentRecord);
  }
  return records;
}
