import type { CsvPayments, Text } from "./csv_payments.ts";

/** Columns that features read, and that may have been filled in with what only the outcome could tell. */
const COLUMNS: readonly (readonly [column: Text, name: string])[] = [
  ["terminalId", "terminal_id"],
  ["deviceId", "device_id"],
  ["addressId", "address_id"],
  ["country", "country"],
  ["category", "category"],
  ["merchantCountry", "merchant_country"],
  ["customerCountry", "customer_country"],
  ["cardCountry", "card_country"],
];

/** A value of fewer frauds is chance, or one thief. */
const LEAST_FRAUDS = 20;
/** Of the value's payments. */
const NEARLY_ALL = 0.9;
/** Of the other payments: where fraud is everywhere, a value that is full of it tells little. */
const NEARLY_NONE = 0.1;
/** Of all fraud in the file, that such values hold together. */
const LARGE_SHARE = 1 / 3;
const MOST_NAMED = 3;

/** Columns that give fraud away by themselves, a sentence each for somebody to check; of honest data there are hardly any. */
export function tellingValues(payments: CsvPayments): string[] {
  return COLUMNS.flatMap(([column, name]) => {
    const counts = payments.countsBy(column);
    const filled = counts.filter(({ value }) => value !== null);
    const telling = counts.filter(isTelling).map((its) => ({ ...its, value: its.value ?? "" }));
    // That there is anything at all may say it, with another value each time.
    if (telling.length === 0 && filled.length < counts.length) {
      const any = { value: null, payments: sum(filled, "payments"), frauds: sum(filled, "frauds") };
      if (isTelling(any)) return noteOf(payments, name, [any]);
    }
    return noteOf(payments, name, telling);
  });
}

interface Count {
  /** Null for any that is not empty. */
  readonly value: string | null;
  readonly payments: number;
  readonly frauds: number;
}

function isTelling({ payments, frauds }: Count): boolean {
  return frauds >= LEAST_FRAUDS && frauds >= NEARLY_ALL * payments;
}

function noteOf(all: CsvPayments, name: string, telling: readonly Count[]): string[] {
  const frauds = sum(telling, "frauds");
  if (telling.length === 0 || frauds < LARGE_SHARE * all.frauds) return [];
  const payments = sum(telling, "payments");
  if (all.frauds - frauds > NEARLY_NONE * (all.length - payments)) return [];
  const values = telling.toSorted((a, b) => b.frauds - a.frauds).slice(0, MOST_NAMED)
    .map(({ value }) => value === null ? "anything at all" : value === "" ? "nothing (empty)" : `"${value}"`);
  const more = telling.length - values.length;
  return [
    `Check ${name}: where it is ${values.join(" or ")}${
      more > 0 ? ` or one of ${more} other values` : ""
    }, ${frauds} of ${payments} ` +
    `payments are fraud, and of the other ${all.length - payments} payments ${
      all.frauds - frauds
    } are. If it was filled in after ` +
    "it was known what is fraud, it gives the answer away and the figures mean nothing: leave the column out or rename it, and compare.",
  ];
}

function sum(counts: readonly Count[], of: "payments" | "frauds"): number {
  return counts.reduce((total, count) => total + count[of], 0);
}
