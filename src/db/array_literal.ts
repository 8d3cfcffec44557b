/**
 * PostgreSQL array literals for `unnest`. Built here because a batch sends some forty arrays, and one pass over
 * each is what a group commit can afford; the driver's own serialiser walks every value through three functions.
 */

/** `{"a","b",NULL}` with backslashes and quotes escaped. Cast it where it is used: `${…}::text[]`. */
export function textArray(values: readonly (string | null | undefined)[]): string {
  let literal = "{";
  for (let i = 0; i < values.length; i++) {
    if (i > 0) literal += ",";
    const value = values[i];
    if (value === null || value === undefined) literal += "NULL";
    else if (NEEDS_ESCAPE.test(value)) literal += `"${value.replace(ESCAPED, "\\$&")}"`;
    else literal += `"${value}"`;
  }
  return literal + "}";
}

/** `{1,2,NULL}` of numbers, big integers or booleans. */
export function scalarArray(values: readonly (number | bigint | boolean | null | undefined)[]): string {
  let literal = "{";
  for (let i = 0; i < values.length; i++) {
    if (i > 0) literal += ",";
    const value = values[i];
    literal += value === null || value === undefined ? "NULL" : String(value);
  }
  return literal + "}";
}

/** `{"\\x00ff",NULL}` for `bytea[]`. */
export function byteaArray(values: readonly (Uint8Array | null)[]): string {
  let literal = "{";
  for (let i = 0; i < values.length; i++) {
    if (i > 0) literal += ",";
    const value = values[i];
    literal += value === null ? "NULL" : `"\\\\x${value.toHex()}"`;
  }
  return literal + "}";
}

const NEEDS_ESCAPE = /["\\]/;
const ESCAPED = /["\\]/g;
