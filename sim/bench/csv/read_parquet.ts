import { asyncBufferFromFile, parquetMetadataAsync, parquetRead } from "hyparquet";
import { startProgress } from "../../../src/core/progress.ts";
import { placesOf } from "./csv_columns.ts";
import { CsvPayments } from "./csv_payments.ts";
import { DatasetError } from "./dataset_error.ts";
import { RowReader } from "./row_reader.ts";

/** Of a row group, which may be the whole file, so many rows are in memory at a time beside its compressed columns. */
const SLICE_ROWS = 100_000;

/** Reads the columns that a header of text would be read for; Snappy-compressed or not compressed at all. */
export async function readParquet(path: string): Promise<CsvPayments> {
  const payments = new CsvPayments();
  const file = await asyncBufferFromFile(path);
  const metadata = await readable(path, () => parquetMetadataAsync(file));
  // Of nested columns the outer name is no column of a table.
  const all = metadata.schema.slice(1).filter(({ num_children }) => !num_children).map(({ name }) => name);
  const places = new Set(Object.values(placesOf(all, path)));
  const columns = all.filter((_, place) => places.has(place));
  const reader = new RowReader(path, columns, payments, "row");
  const rows = Number(metadata.num_rows);
  const progress = startProgress("reading", rows, "payments");
  let from = 0;
  for (const group of metadata.row_groups) {
    const groupEnds = from + Number(group.num_rows);
    for (; from < groupEnds; from = Math.min(groupEnds, from + SLICE_ROWS)) {
      const range = { rowStart: from, rowEnd: Math.min(groupEnds, from + SLICE_ROWS) };
      let slice: unknown[][] = [];
      await readable(
        path,
        () =>
          parquetRead({
            file,
            metadata,
            columns,
            ...range,
            rowFormat: "array",
            useOffsetIndex: true,
            onComplete: (rows) => slice = rows,
          }),
      );
      slice.forEach((cells, i) => reader.read(cells.map(textOf), from + i + 1));
      progress.update(range.rowEnd);
    }
  }
  progress.stop();
  return payments;
}

async function readable<Result>(path: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (cause) {
    throw new DatasetError(
      "dataset_wrong_format",
      `${path} is Parquet that cannot be read: ${
        (cause as Error).message
      }. Write it with Snappy or without ` +
        `compression, or as CSV: pandas.read_parquet(…).to_csv(…, index=False).`,
      { cause },
    );
  }
}

/** A value as a file of text would have it; nothing for what is missing. */
function textOf(value: unknown): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "";
  return value instanceof Date ? value.toISOString() : String(value);
}
