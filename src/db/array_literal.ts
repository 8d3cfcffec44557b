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

export type RecordField = string | number | bigint | boolean | null | undefined;

/**
 * Rows as an array of a composite type, the fields in the type's order: `unnest(${rows}::batch_posting[])`. Many times
 * cheaper to read than an array for each column, once there are more than a few.
 */
export function recordArray(rows: readonly (readonly RecordField[])[]): string {
  let literal = "{";
  for (let row = 0; row < rows.length; row++) {
    literal += row > 0 ? ',"(' : '"(';
    const fields = rows[row];
    for (let i = 0; i < fields.length; i++) {
      if (i > 0) literal += ",";
      const field = fields[i];
      if (field === null || field === undefined) continue;
      if (typeof field !== "string") literal += String(field);
      else literal += `\\"${NEEDS_ESCAPE.test(field) ? field.replace(ESCAPED, escapedTwice) : field}\\"`;
    }
    literal += ')"';
  }
  return literal + "}";
}

/** For the record, and that for the array. */
function escapedTwice(character: string): string {
  return character === '"' ? '\\\\\\"' : "\\\\\\\\";
}

/**
 * The bytes of many rows as one value, of which each row takes its part: `substr(${all}::bytea, first_byte, byte_count)`.
 * PostgreSQL reads an array's text character by character, and most of a batch's text would be these.
 */
export class BytesOfRows {
  readonly all: Uint8Array;
  /** From 1, as SQL counts. */
  readonly firstBytes: readonly number[];
  readonly byteCounts: readonly number[];

  constructor(rows: readonly Uint8Array[]) {
    this.byteCounts = rows.map(({ byteLength }) => byteLength);
    let next = 1;
    this.firstBytes = this.byteCounts.map((count) => (next += count) - count);
    this.all = new Uint8Array(next - 1);
    rows.forEach((row, i) => this.all.set(row, this.firstBytes[i] - 1));
  }
}

const NEEDS_ESCAPE = /["\\]/;
const ESCAPED = /["\\]/g;
