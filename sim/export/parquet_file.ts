import { fileWriter, ParquetWriter } from "hyparquet-writer";
import type { Cell, Table, TableFile } from "./table.ts";

const ROW_GROUP_ROWS = 100_000;

/** A table as Parquet, Snappy-compressed, in groups of 100,000 rows; only one group is in memory at a time. */
export class ParquetFile<Row> implements TableFile<Row> {
  readonly #table: Table<Row>;
  readonly #writer: ParquetWriter;
  #cells: Cell[][];
  rows = 0;

  constructor(path: string, table: Table<Row>) {
    this.#table = table;
    this.#cells = table.map(() => []);
    this.#writer = new ParquetWriter({
      writer: fileWriter(path),
      createdBy: "mcp-payments-lab",
      schema: [
        { name: "root", num_children: table.length },
        ...table.map(({ name, type }) => ({
          name,
          repetition_type: "OPTIONAL" as const,
          ...(type === "STRING"
            ? { type: "BYTE_ARRAY" as const, converted_type: "UTF8" as const }
            : { type }),
        })),
      ],
    });
  }

  add(row: Row): void {
    for (let i = 0; i < this.#table.length; i++) this.#cells[i].push(this.#table[i].of(row));
    this.rows++;
    if (this.#cells[0].length === ROW_GROUP_ROWS) this.#writeGroup();
  }

  end(): void {
    if (this.#cells[0].length > 0) this.#writeGroup();
    this.#writer.finish();
  }

  #writeGroup(): void {
    this.#writer.write({
      columnData: this.#table.map(({ name, type }, i) => ({
        name,
        data: type === "INT64"
          ? this.#cells[i].map((cell) => cell === null ? null : BigInt(cell))
          : this.#cells[i],
      })),
      rowGroupSize: ROW_GROUP_ROWS,
    });
    this.#cells = this.#table.map(() => []);
  }
}
