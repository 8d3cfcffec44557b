import { expect } from "expect";
import { categoryCode, UNKNOWN_CODE } from "./category_code.ts";
import { FEATURE_INDEX as F } from "./catalogue.ts";
import { FeatureStream } from "./feature_stream.ts";
import { outsideEvent } from "./outside_payment.ts";

Deno.test("categoryCode() is the same whole number below 2^24 for the same name always, and 0 for none", () => {
  // Stored vectors and trained models hold these: they must not change.
  expect(["grocery", "DE", ""].map(categoryCode)).toEqual([8_711_123, 1_978_451, 11_222_652]);
  expect(categoryCode(null)).toBe(UNKNOWN_CODE);
  const codes = Array.from({ length: 5_000 }, (_, i) => categoryCode(`category ${i}`));
  expect(codes.every((code) => Number.isInteger(code) && code > 0 && code < 2 ** 24)).toBe(true);
  expect(codes.every((code) => Math.fround(code) === code)).toBe(true);
  // About one pair of 5,000 names shares a code by chance.
  expect(new Set(codes).size).toBeGreaterThan(4_990);
});

Deno.test("a list's payment and a served one have the same code for the same name, and 0 for what a list leaves out", () => {
  const plain = outsideEvent({
    txId: "t1",
    epochS: 1_767_571_200,
    customerId: "c1",
    terminalId: "m1",
    amount: 12,
    fraud: false,
  });
  const listed = { ...plain, merchantCategory: "grocery" };
  const served = {
    ...listed,
    paymentId: "pay_2",
    occurredAtMs: plain.occurredAtMs + 1_000,
    merchantCountry: "DE",
    country: "FR",
    customerCountry: "DE",
  };
  const stream = new FeatureStream();
  const [first, second] = [listed, served].map((event) => stream.next(event, null)!.slice());
  expect(first[F.merchant_category]).toBe(categoryCode("grocery"));
  expect(second[F.merchant_category]).toBe(first[F.merchant_category]);
  expect([F.merchant_country, F.payment_country, F.customer_country].map((f) => first[f])).toEqual([0, 0, 0]);
  expect([F.merchant_country, F.payment_country, F.customer_country].map((f) => second[f]))
    .toEqual(["DE", "FR", "DE"].map(categoryCode));
});
