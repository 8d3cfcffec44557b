import { FEATURES } from "../../src/fraud/features/catalogue.ts";
import type { WeightedRows } from "./weighted_rows.ts";

/** Features of which all values are copied at once: each row is looked up once for so many. */
const COLUMNS_AT_ONCE = 16;

/** Each feature's values by row, asked for in the order of the features. */
export function columnsOf(rows: WeightedRows): (feature: number) => Float64Array {
  const width = rows.length === 0 ? FEATURES.length : rows.vector(0).length;
  let from = 0;
  let columns: Float64Array[] = [];
  return (feature) => {
    if (feature >= from + columns.length) {
      from = feature;
      const count = Math.min(COLUMNS_AT_ONCE, width - from);
      columns = Array.from({ length: count }, () => new Float64Array(rows.length));
      for (let row = 0; row < rows.length; row++) {
        const vector = rows.vector(row);
        for (let c = 0; c < count; c++) columns[c][row] = vector[from + c];
      }
    }
    return columns[feature - from];
  };
}
