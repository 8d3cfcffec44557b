import type { Table, TableFile } from "./table.ts";

const FLUSH_AT_CHARS = 1 << 18;

/** A table as comma-separated values: a line of names, then a line a row; numbers in full, null as nothing. */
export class CsvFile<Row> implements TableFile<Row> {
  readonly #table: Table<Row>;
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();
  #text: string;
  rows = 0;

  constructor(path: string, table: Table<Row>) {
    this.#table = table;
    this.#file = Deno.openSync(path, { write: true, create: true, truncate: true });
    this.#text = `${table.map(({ name }) => name).join(",")}\n`;
  }

  add(row: Row): void {
    let line = "";
    for (let i = 0; i < this.#table.length; i++) {
      if (i > 0) line += ",";
      const cell = this.#table[i].of(row);
      if (typeof cell === "string") {
        line += NEEDS_QUOTES.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
      } else if (cell !== null) line += cell;
    }
    this.#text += `${line}\n`;
    this.rows++;
    if (this.#text.length >= FLUSH_AT_CHARS) this.#flush();
  }

  end(): void {
    this.#flush();
    this.#file.close();
  }

  #flush(): void {
    const bytes = this.#encoder.encode(this.#text);
    for (let at = 0; at < bytes.length;) at += this.#file.writeSync(bytes.subarray(at));
    this.#text = "";
  }
}

const NEEDS_QUOTES = /[",\n\r]/;
