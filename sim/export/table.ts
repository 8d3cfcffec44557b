/** What a cell holds, in the words of Parquet. */
export type ColumnType = "INT32" | "INT64" | "DOUBLE" | "STRING";

export type Cell = string | number | null;

export interface Column<Row> {
  readonly name: string;
  readonly type: ColumnType;
  readonly of: (row: Row) => Cell;
}

export type Table<Row> = readonly Column<Row>[];

/** A file that takes rows one at a time. */
export interface TableFile<Row> {
  readonly rows: number;
  add(row: Row): void;
  end(): void;
}
