import { expect } from "expect";
import { countShare, parsePaymentStream } from "./payment_stream.ts";

function streamOf(items: [key: string, replay: boolean][]): string {
  return JSON.stringify({
    world: {},
    payments: items.map(([key, replay]) => ({
      arguments: { amount: "1.00", currency: "USD", idempotency_key: key },
      simulated_at: "2026-01-01T00:00:00.000Z",
      truth_fraud: false,
      replay,
    })),
  });
}

Deno.test("parsePaymentStream() links a replay to the item it repeats", () => {
  const payments = parsePaymentStream(streamOf([["a", false], ["b", false], ["a", true], ["a", true]]));
  expect(payments.map((payment) => payment.firstIndex)).toEqual([0, 1, 0, 0]);
});

Deno.test("parsePaymentStream() refuses a stream that would not mean what it says", () => {
  expect(() => parsePaymentStream(`{"payments":[]}`)).toThrow(/no payments/);
  expect(() => parsePaymentStream(streamOf([["a", false], ["a", false]]))).toThrow(/share the key "a"/);
  expect(() => parsePaymentStream(streamOf([["a", true]]))).toThrow(/replay, but no earlier item/);
  expect(() => parsePaymentStream(`{"payments":[{"arguments":{}}]}`)).toThrow(/Payment 0 .* no arguments/);
});

Deno.test("countShare() does not judge replays of items before its share", () => {
  const payments = parsePaymentStream(streamOf([["a", false], ["b", false], ["a", true], ["b", true]]));
  expect(countShare(payments, 0, 4)).toEqual({ firstTime: 2, replays: 2 });
  expect(countShare(payments, 1, 4)).toEqual({ firstTime: 1, replays: 1 });
});
