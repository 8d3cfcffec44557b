import { TIMED_OUTCOMES } from "./classify_answer.ts";
import { END_TO_END, type StageLatency, TRANSPORT, WITHOUT_PROVIDER } from "./gate_result.ts";
import { latencySummary } from "./latency_summary.ts";
import type { PaymentRecord } from "./payment_record.ts";

/** The stage in which the server waits for the provider, both tries of it where there were two. */
const CHARGE = "charge";
/** The stage whose time holds all the others. */
const SERVER_TOTAL = "total";

/** The measured, first-time, decided payments: the ones whose time is an approval time. */
export function timedRecords(records: readonly PaymentRecord[]): PaymentRecord[] {
  return records.filter((record) => record.phase === "measure" && TIMED_OUTCOMES.includes(record.outcome));
}

/** Durations by stage: end to end, the same without the provider, the server's stages as it names them, its total, and what lies outside it. */
export function durationsByStage(timed: readonly PaymentRecord[]): Map<string, number[]> {
  const endToEnd = timed.map((record) => record.durationMs);
  const parts = new Map<string, number[]>();
  const total: number[] = [];
  const withoutProvider: number[] = [];
  const transport: number[] = [];
  for (const { durationMs, stagesMs } of timed) {
    for (const [stage, valueMs] of Object.entries(stagesMs)) {
      if (stage === SERVER_TOTAL) continue;
      const values = parts.get(stage);
      if (values) values.push(valueMs);
      else parts.set(stage, [valueMs]);
    }
    const totalMs = stagesMs[SERVER_TOTAL];
    if (totalMs === undefined) continue;
    total.push(totalMs);
    withoutProvider.push(Math.max(0, durationMs - (stagesMs[CHARGE] ?? 0)));
    transport.push(Math.max(0, durationMs - totalMs));
  }
  if (total.length === 0) return new Map([[END_TO_END, endToEnd], ...parts]);
  return new Map([
    [END_TO_END, endToEnd],
    [WITHOUT_PROVIDER, withoutProvider],
    ...parts,
    [SERVER_TOTAL, total],
    [TRANSPORT, transport],
  ]);
}

export function stageLatencies(stages: ReadonlyMap<string, readonly number[]>): StageLatency[] {
  return [...stages].map(([stage, durationsMs]) => ({ stage, ...latencySummary(durationsMs) }));
}
