import { expect } from "expect";
import { parseLabels } from "./parse_labels.ts";

const NOW_MS = Date.UTC(2026, 0, 10);

Deno.test("parseLabels() reads columns in any order, and takes a missing time for now", () => {
  expect(parseLabels("fraud,note,payment_id\r\n1,x,pay_1\r\nfalse,,pay_2\r\n\r\n", NOW_MS)).toEqual([
    { paymentId: "pay_1", fraud: true, reportedAtMs: NOW_MS },
    { paymentId: "pay_2", fraud: false, reportedAtMs: NOW_MS },
  ]);
  expect(parseLabels("payment_id,fraud,reported_at\npay_1,0,2026-01-05T12:00:00Z\n", NOW_MS)).toEqual([
    { paymentId: "pay_1", fraud: false, reportedAtMs: Date.UTC(2026, 0, 5, 12) },
  ]);
  expect(parseLabels("payment_id,fraud", NOW_MS)).toEqual([]);
});

Deno.test("parseLabels() names the line that it cannot read, and why", () => {
  const cases: [text: string, message: string][] = [
    ["", "must name the columns"],
    ["payment,fraud\npay_1,1", "must name the columns"],
    ["payment_id,fraud\npay_1,1\npay_2", "Line 3"],
    ["payment_id,fraud\n17,1", '"17" is no payment_id'],
    ["payment_id,fraud\npay_1,maybe", "1 or 0"],
    ["payment_id,fraud,reported_at\npay_1,1,soon", '"soon" is no time'],
    ["payment_id,fraud,reported_at\npay_1,1,2027-01-01", "in the future"],
  ];
  for (const [text, message] of cases) expect(() => parseLabels(text, NOW_MS)).toThrow(message);
});
