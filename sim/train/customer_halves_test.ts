import { expect } from "expect";
import { customerHalves } from "./customer_halves.ts";

Deno.test("customerHalves() keeps customers whole and spreads what is known of their fraud evenly", () => {
  // Customers 0, 2 and 4 alone are defrauded: by the parity of their numbers one half would have all of it.
  const customers = [0, 0, 0, 1, 2, 2, 3, 4, 4, 5, 6, 7];
  const frauds = [1, 1, 1, 0, 1, 1, 0, 1, 0, 0, 0, 0];
  const KNOWN_AT_MS = 10;
  const payments = {
    customerCount: 8,
    customer: (row: number) => customers[row],
    // Row 4 is reported too late.
    labelAt: (row: number, atMs: number) => frauds[row] === 1 && (row !== 4 || atMs > KNOWN_AT_MS) ? 1 : 0,
  };
  const rows = Uint32Array.from(customers, (_, row) => row);
  const halves = customerHalves(payments, rows, KNOWN_AT_MS);
  const known = [0, 0];
  for (const row of rows) known[halves[customers[row]]] += payments.labelAt(row, KNOWN_AT_MS);
  expect(known).toEqual([3, 2]);
  expect(Array.from(halves)).toEqual([0, 1, 1, 1, 1, 1, 0, 1]);
});
