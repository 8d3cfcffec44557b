import { Buffer } from "node:buffer";
import type { Writable } from "node:stream";
import type { Sql } from "../../src/db/pool.ts";

export type Cell = string | number | bigint | boolean | null;

const FLUSH_AT_CHARS = 256 * 1024;

/**
 * One COPY into one table, row by row; a single statement, so statement triggers see all its rows at once. The
 * connection is busy until {@link CopyRows.end}.
 */
export class CopyRows {
  readonly #stream: Writable;
  readonly #finished: Promise<void>;
  #text = "";
  #failure: unknown;
  rows = 0;

  private constructor(stream: Writable) {
    this.#stream = stream;
    this.#finished = new Promise((resolve, reject) => {
      stream.once("finish", resolve);
      stream.once("error", (error: unknown) => {
        this.#failure = error;
        reject(error);
      });
    });
    this.#finished.catch(() => {});
  }

  static async start(sql: Sql, table: string, columns: readonly string[]): Promise<CopyRows> {
    const query = sql.unsafe(`copy ${table} (${columns.join(", ")}) from stdin`) as unknown as {
      writable(): Promise<Writable>;
    };
    return new CopyRows(await query.writable());
  }

  /** Resolves at once while the connection takes more; otherwise when it does again. */
  async add(cells: readonly Cell[]): Promise<void> {
    let line = "";
    for (let i = 0; i < cells.length; i++) {
      if (i > 0) line += "\t";
      const cell = cells[i];
      if (cell === null) line += "\\N";
      else if (typeof cell === "string") line += NEEDS_ESCAPE.test(cell) ? escapeCell(cell) : cell;
      else line += String(cell);
    }
    this.#text += line + "\n";
    this.rows++;
    if (this.#text.length >= FLUSH_AT_CHARS) await this.#flush();
  }

  async end(): Promise<void> {
    await this.#flush();
    this.#stream.end();
    await this.#finished;
  }

  async #flush(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const chunk = Buffer.from(this.#text);
    this.#text = "";
    if (!this.#stream.write(chunk)) {
      await new Promise<void>((resolve, reject) => {
        const onDrain = () => (this.#stream.off("error", onError), resolve());
        const onError = (error: unknown) => (this.#stream.off("drain", onDrain), reject(error));
        this.#stream.once("drain", onDrain);
        this.#stream.once("error", onError);
      });
    }
  }
}

const NEEDS_ESCAPE = /[\\\t\n\r]/;

function escapeCell(text: string): string {
  return text.replace(/\\/g, "\\\\").replace(/\t/g, "\\t").replace(/\n/g, "\\n").replace(/\r/g, "\\r");
}
