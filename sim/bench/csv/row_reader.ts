import { Names } from "../../train/labelled_payments.ts";
import { type CsvField, placesOf } from "./csv_columns.ts";
import type { CsvPayments } from "./csv_payments.ts";
import { DatasetError } from "./dataset_error.ts";
import { DECIMAL, instantCell, isInstantS } from "./instant_cell.ts";
import { LABEL_WORDS, labelCell } from "./label_cell.ts";

/** More than this no currency needs, and sums of squares of it still fit a 32-bit float. */
const MOST_AMOUNT = 1e15;

/** Turns a file's rows, as texts, into payments. Throws a {@link DatasetError} for a bad one. */
export class RowReader {
  readonly #places: Record<CsvField, number>;
  readonly #columns: number;
  readonly #ids = new Names();

  /** @param placeName what a message counts: lines of a text, rows of a table */
  constructor(
    readonly path: string,
    readonly header: readonly string[],
    readonly payments: CsvPayments,
    readonly placeName: "line" | "row" = "line",
  ) {
    this.#places = placesOf(header, path);
    this.#columns = header.length;
  }

  read(cells: readonly string[], place: number): void {
    if (cells.length !== this.#columns) {
      throw this.#bad(place, `${cells.length} cells where the header has ${this.#columns}`);
    }
    const txId = this.#text(cells, "txId", place);
    const known = this.#ids.size;
    if (this.#ids.placeOf(txId) < known) {
      throw this.#bad(place, `${this.#name("txId")} "${txId}" was there before; ids are unique`);
    }
    const { payments } = this;
    const atS = this.#instant(cells, "epochS", place);
    if (Number.isNaN(atS)) {
      throw this.#bad(place, `${this.#name("epochS")} is empty; seconds since 1970 are needed`);
    }
    const amount = this.#amount(cells, place);
    const knownAtS = this.#instant(cells, "labelKnownAtS", place);
    if (knownAtS < atS) {
      throw this.#bad(
        place,
        `${this.#name("labelKnownAtS")} ${
          this.#cell(cells, "labelKnownAtS")
        } is before the payment, which nobody can have known`,
      );
    }
    const posterior = this.#optionalNumber(cells, "posterior", place);
    if (posterior < 0 || posterior > 1) {
      throw this.#bad(
        place,
        `${this.#name("posterior")} is "${this.#cell(cells, "posterior")}"; a probability is from 0 to 1`,
      );
    }
    payments.add({
      txId,
      atMs: toMs(atS),
      amount,
      customerId: this.#text(cells, "customerId", place),
      terminalId: this.#text(cells, "terminalId", place),
      fraud: this.#flag(cells, "fraud", place),
      cardId: this.#optional(cells, "cardId"),
      deviceId: this.#optional(cells, "deviceId"),
      addressId: this.#optional(cells, "addressId"),
      country: this.#optional(cells, "country"),
      category: this.#optional(cells, "category"),
      merchantCountry: this.#optional(cells, "merchantCountry"),
      customerCountry: this.#optional(cells, "customerCountry"),
      cardCountry: this.#optional(cells, "cardCountry"),
      story: this.#optional(cells, "story"),
      customerSinceMs: toMs(this.#customerSinceS(cells, place, atS)),
      posterior,
      labelFraud: this.#labelFraud(cells, place, knownAtS),
      labelKnownAtMs: this.#places.labelKnownAtS < 0 ? null : toMs(knownAtS),
    });
  }

  get hasLabelTimes(): boolean {
    return this.#places.labelKnownAtS >= 0;
  }

  #cell(cells: readonly string[], field: CsvField): string {
    return this.#places[field] < 0 ? "" : cells[this.#places[field]].trim();
  }

  #text(cells: readonly string[], field: CsvField, place: number): string {
    const cell = this.#cell(cells, field);
    if (cell === "") throw this.#bad(place, `${this.#name(field)} is empty`);
    return cell;
  }

  #optional(cells: readonly string[], field: CsvField): string | null {
    const cell = this.#cell(cells, field);
    return cell === "" ? null : cell;
  }

  #amount(cells: readonly string[], place: number): number {
    const amount = this.#optionalNumber(cells, "amount", place);
    if (Number.isNaN(amount)) throw this.#bad(place, `${this.#name("amount")} is empty; a number is needed`);
    if (amount < 0) {
      throw this.#bad(
        place,
        `${this.#name("amount")} is "${
          this.#cell(cells, "amount")
        }"; it must not be negative. Leave refunds out`,
      );
    }
    if (amount > MOST_AMOUNT) {
      throw this.#bad(
        place,
        `${this.#name("amount")} is "${this.#cell(cells, "amount")}"; more than ${MOST_AMOUNT} is no payment`,
      );
    }
    return amount;
  }

  /** Seconds since 1970; NaN for an empty cell. */
  #instant(cells: readonly string[], field: CsvField, place: number): number {
    const cell = this.#cell(cells, field);
    if (cell === "") return NaN;
    const instant = instantCell(cell);
    if (typeof instant === "number") return instant;
    throw this.#bad(place, `${this.#name(field)} is "${cell}"; ${instant.wrong}`);
  }

  /** A customer may have come before 1970. */
  #customerSinceS(cells: readonly string[], place: number, atS: number): number {
    const cell = this.#cell(cells, "customerSinceS");
    if (cell.startsWith("-") && DECIMAL.test(cell) && isInstantS(-Number(cell))) return Number(cell);
    const sinceS = this.#instant(cells, "customerSinceS", place);
    if (sinceS > atS) {
      throw this.#bad(
        place,
        `${this.#name("customerSinceS")} ${cell} is after the payment; leave it empty where it is not known`,
      );
    }
    return sinceS;
  }

  /** NaN for an empty cell. */
  #optionalNumber(cells: readonly string[], field: CsvField, place: number): number {
    const cell = this.#cell(cells, field);
    if (cell === "") return NaN;
    const value = DECIMAL.test(cell) ? Number(cell) : NaN;
    if (Number.isFinite(value)) return value;
    throw this.#bad(place, `${this.#name(field)} is "${cell}"; a number is needed${numberAdvice(cell)}`);
  }

  #flag(cells: readonly string[], field: CsvField, place: number): boolean {
    const cell = this.#cell(cells, field);
    const label = labelCell(cell);
    if (label === null) {
      throw this.#bad(place, `${this.#name(field)} is "${cell}"; it must be ${LABEL_WORDS}`);
    }
    return label;
  }

  /** Null in a file without the column. Of a payment that is never reported both cells are empty. */
  #labelFraud(cells: readonly string[], place: number, knownAtS: number): boolean | null {
    if (this.#places.labelFraud < 0) return null;
    const isNever = this.hasLabelTimes && Number.isNaN(knownAtS) && this.#cell(cells, "labelFraud") === "";
    return isNever ? false : this.#flag(cells, "labelFraud", place);
  }

  /** The contract's name of a column, and the file's own where that is another: `epoch_s ("unix_time" in the header)`. */
  #name(field: CsvField): string {
    const own = this.header[this.#places[field]].trim();
    return own === nameOf(field) ? own : `${nameOf(field)} ("${own}" in the header)`;
  }

  #bad(place: number, what: string): DatasetError {
    const { path, placeName } = this;
    return new DatasetError(
      "dataset_bad_row",
      `${path}, ${placeName} ${place}: ${what}. Mend the ${placeName}, or take it out.`,
    );
  }
}

/** How to write what people write for numbers elsewhere. */
function numberAdvice(cell: string): string {
  if (/[,']/.test(cell)) return ", with a point for the decimals and nothing between thousands";
  if (/^[^\d.+-]/.test(cell) || /[^\d.]$/.test(cell)) return ", without a currency or any other sign";
  return "";
}

function nameOf(field: CsvField): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function toMs(seconds: number): number {
  return Math.round(seconds * 1000);
}
