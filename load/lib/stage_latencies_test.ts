import { expect } from "expect";
import { latencyBySecond } from "./latency_by_second.ts";
import type { PaymentRecord } from "./payment_record.ts";
import { parsePaymentRecords } from "./payment_record.ts";
import { durationsByStage, stageLatencies, timedRecords } from "./stage_latencies.ts";

function recordOf(record: Partial<PaymentRecord>): PaymentRecord {
  return {
    phase: "measure",
    index: 0,
    startedMs: 0,
    durationMs: 10,
    outcome: "approved",
    stagesMs: {},
    ...record,
  };
}

Deno.test("timedRecords() leaves out warm-up, replays, doubts and errors", () => {
  const records = [
    recordOf({ phase: "warmup" }),
    recordOf({ outcome: "replayed" }),
    recordOf({ outcome: "in_doubt" }),
    recordOf({ outcome: "error" }),
    recordOf({ outcome: "declined_risk", index: 7 }),
  ];
  expect(timedRecords(records).map((record) => record.index)).toEqual([7]);
});

Deno.test("durationsByStage() sets the server's total apart and adds what lies outside it and outside the provider", () => {
  const stages = durationsByStage([
    recordOf({ stagesMs: { screen: 1, total: 8, charge: 5 } }),
    recordOf({ stagesMs: { screen: 2, total: 4 } }),
  ]);
  expect([...stages]).toEqual([
    ["end to end", [10, 10]],
    ["without provider", [5, 10]],
    ["screen", [1, 2]],
    ["charge", [5]],
    ["total", [8, 4]],
    ["transport", [2, 6]],
  ]);
  expect(stageLatencies(stages)[2]).toMatchObject({ stage: "screen", count: 2, maxMs: 2 });
});

Deno.test("latencyBySecond() groups by the second of sending", () => {
  const seconds = latencyBySecond([
    recordOf({ startedMs: 5000, durationMs: 10 }),
    recordOf({ startedMs: 5999, durationMs: 30 }),
    recordOf({ startedMs: 7000, durationMs: 50 }),
  ]);
  expect(seconds.map(({ second, msP50 }) => [second, msP50])).toEqual([[0, 20], [2, 50]]);
});

Deno.test("parsePaymentRecords() passes over what other code logged", () => {
  const record = recordOf({ paymentId: "pay_1" });
  expect(parsePaymentRecords(`hello\n${JSON.stringify(record)}\n\n`)).toEqual([record]);
});
