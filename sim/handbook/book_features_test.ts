import { expect } from "expect";
import { BOOK_FEATURES, bookFeatures } from "./book_features.ts";
import { DEFAULT_HANDBOOK, handbookWorld } from "./handbook_world.ts";

const DAY_S = 86_400;

Deno.test("the book's features are what their windows hold, counted payment by payment", () => {
  const world = handbookWorld({ ...DEFAULT_HANDBOOK, customers: 60, terminals: 40, days: 50, radius: 30 });
  const features = bookFeatures(world);
  const atS = (row: number) => world.day[row] * DAY_S + world.second[row];
  const rows = Array.from({ length: world.count }, (_, row) => row);
  let [checked, withRisk] = [0, 0];
  for (let row = 0; row < world.count; row += 23) {
    const found = Object.fromEntries(
      BOOK_FEATURES.map((name, f) => [name, features[row * BOOK_FEATURES.length + f]]),
    );
    for (const days of [1, 7, 30]) {
      const own = rows.filter((past) =>
        world.customer[past] === world.customer[row] && atS(past) <= atS(row) &&
        atS(past) > atS(row) - days * DAY_S
      );
      const mean = own.reduce((sum, past) => sum + world.amountCents[past] / 100, 0) / own.length;
      // Payments of one customer in one second stand in the file's order, which the window cannot see.
      expect(found[`customer_payments_${days}d`]).toBe(own.length);
      expect(found[`customer_mean_amount_${days}d`]).toBeCloseTo(mean, 3);
      const known = rows.filter((past) =>
        world.terminal[past] === world.terminal[row] && atS(past) <= atS(row) - 7 * DAY_S &&
        atS(past) > atS(row) - (7 + days) * DAY_S
      );
      const risk = known.length === 0
        ? 0
        : known.filter((past) => world.scenario[past] > 0).length / known.length;
      expect(found[`terminal_payments_${days}d`]).toBe(known.length);
      expect(found[`terminal_risk_${days}d`]).toBeCloseTo(risk, 6);
      if (risk > 0) withRisk++;
    }
    checked++;
  }
  expect(checked).toBeGreaterThan(100);
  expect(withRisk).toBeGreaterThan(50);
});
