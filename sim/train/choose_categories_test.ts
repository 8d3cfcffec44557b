import { expect } from "expect";
import { Random } from "../../src/core/random.ts";
import { FEATURE_INDEX as F, FEATURES } from "../../src/fraud/features/catalogue.ts";
import { categoryCode } from "../../src/fraud/features/category_code.ts";
import { OTHER_CODE } from "../../src/fraud/model/category_order.ts";
import { chooseCategories, seenCategories } from "./choose_categories.ts";
import { fitInputs } from "./fit_inputs.ts";
import type { WeightedRows } from "./weighted_rows.ts";

interface Payments {
  readonly rows: WeightedRows;
  readonly customer: Uint32Array;
  readonly merchant: Uint32Array;
}

const CUSTOMERS = 400;
const MERCHANTS = 60;
/** Whose payments they are, and where they were paid. */
interface Places {
  readonly customers: number;
  readonly merchants: number;
}
const countryOf = (merchant: number) => merchant % 10;

/** Payments of which `fraudOf` says how probably each is fraud; categories are drawn, countries are the merchants'. */
function paymentsOf(
  seed: number,
  fraudOf: (payment: { category: number; merchant: number; customer: number }) => number,
  { customers, merchants }: Places = { customers: CUSTOMERS, merchants: MERCHANTS },
): Payments {
  const random = new Random(seed);
  const length = 12_000;
  const [customer, merchant, label] = [
    new Uint32Array(length),
    new Uint32Array(length),
    new Uint8Array(length),
  ];
  const vectors = Array.from({ length }, (_, row) => {
    const category = random.integer(0, 11);
    customer[row] = random.integer(0, customers - 1);
    merchant[row] = random.integer(0, merchants - 1);
    label[row] = random.chance(fraudOf({ category, merchant: merchant[row], customer: customer[row] }))
      ? 1
      : 0;
    const vector = new Float32Array(FEATURES.length);
    vector[F.amount_usd] = random.between(1, 100);
    vector[F.merchant_category] = categoryCode(`category ${category}`);
    vector[F.merchant_country] = categoryCode(`country ${countryOf(merchant[row])}`);
    return vector;
  });
  const rows = {
    length,
    vector: (row: number) => vectors[row],
    label,
    weight: new Float32Array(length).fill(1),
  };
  return { rows, customer, merchant };
}

/** The categories whose order the chosen inputs still have. */
function chosenCategories(train: Payments, validation: Payments): string[] {
  const inputs = fitInputs(train.rows);
  const { rows, customer, merchant } = validation;
  const chosen = chooseCategories(
    train.rows,
    {
      byCustomer: { rows, group: customer, groups: new Set(customer).size },
      byMerchant: { rows, group: merchant, groups: new Set(merchant).size },
      byPayment: { rows, group: Uint32Array.from(customer, (_, row) => row), groups: rows.length },
    },
    inputs,
    7,
  );
  expect(chosen.map(({ feature }) => feature)).toEqual(inputs.map(({ feature }) => feature));
  // What is no category stays what it was, and a category that is not seen has no input and one place for all codes.
  for (const [f, input] of chosen.entries()) {
    if (input.codes === undefined || input.edges.length > 0) expect(input).toEqual(inputs[f]);
    else expect(input.codes).toEqual([OTHER_CODE]);
  }
  return seenCategories(chosen);
}

Deno.test("a merchant's category that tells fraud from the rest is kept, and countries that do not are not", () => {
  const byCategory = ({ category }: { category: number }) => category % 6 === 1 ? 0.1 : 0.004;
  const [train, validation] = [1, 2].map((seed) => paymentsOf(seed, byCategory));
  expect(chosenCategories(train, validation)).toEqual(["merchant_category"]);
});

Deno.test("countries that tell are kept", () => {
  const byCountry = ({ merchant }: { merchant: number }) => countryOf(merchant) < 3 ? 0.1 : 0.004;
  const [train, validation] = [1, 2].map((seed) => paymentsOf(seed, byCountry));
  expect(chosenCategories(train, validation)).toEqual(["merchant_country"]);
});

Deno.test("the country of one merchant's affair is not kept, however many customers it robbed", () => {
  const oneAffair = ({ merchant }: { merchant: number }) => merchant === 31 ? 0.5 : 0.001;
  const [train, validation] = [1, 2].map((seed) => paymentsOf(seed, oneAffair));
  const defrauded = new Set(validation.customer.filter((_, row) => validation.rows.label[row] === 1));
  expect(defrauded.size).toBeGreaterThan(50);
  expect(chosenCategories(train, validation)).toEqual([]);
});

Deno.test("a category that tells is kept where there is one merchant, one customer, or neither is known, and where few were robbed", () => {
  const byCategory = ({ category }: { category: number }) => category % 6 === 1 ? 0.1 : 0.004;
  const places: Places[] = [{ customers: CUSTOMERS, merchants: 1 }, { customers: 1, merchants: MERCHANTS }, {
    customers: 1,
    merchants: 1,
  }];
  for (const its of places) {
    const [train, validation] = [1, 2].map((seed) => paymentsOf(seed, byCategory, its));
    expect(chosenCategories(train, validation)).toEqual(["merchant_category"]);
  }
  const ofSeven = ({ category, customer }: { category: number; customer: number }) =>
    customer < 7 ? category % 6 === 1 ? 0.9 : 0.03 : 0;
  const [train, validation] = [1, 2].map((seed) => paymentsOf(seed, ofSeven));
  expect(chosenCategories(train, validation)).toEqual(["merchant_category"]);
});

Deno.test("categories that tell nothing are not kept", () => {
  const [train, validation] = [1, 2].map((seed) => paymentsOf(seed, () => 0.02));
  expect(chosenCategories(train, validation)).toEqual([]);
});
