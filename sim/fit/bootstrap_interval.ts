import type { Random } from "../../src/core/random.ts";
import { middle95 } from "../../src/fraud/measures/metrics.ts";

export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/**
 * A figure of all rows with the middle 95% of what it would be, had other customers been met: they are drawn again, each
 * with all its rows, for one customer's rows are alike.
 *
 * @param figure of rows with weights; NaN where it has none
 */
export function withInterval<Row>(
  rows: readonly Row[],
  customerOf: (row: Row) => string,
  figure: (weightOf: (row: Row) => number) => number,
  random: Random,
  draws = 300,
): Estimate {
  const customers = [...new Set(rows.map(customerOf))];
  const values: number[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const weights = new Map(customers.map((id) => [id, random.poisson(1)]));
    const value = figure((row) => weights.get(customerOf(row))!);
    if (!Number.isNaN(value)) values.push(value);
  }
  const [low, high] = middle95(values);
  return { value: figure(() => 1), low, high };
}
