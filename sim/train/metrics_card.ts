import { DAY_MS } from "../../src/fraud/features/windows.ts";
import type { LabelledPayments } from "./labelled_payments.ts";

const CARDS_A_DAY = 100;

/**
 * Card precision@100: of the hundred cards that look worst on a day, by their worst payment, the share with fraud on
 * that day, averaged over the days. A card that was found is not looked at again. Cards are what customers pay with, or
 * the customers themselves where no cards are known.
 */
export function cardPrecision(
  payments: Pick<LabelledPayments, "atMs" | "card" | "fraud">,
  rows: Uint32Array,
  scores: Float64Array,
): number {
  const found = new Set<number>();
  let [sum, days] = [0, 0];
  for (let i = 0; i < rows.length;) {
    const day = Math.floor(payments.atMs(rows[i]) / DAY_MS);
    const worst = new Map<number, { score: number; fraud: number }>();
    for (; i < rows.length && Math.floor(payments.atMs(rows[i]) / DAY_MS) === day; i++) {
      const card = payments.card(rows[i]);
      if (found.has(card)) continue;
      const before = worst.get(card);
      const fraud = payments.fraud(rows[i]);
      if (before === undefined) worst.set(card, { score: scores[i], fraud });
      else {
        before.score = Math.max(before.score, scores[i]);
        before.fraud = Math.max(before.fraud, fraud);
      }
    }
    const looked = [...worst].sort(([a, x], [b, y]) => y.score - x.score || a - b).slice(0, CARDS_A_DAY);
    const hits = looked.filter(([, { fraud }]) => fraud === 1);
    for (const [card] of hits) found.add(card);
    sum += hits.length / CARDS_A_DAY;
    days++;
  }
  return sum / days;
}
