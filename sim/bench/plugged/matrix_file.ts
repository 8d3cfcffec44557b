import type { LabelledPayments } from "../../train/labelled_payments.ts";

const ROWS_A_WRITE = 8_192;

/** Chosen features of chosen payments as 32-bit floats, one payment after the other, for another program to read. */
export async function writeMatrix(
  path: string,
  payments: LabelledPayments,
  parts: readonly Uint32Array[],
  features: readonly number[],
): Promise<void> {
  const file = await Deno.open(path, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  for (const rows of parts) {
    for (let from = 0; from < rows.length; from += ROWS_A_WRITE) {
      const part = rows.subarray(from, from + ROWS_A_WRITE);
      await writer.write(new Uint8Array(matrixOf(payments, part, features).buffer));
    }
  }
  // Not by `using`: a file that is closed before its stream has lost what the stream still holds.
  await writer.close();
}

/** The same in memory. */
export function matrixOf(
  payments: LabelledPayments,
  rows: Uint32Array,
  features: readonly number[],
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(rows.length * features.length);
  rows.forEach((row, i) => {
    const vector = payments.vector(row);
    for (let f = 0; f < features.length; f++) values[i * features.length + f] = vector[features[f]];
  });
  return values;
}
