import { createReadStream } from "node:fs";
// @ts-types="./papaparse_types.d.ts"
import Papa from "papaparse";
import { startProgress } from "../../../src/core/progress.ts";
import { Names } from "../../train/labelled_payments.ts";
import { CsvError, type CsvField, placesOf } from "./csv_columns.ts";
import { CsvPayments } from "./csv_payments.ts";

/** Reads the whole file into columns: names once each, numbers as numbers. Throws a {@link CsvError} for a bad row. */
export async function readCsv(path: string): Promise<CsvPayments> {
  let bytes: number;
  try {
    bytes = (await Deno.stat(path)).size;
  } catch (cause) {
    throw new CsvError(`${path} cannot be read. Give --dataset the path of a CSV file.`, { cause });
  }
  const payments = new CsvPayments();
  const progress = startProgress("reading", Math.ceil(bytes / MEGABYTE), "MB");
  await new Promise<void>((resolve, reject) => {
    let reader: RowReader | undefined;
    // Lines of the file, which are rows as long as no quoted cell holds a line break.
    let line = 0;
    Papa.parse(createReadStream(path, { encoding: "utf8", highWaterMark: MEGABYTE }), {
      chunk: (results, parser) => {
        try {
          for (const cells of results.data) {
            line++;
            if (cells.length === 1 && cells[0].trim() === "") continue;
            if (reader === undefined) reader = new RowReader(path, cells, payments);
            else reader.read(cells, line);
          }
          progress.update(Math.min(results.meta.cursor, bytes) / MEGABYTE);
        } catch (error) {
          // First, because aborting completes.
          reject(error);
          parser.abort();
        }
      },
      complete: () => resolve(),
      error: (error) => reject(new CsvError(`${path} cannot be read: ${error.message}.`, { cause: error })),
    });
  });
  progress.stop();
  if (payments.length === 0) throw new CsvError(`${path} has no payments below its header.`);
  return payments;
}

const MEGABYTE = 1 << 20;

class RowReader {
  readonly #places: Record<CsvField, number>;
  readonly #columns: number;
  readonly #ids = new Names();

  constructor(readonly path: string, header: readonly string[], readonly payments: CsvPayments) {
    this.#places = placesOf(header, path);
    this.#columns = header.length;
  }

  read(cells: readonly string[], line: number): void {
    if (cells.length !== this.#columns) {
      throw this.#bad(line, `${cells.length} cells where the header has ${this.#columns}`);
    }
    const txId = this.#text(cells, "txId", line);
    const known = this.#ids.size;
    if (this.#ids.placeOf(txId) < known) {
      throw this.#bad(line, `tx_id "${txId}" was there before; ids are unique`);
    }
    const { payments } = this;
    const atS = this.#number(cells, "epochS", line);
    if (!isInstant(atS)) {
      throw this.#bad(
        line,
        `epoch_s is "${
          this.#cell(cells, "epochS")
        }"; it must be seconds since 1970, before 2100 (not milliseconds)`,
      );
    }
    const atMs = Math.round(atS * 1000);
    const amount = this.#number(cells, "amount", line);
    if (amount < 0) {
      throw this.#bad(
        line,
        `amount is "${this.#cell(cells, "amount")}"; it must not be negative. Leave refunds out`,
      );
    }
    const knownAtS = this.#optionalNumber(cells, "labelKnownAtS", line);
    if (knownAtS < atS) {
      throw this.#bad(
        line,
        `label_known_at_s ${knownAtS} is before the payment, which nobody can have known`,
      );
    }
    const posterior = this.#optionalNumber(cells, "posterior", line);
    if (posterior < 0 || posterior > 1) {
      throw this.#bad(line, `posterior is "${this.#cell(cells, "posterior")}"; a probability is from 0 to 1`);
    }
    const sinceS = this.#optionalNumber(cells, "customerSinceS", line);
    if (!Number.isNaN(sinceS) && !isInstant(Math.abs(sinceS))) {
      throw this.#bad(
        line,
        `customer_since_s is ${sinceS}; it must be seconds since 1970 (not milliseconds)`,
      );
    }
    payments.add({
      txId,
      atMs,
      amount,
      customerId: this.#text(cells, "customerId", line),
      terminalId: this.#text(cells, "terminalId", line),
      fraud: this.#flag(cells, "fraud", line),
      cardId: this.#optional(cells, "cardId"),
      deviceId: this.#optional(cells, "deviceId"),
      addressId: this.#optional(cells, "addressId"),
      country: this.#optional(cells, "country"),
      category: this.#optional(cells, "category"),
      merchantCountry: this.#optional(cells, "merchantCountry"),
      customerCountry: this.#optional(cells, "customerCountry"),
      cardCountry: this.#optional(cells, "cardCountry"),
      story: this.#optional(cells, "story"),
      customerSinceMs: toMs(sinceS),
      posterior,
      labelFraud: this.#labelFraud(cells, line, knownAtS),
      labelKnownAtMs: this.#places.labelKnownAtS < 0 ? null : toMs(knownAtS),
    });
  }

  get hasLabelTimes(): boolean {
    return this.#places.labelKnownAtS >= 0;
  }

  #cell(cells: readonly string[], field: CsvField): string {
    return this.#places[field] < 0 ? "" : cells[this.#places[field]].trim();
  }

  #text(cells: readonly string[], field: CsvField, line: number): string {
    const cell = this.#cell(cells, field);
    if (cell === "") throw this.#bad(line, `${nameOf(field)} is empty`);
    return cell;
  }

  #optional(cells: readonly string[], field: CsvField): string | null {
    const cell = this.#cell(cells, field);
    return cell === "" ? null : cell;
  }

  #number(cells: readonly string[], field: CsvField, line: number): number {
    const value = this.#optionalNumber(cells, field, line);
    if (Number.isNaN(value)) throw this.#bad(line, `${nameOf(field)} is empty; a number is needed`);
    return value;
  }

  /** NaN for an empty cell. */
  #optionalNumber(cells: readonly string[], field: CsvField, line: number): number {
    const cell = this.#cell(cells, field);
    if (cell === "") return NaN;
    const value = DECIMAL.test(cell) ? Number(cell) : NaN;
    if (!Number.isFinite(value)) throw this.#bad(line, `${nameOf(field)} is "${cell}"; a number is needed`);
    return value;
  }

  #flag(cells: readonly string[], field: CsvField, line: number): boolean {
    const cell = this.#cell(cells, field).toLowerCase();
    if (cell === "1" || cell === "true") return true;
    if (cell === "0" || cell === "false") return false;
    throw this.#bad(line, `${nameOf(field)} is "${cell}"; it must be 0 or 1`);
  }

  /** Null in a file without the column. Of a payment that is never reported both cells are empty. */
  #labelFraud(cells: readonly string[], line: number, knownAtS: number): boolean | null {
    if (this.#places.labelFraud < 0) return null;
    const isNever = this.hasLabelTimes && Number.isNaN(knownAtS) && this.#cell(cells, "labelFraud") === "";
    return isNever ? false : this.#flag(cells, "labelFraud", line);
  }

  #bad(line: number, what: string): CsvError {
    return new CsvError(`${this.path}, line ${line}: ${what}. Mend the line, or take it out.`);
  }
}

/** JavaScript would also read "0x10" and "1_0" as numbers. */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const YEAR_2100_S = 4_102_444_800;

function isInstant(atS: number): boolean {
  return atS >= 0 && atS < YEAR_2100_S;
}

function nameOf(field: CsvField): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function toMs(seconds: number): number {
  return Math.round(seconds * 1000);
}
