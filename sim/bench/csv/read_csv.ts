import { Readable } from "node:stream";
// @ts-types="./papaparse_types.d.ts"
import Papa from "papaparse";
import { startProgress } from "../../../src/core/progress.ts";
import { CsvPayments } from "./csv_payments.ts";
import { DatasetError } from "./dataset_error.ts";
import { RowReader } from "./row_reader.ts";
import { utf8Text } from "./utf8_text.ts";

/** Reads a whole text file into columns: names once each, numbers as numbers. Throws a {@link DatasetError} for a bad row. */
export async function readCsv(path: string, bytes: number): Promise<CsvPayments> {
  const payments = new CsvPayments();
  const progress = startProgress("reading", Math.ceil(bytes / MEGABYTE), "MB");
  await new Promise<void>((resolve, reject) => {
    let reader: RowReader | undefined;
    let line = 0;
    Papa.parse(Readable.from(utf8Text(path, MEGABYTE)), {
      // Before a quoted name the mark would be taken for part of it.
      beforeFirstChunk: (chunk) => chunk.replace(/^\ufeff/, ""),
      chunk: (results, parser) => {
        try {
          for (const cells of results.data) {
            const from = ++line;
            for (const cell of cells) if (cell.includes("\n")) line += cell.split("\n").length - 1;
            if (cells.every((cell) => cell.trim() === "")) continue;
            if (reader === undefined) reader = new RowReader(path, cells, payments);
            else reader.read(cells, from);
          }
          progress.update(Math.min(results.meta.cursor, bytes) / MEGABYTE);
        } catch (error) {
          // First, because aborting completes.
          reject(error);
          parser.abort();
        }
      },
      complete: () => resolve(),
      error: (error) =>
        reject(
          error instanceof DatasetError
            ? error
            : new DatasetError("dataset_unreadable", `${path} cannot be read: ${error.message}.`, {
              cause: error,
            }),
        ),
    });
  });
  progress.stop();
  return payments;
}

const MEGABYTE = 1 << 20;
