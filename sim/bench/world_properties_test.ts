import { expect } from "expect";
import { DAY_MS, HOUR_MS } from "../../src/fraud/features/windows.ts";
import { averagePrecision, rocAuc } from "../../src/fraud/measures/metrics.ts";
import { toReferenceUsd } from "../../src/core/money.ts";
import { CURRENCY_CODES } from "../world/countries.ts";
import { ipBitsOf } from "../world/ids.ts";
import { generateWorld, type World } from "../world/world.ts";

/*
 * What a world must be to be worth learning from, held on a year of 6,000 customers: 2.8 million payments.
 */
const YEAR = generateWorld({ seed: 7, days: 365, customers: 6_000, startMs: Date.UTC(2026, 0, 1) });

/** Columns by which somebody might hope to tell fraud without any history. */
interface Raw {
  readonly numbers: Readonly<Record<string, Float64Array>>;
  readonly codes: Readonly<Record<string, Uint32Array>>;
  readonly fraud: Uint8Array;
  readonly posterior: Float64Array;
  /** Since the customer's payment before it; NaN for the first. */
  readonly pauseMs: Float64Array;
}

function rawColumns(world: World): Raw {
  const numbers: Record<string, number[]> = { amount: [], hour: [], second: [], milli: [], dayOfYear: [] };
  const codes: Record<string, number[]> = {};
  const fraud: number[] = [];
  const posterior: number[] = [];
  const pauseMs: number[] = [];
  const { merchants, cards, people } = world.society;
  const lastAtMs = new Map<number, number>();
  const places: Record<string, Map<number, number>> = { device: new Map(), address: new Map() };
  const dense = (name: string, id: number) => {
    const known = places[name].get(id);
    if (known !== undefined) return known;
    places[name].set(id, places[name].size);
    return places[name].size - 1;
  };
  const put = (name: string, code: number) => (codes[name] ??= []).push(code);
  for (const { day, columns } of world.columns()) {
    for (let i = 0; i < columns.length; i++) {
      const atMs = columns.occurredAtMs[i];
      const date = new Date(atMs);
      numbers.amount.push(toReferenceUsd(columns.amountMinor[i], CURRENCY_CODES[columns.currency[i]]));
      numbers.hour.push((atMs % DAY_MS) / HOUR_MS);
      numbers.second.push(date.getUTCSeconds());
      numbers.milli.push(atMs % 1000);
      numbers.dayOfYear.push(day);
      const card = columns.card[i];
      put("category", merchants.category[columns.merchant[i]]);
      put("merchant", columns.merchant[i]);
      put("merchantCountry", merchants.country[columns.merchant[i]]);
      put("country", columns.country[i]);
      put("customerCountry", people.country[columns.customer[i]]);
      put("currency", columns.currency[i]);
      put("channel", columns.channel[i]);
      put("hasDevice", columns.device[i] === 0 ? 0 : 1);
      put("cardNetwork", cards.network[card]);
      put("issuer", cards.issuer[card]);
      put("last4", cards.last4[card] % 10);
      put("ip", ipBitsOf(columns.network[i]));
      put("device", dense("device", columns.device[i]));
      put("address", dense("address", columns.address[i]));
      put("card", card);
      put("customer", columns.customer[i]);
      put("weekday", date.getUTCDay());
      put("dayOfMonth", date.getUTCDate());
      put("minute", Math.floor(date.getUTCMinutes() / 5));
      put("month", date.getUTCMonth());
      fraud.push(columns.fraud[i]);
      posterior.push(columns.posterior[i]);
      pauseMs.push(atMs - (lastAtMs.get(columns.customer[i]) ?? NaN));
      lastAtMs.set(columns.customer[i], atMs);
    }
  }
  return {
    numbers: mapValues(numbers, (values) => Float64Array.from(values)),
    codes: mapValues(codes, (values) => Uint32Array.from(values)),
    fraud: Uint8Array.from(fraud),
    posterior: Float64Array.from(posterior),
    pauseMs: Float64Array.from(pauseMs),
  };
}

function mapValues<T, U>(record: Record<string, T>, to: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, to(value)]));
}

const RAW = rawColumns(YEAR);

Deno.test("fraud is 0.10 to 0.30% of payments in every month, and its share swings by 1.75 times at least", () => {
  const months = Array.from({ length: 12 }, () => ({ payments: 0, frauds: 0 }));
  RAW.codes.month.forEach((month, i) => {
    months[month].payments++;
    months[month].frauds += RAW.fraud[i];
  });
  const rates = months.map(({ payments, frauds }) => frauds / payments);
  expect(Math.min(...rates)).toBeGreaterThan(0.001);
  expect(Math.max(...rates)).toBeLessThan(0.003);
  expect(Math.max(...rates) / Math.min(...rates)).toBeGreaterThan(1.75);
  // More is paid before the holidays than in spring.
  expect(months[11].payments / months[1].payments).toBeGreaterThan(1.15);
});

Deno.test("no raw column tells fraud by itself: AUC at most 0.80, also when each value's own rate is known", () => {
  // All frauds and every seventh genuine payment: the same areas, sooner.
  const kept = (from: number) =>
    [...RAW.fraud.keys()].filter((i) => i >= from && (RAW.fraud[i] === 1 || i % 7 === 0));
  const areaOf = (values: ArrayLike<number>, rows: readonly number[]) =>
    rocAuc(rows.map((i) => values[i]), rows.map((i) => RAW.fraud[i]));
  const year = kept(0);
  for (const [name, values] of Object.entries(RAW.numbers)) {
    const auc = areaOf(values, year);
    expect({ name, tells: Math.max(auc, 1 - auc) > 0.8 }).toEqual({ name, tells: false });
  }
  const half = RAW.fraud.length >> 1;
  const later = kept(half);
  for (const [name, codes] of Object.entries(RAW.codes)) {
    const auc = areaOf(rateScores(codes, half), later);
    expect({ name, tells: Math.max(auc, 1 - auc) > 0.8 }).toEqual({ name, tells: false });
  }
});

Deno.test("thieves keep no beat: no pause between two payments, to the second, comes back often", () => {
  const times = new Map<number, number>();
  let pauses = 0;
  RAW.pauseMs.forEach((pauseMs, i) => {
    if (RAW.fraud[i] === 0 || Number.isNaN(pauseMs)) return;
    pauses++;
    const seconds = Math.round(pauseMs / 1000);
    times.set(seconds, (times.get(seconds) ?? 0) + 1);
  });
  expect(pauses).toBeGreaterThan(4_000);
  // A story that paid every seven minutes made 420 s 2.7% of all.
  expect(Math.max(...times.values()) / pauses).toBeLessThan(0.01);
});

Deno.test("amount, hour and category together stay below an average precision of 0.15", () => {
  const half = RAW.fraud.length >> 1;
  // Each combination of category, price band and part of the day, at the rate that the first half of the year had.
  const cells = Uint32Array.from(RAW.codes.category, (category, i) => {
    const price = Math.min(15, Math.max(0, Math.floor(2 * Math.log(RAW.numbers.amount[i])) + 2));
    return (category * 16 + price) * 8 + Math.floor(RAW.numbers.hour[i] / 3);
  });
  const scores = rateScores(cells, half);
  const precision = averagePrecision(scores.subarray(half), RAW.fraud.subarray(half));
  expect(precision).toBeLessThan(0.15);
  // And is worth something: it is no riddle either.
  expect(precision).toBeGreaterThan(0.002);
});

Deno.test("fields that have nothing to do with each other are independent", () => {
  // From February to May no season favours a category; subscriptions, which have their days, are left out.
  const rows = Array.from(RAW.fraud, (_, i) => i)
    .filter((i) => RAW.codes.month[i] >= 1 && RAW.codes.month[i] <= 4 && RAW.codes.channel[i] !== 3);
  const coarse = {
    ...RAW.codes,
    amountBand: Uint32Array.from(
      RAW.numbers.amount,
      (amount) => Math.min(9, Math.floor(2 * Math.log1p(amount))),
    ),
    millisecond: Uint32Array.from(RAW.numbers.milli, (milli) => Math.floor(milli / 100)),
    fraud: Uint32Array.from(RAW.fraud),
  } as Record<string, Uint32Array>;
  const pairs: readonly (readonly [string, string])[] = [
    ["category", "dayOfMonth"],
    ["category", "weekday"],
    ["category", "minute"],
    ["category", "cardNetwork"],
    ["category", "issuer"],
    ["category", "last4"],
    ["amountBand", "dayOfMonth"],
    ["amountBand", "weekday"],
    ["amountBand", "minute"],
    ["amountBand", "last4"],
    ["amountBand", "millisecond"],
    ["weekday", "issuer"],
    ["fraud", "last4"],
    ["fraud", "cardNetwork"],
    ["fraud", "issuer"],
    ["fraud", "dayOfMonth"],
    ["fraud", "minute"],
    ["fraud", "millisecond"],
  ];
  for (const [a, b] of pairs) {
    const v = cramersV(coarse[a], coarse[b], rows);
    // People have a taste and a card each, so what hangs on them is not quite even: 0.03 is far below what shows.
    expect({ a, b, independent: v < 0.03 }).toEqual({ a, b, independent: true });
  }
  // The measure does find what belongs together.
  expect(cramersV(coarse.currency, coarse.country, rows)).toBeGreaterThan(0.5);
});

Deno.test("of payments with a posterior of p, a share of p is fraud, on the default world", () => {
  const edges = [0, 1e-4, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1.000001];
  const bins = edges.slice(1).map(() => ({ rows: 0, expected: 0, frauds: 0 }));
  RAW.posterior.forEach((p, i) => {
    const bin = bins[edges.findIndex((edge) => p < edge) - 1];
    bin.rows++;
    bin.expected += p;
    bin.frauds += RAW.fraud[i];
  });
  for (const [i, { rows, expected, frauds }] of bins.entries()) {
    // A dozen payments share one hand, so counts vary by more than independent ones would.
    const slack = 4 * Math.sqrt(12 * expected) + 0.03 * expected;
    expect({ from: edges[i], rows, fits: Math.abs(frauds - expected) <= slack })
      .toEqual({ from: edges[i], rows, fits: true });
  }
  const oracle = averagePrecision(RAW.posterior, RAW.fraud);
  expect(oracle).toBeGreaterThan(0.45);
  expect(oracle).toBeLessThan(0.75);
});

/** For each row the fraud rate of its code among the rows before `half`, drawn to the mean where little is known. */
function rateScores(codes: Uint32Array, half: number): Float64Array {
  const size = codes.reduce((most, code) => Math.max(most, code + 1), 0);
  const [rows, frauds] = [new Float64Array(size), new Float64Array(size)];
  for (let i = 0; i < half; i++) {
    rows[codes[i]]++;
    frauds[codes[i]] += RAW.fraud[i];
  }
  return Float64Array.from(codes, (code) => (frauds[code] + 0.1) / (rows[code] + 50));
}

/** 0 for independent codes, 1 when one determines the other. */
function cramersV(a: Uint32Array, b: Uint32Array, rows: readonly number[]): number {
  const width = rows.reduce((most, i) => Math.max(most, b[i] + 1), 0);
  const height = rows.reduce((most, i) => Math.max(most, a[i] + 1), 0);
  const table = new Float64Array(width * height);
  const [sumA, sumB] = [new Float64Array(height), new Float64Array(width)];
  for (const i of rows) {
    table[a[i] * width + b[i]]++;
    sumA[a[i]]++;
    sumB[b[i]]++;
  }
  let chiSquared = 0;
  for (let x = 0; x < height; x++) {
    for (let y = 0; y < width; y++) {
      const expected = sumA[x] * sumB[y] / rows.length;
      if (expected > 0) chiSquared += (table[x * width + y] - expected) ** 2 / expected;
    }
  }
  const used = (sums: Float64Array) => sums.reduce((n, sum) => n + (sum > 0 ? 1 : 0), 0);
  return Math.sqrt(chiSquared / rows.length / (Math.min(used(sumA), used(sumB)) - 1));
}
