import { expect } from "expect";
import { categoryCode } from "../../src/fraud/features/category_code.ts";
import { driftFrom, driftReference } from "../../src/fraud/drift/reference.ts";
import { FEATURE_INDEX as F, FEATURES } from "../../src/fraud/features/catalogue.ts";
import { FeatureStream } from "../../src/fraud/features/feature_stream.ts";
import { outsideEvent } from "../../src/fraud/features/outside_payment.ts";
import { LabelledPayments } from "./labelled_payments.ts";
import { PaymentRows } from "./payment_rows.ts";

const CATEGORIES = ["grocery", "grocery", "gaming", "travel"];

/** A payment a minute, of one category after the other. */
function payments(categories: readonly string[], length: number): LabelledPayments {
  const rows = new LabelledPayments();
  const stream = new FeatureStream();
  for (let i = 0; i < length; i++) {
    const plain = outsideEvent({
      txId: `t${i}`,
      epochS: 1_767_571_200 + 60 * i,
      customerId: `c${i % 7}`,
      terminalId: `m${i % 5}`,
      amount: 10,
      fraud: false,
    });
    const event = { ...plain, merchantCategory: categories[i % categories.length], country: "DE" };
    rows.add(stream.next(event, null)!, { event, fraud: false, label: null, posterior: null, story: null });
  }
  return rows;
}

Deno.test("what codes stand for is kept with the payments, and reaches other threads", () => {
  const rows = payments(CATEGORIES, 20);
  const names = new Map(["grocery", "gaming", "travel", "DE"].map((name) => [categoryCode(name), name]));
  expect(new Map(rows.categoryNames)).toEqual(names);
  expect(PaymentRows.of(structuredClone(rows.shared())).categoryNames).toEqual(names);
  expect(rows.feature(2, F.merchant_category)).toBe(categoryCode("gaming"));
});

Deno.test("drift of a category is measured by the shares of its codes", () => {
  const then = payments(CATEGORIES, 2_000);
  const probability = () => 0.01;
  const reference = driftReference(then, { length: 10, probability }, FEATURES.length);
  const driftOf = (categories: readonly string[]) => {
    const now = payments(categories, 1_000);
    const { length } = now;
    return driftFrom(reference, { length, vector: (row) => now.vector(row), probability })
      .features[F.merchant_category];
  };
  expect(driftOf(CATEGORIES)).toBeLessThan(0.01);
  // One in four moves to a category that was there, and to one that was not.
  expect(driftOf(["grocery", "gaming", "gaming", "travel"])).toBeGreaterThan(0.2);
  expect(driftOf(["grocery", "grocery", "gaming", "jewellery"])).toBeGreaterThan(1);
});
