import { expect } from "expect";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { HANDBOOK_FOLDS, handbookFold, handbookTestRows, type TestedPayments } from "./handbook_protocol.ts";
import { attainableOn } from "./handbook_oracle.ts";

const START_MS = Date.UTC(2018, 3, 1);
const dayOf = (atMs: number) => new Date(atMs).toISOString().slice(0, 10);

Deno.test("the four weeks are the book's: training from 25 July and from one, two and three weeks before, test a fortnight later", () => {
  const folds = Array.from({ length: HANDBOOK_FOLDS }, (_, fold) => handbookFold(START_MS, fold, 7));
  expect(folds.map(({ train }) => train.map(dayOf))).toEqual([
    ["2018-07-04", "2018-07-11"],
    ["2018-07-11", "2018-07-18"],
    ["2018-07-18", "2018-07-25"],
    ["2018-07-25", "2018-08-01"],
  ]);
  expect(folds.map(({ test }) => test.map(dayOf))).toEqual([
    ["2018-07-18", "2018-07-25"],
    ["2018-07-25", "2018-08-01"],
    ["2018-08-01", "2018-08-08"],
    ["2018-08-08", "2018-08-15"],
  ]);
  for (const [fold, { test, madeAtMs }] of folds.entries()) {
    for (const days of [28, 91]) {
      const longer = handbookFold(START_MS, fold, days);
      expect([longer.test, longer.madeAtMs]).toEqual([test, madeAtMs]);
      // The window's last week is for validation.
      expect((longer.validation[1] - longer.train[0]) / DAY_MS).toBe(days);
      expect(longer.validation[1]).toBe(folds[fold].train[1]);
    }
  }
});

Deno.test("who was defrauded in the training week, or eight days ago and longer, is out; who a week ago was, is not known yet", () => {
  const { train, test } = handbookFold(START_MS, 3, 7);
  // By customer, the day of a fraud, counted from the first day of the test; each pays on every day of it.
  const fraudDays = [-15, -14, -8, -7, -1, 0, 3, null];
  const rows = fraudDays.flatMap((fraudDay, customer) => [
    ...fraudDay === null ? [] : [{ customer, day: fraudDay, fraud: 1 }],
    ...Array.from({ length: 7 }, (_, day) => ({ customer, day, fraud: 0 })),
  ]).sort((a, b) => a.day - b.day || a.customer - b.customer);
  const payments: TestedPayments = {
    atMs: (row) => test[0] + (rows[row].day + 0.5) * DAY_MS,
    customer: (row) => rows[row].customer,
    fraud: (row) => rows[row].fraud,
    rowAt: (atMs) => {
      const at = rows.findIndex((_, row) => test[0] + (rows[row].day + 0.5) * DAY_MS >= atMs);
      return at < 0 ? rows.length : at;
    },
  };
  expect((test[0] - train[0]) / DAY_MS).toBe(14);
  const kept = fraudDays.map(() => [] as number[]);
  for (const row of handbookTestRows(payments, START_MS, 3)) {
    if (rows[row].fraud === 0) kept[rows[row].customer].push(rows[row].day);
  }
  const all = [0, 1, 2, 3, 4, 5, 6];
  expect(kept).toEqual([
    all, // before the training week: nobody looks that far back
    [],
    [],
    [0], // known from the next day on
    all, // known only after the test
    all,
    all,
    all,
  ]);
});

Deno.test("the oracle falls short of who knows the truth, and nobody finds more defrauded cards than there are", () => {
  const { frauds, averagePrecision, recall, cardPrecision, mostCardPrecision } = attainableOn(3, {
    customers: 400,
    terminals: 800,
    days: 140,
    radius: 18,
  });
  expect(frauds).toBeGreaterThan(50);
  expect(averagePrecision).toBeLessThan(1);
  expect(averagePrecision).toBeGreaterThan(frauds / 20_000);
  expect(recall).toBeGreaterThan(0.3);
  expect(cardPrecision).toBeLessThanOrEqual(mostCardPrecision);
  expect(mostCardPrecision).toBeLessThan(0.2);
});
