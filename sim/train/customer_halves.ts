import type { PaymentRows } from "./payment_rows.ts";

/**
 * Two halves of some rows, no customer in both, so that what is chosen on one is tried on people it has not seen: by
 * customer, 0 or 1. The known fraud is spread evenly, whoever has most of it first; with little of it chance would leave
 * one half with nearly none.
 */
export function customerHalves(
  payments: Pick<PaymentRows, "customer" | "labelAt" | "customerCount">,
  rows: Uint32Array,
  knownAtMs: number,
): Uint8Array {
  const frauds = new Uint32Array(payments.customerCount);
  for (const row of rows) frauds[payments.customer(row)] += payments.labelAt(row, knownAtMs);
  const halves = Uint8Array.from(frauds, (_, customer) => customer % 2);
  const defrauded = [...frauds.keys()].filter((customer) => frauds[customer] > 0)
    .sort((a, b) => frauds[b] - frauds[a] || a - b);
  const known = [0, 0];
  for (const customer of defrauded) {
    const half = known[0] <= known[1] ? 0 : 1;
    halves[customer] = half;
    known[half] += frauds[customer];
  }
  return halves;
}
