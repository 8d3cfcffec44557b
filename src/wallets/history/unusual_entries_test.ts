import { expect } from "expect";
import { Random } from "../../core/random.ts";
import { DAY_MS } from "../risk/past.ts";
import type { WalletEntry } from "./entry.ts";
import { unusualEntries } from "./unusual_entries.ts";

const START_MS = Date.UTC(2026, 0, 5);

function spent(
  id: string,
  day: number,
  amountMinor: number,
  counterparty: string,
  category = "grocery",
): WalletEntry {
  return {
    transferId: id,
    atMs: START_MS + day * DAY_MS,
    amountMinor: BigInt(-Math.round(amountMinor)),
    kind: "payment",
    counterparty,
    category,
    memo: null,
    paymentId: null,
  };
}

/** A hundred days of shopping between ten and eight in the evening. */
function ordinary(random: Random): WalletEntry[] {
  return Array.from(
    { length: 100 },
    (_, day) =>
      spent(`t${day}`, day + random.between(10, 20) / 24, random.logNormal(8, 0.4), `shop_${day % 4}`),
  );
}

Deno.test("unusualEntries() marks an amount, a new counterparty and an hour, each with the figures it rests on", () => {
  const entries = ordinary(new Random(1));
  const marks = unusualEntries([
    ...entries,
    spent("huge", 100.5, 60_000, "shop_1"),
    spent("stranger", 101.5, 9_500, "shop_9"),
    spent("night", 102 + 3 / 24, 3_000, "shop_1"),
    spent("plain", 103.5, 3_000, "shop_1"),
  ]);
  expect(marks.get("huge")).toEqual([
    { why: "amount", sampleSize: 25, figure: expect.any(Number), usualMinor: expect.any(Number) },
  ]);
  expect(marks.get("stranger")?.map(({ why }) => why)).toContain("new_counterparty");
  expect(marks.get("night")).toEqual([{ why: "hour", sampleSize: 102, figure: 0, usualMinor: null }]);
  expect(marks.has("plain")).toBe(false);
});

Deno.test("unusualEntries() marks few ordinary entries, and a short history none", () => {
  let marked = 0;
  for (let life = 0; life < 100; life++) marked += unusualEntries(ordinary(new Random(life))).size;
  console.log(`${marked} of 10,000 ordinary entries marked`);
  expect(marked / 10_000).toBeLessThanOrEqual(0.01);
  expect(unusualEntries([spent("a", 0, 100, "x"), spent("b", 1, 900_000, "y")]).size).toBe(0);
});

Deno.test("unusualEntries() judges an entry by those before it only", () => {
  const entries = ordinary(new Random(2));
  const all = unusualEntries(entries);
  for (const [id, marks] of unusualEntries(entries.slice(0, 50))) expect(all.get(id)).toEqual(marks);
});
