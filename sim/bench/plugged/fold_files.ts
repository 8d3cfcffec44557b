import { join } from "node:path";
import { FEATURES, isCategory } from "../../../src/fraud/features/catalogue.ts";
import type { JudgedFold } from "../../train/contender.ts";
import type { LabelledPayments } from "../../train/labelled_payments.ts";
import { matrixOf } from "./matrix_file.ts";
import type { TrainingRows } from "./plugged_model.ts";

/**
 * One fold's rows for another program to train on, as `numpy.load` reads them: `fold-1/train.npy` and
 * `fold-1/train_label.npy`, the same of validation, and `fold-1/fold.json` with the names of the columns and the instant
 * at which the labels were those known. Of the test there is nothing.
 */
export async function writeFold(
  directory: string,
  number: number,
  payments: LabelledPayments,
  train: TrainingRows,
  { validation, madeAtMs }: JudgedFold,
): Promise<void> {
  const folder = join(directory, `fold-${number}`);
  await Deno.mkdir(folder, { recursive: true });
  const validationLabels = Uint8Array.from(validation, (row) => payments.labelAt(row, madeAtMs));
  await writeMatrixNpy(join(folder, "train.npy"), payments, train.rows);
  await writeNpy(join(folder, "train_label.npy"), "|u1", [train.length], [train.label]);
  await writeMatrixNpy(join(folder, "validation.npy"), payments, validation);
  await writeNpy(join(folder, "validation_label.npy"), "|u1", [validation.length], [validationLabels]);
  const about = {
    fold: number,
    trainedUntil: new Date(madeAtMs).toISOString(),
    features: FEATURES.map(({ name }) => name),
    // Columns of codes, not of measures.
    categories: FEATURES.filter((_, f) => isCategory(f)).map(({ name }) => name),
  };
  await Deno.writeTextFile(join(folder, "fold.json"), `${JSON.stringify(about, null, 1)}\n`);
}

const ROWS_A_WRITE = 8_192;
const ALL = FEATURES.map((_, f) => f);

async function writeMatrixNpy(path: string, payments: LabelledPayments, rows: Uint32Array): Promise<void> {
  function* parts(): Iterable<Uint8Array> {
    for (let from = 0; from < rows.length; from += ROWS_A_WRITE) {
      yield new Uint8Array(matrixOf(payments, rows.subarray(from, from + ROWS_A_WRITE), ALL).buffer);
    }
  }
  await writeNpy(path, "<f4", [rows.length, ALL.length], parts());
}

/** NumPy's own format, version 1.0: a magic, the length of a Python literal padded to 64 bytes, the numbers. */
async function writeNpy(
  path: string,
  type: "<f4" | "|u1",
  shape: readonly number[],
  parts: Iterable<Uint8Array>,
): Promise<void> {
  const literal = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(", ")},), }`;
  const header = literal.padEnd(Math.ceil((literal.length + 11) / 64) * 64 - 11) + "\n";
  const start = new Uint8Array(10 + header.length);
  start.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]);
  start.set(new TextEncoder().encode(header), 10);
  const file = await Deno.open(path, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  await writer.write(start);
  for (const part of parts) await writer.write(part);
  await writer.close();
}
