import { claimFile } from "./claim_file.ts";
import { startProgress } from "../../src/core/progress.ts";
import { daysOfPartition, type Partition } from "../world/partition.ts";
import { refundRequests } from "../world/refunds.ts";
import { walletTransfers } from "../world/transfers.ts";
import type { World } from "../world/world.ts";
import { CsvFile } from "./csv_file.ts";
import { CARD_TABLE, CUSTOMER_TABLE, MERCHANT_TABLE, REFUND_TABLE, TRANSFER_TABLE } from "./other_tables.ts";
import { ParquetFile } from "./parquet_file.ts";
import { type PaymentCursor, paymentTable } from "./payment_table.ts";
import type { Table, TableFile } from "./table.ts";

export type FileFormat = "csv" | "parquet";

export interface ExportOptions {
  readonly format: FileFormat;
  /** Where the payments go; the world's other tables go beside it, `payments.csv`, `payments.refunds.csv`, …. */
  readonly path: string;
  readonly partition: Partition;
}

export interface ExportedFile {
  readonly path: string;
  readonly rows: number;
}

/**
 * Writes the days of one part of a world: payments, refund requests and wallet transfers, each with its truth. The
 * tables that every part shares, customers, merchants and cards, are written by the first part alone.
 */
export async function exportWorld(world: World, options: ExportOptions): Promise<ExportedFile[]> {
  const [fromDay, toDay] = daysOfPartition(options.partition, world.config.days);
  await Deno.mkdir(options.path.replace(/\/?[^/]*$/, "") || ".", { recursive: true });
  const files: ExportedFile[] = [];
  const open = <Row>(name: string, table: Table<Row>) => {
    const path = pathOf(options, name);
    return { path, file: openFile(options.format, path, table) };
  };
  const writeAll = <Row>(name: string, table: Table<Row>, rows: Iterable<Row>) => {
    const { path, file } = open(name, table);
    for (const row of rows) file.add(row);
    file.end();
    files.push({ path, rows: file.rows });
  };

  const payments = open("", paymentTable(world.society));
  const progress = startProgress("payments", toDay - fromDay, "days");
  const cursor = { columns: undefined, row: 0, day: 0 } as unknown as PaymentCursor;
  for (const { day, columns } of world.columns(fromDay, toDay)) {
    Object.assign(cursor, { columns, day });
    for (cursor.row = 0; cursor.row < columns.length; cursor.row++) payments.file.add(cursor);
    progress.update(day + 1 - fromDay);
  }
  progress.stop();
  payments.file.end();
  files.push({ path: payments.path, rows: payments.file.rows });

  writeAll("refunds", REFUND_TABLE, refundRequests(world, fromDay, toDay));
  writeAll("transfers", TRANSFER_TABLE, walletTransfers(world, fromDay, toDay));
  if (options.partition.part === 1) {
    writeAll("customers", CUSTOMER_TABLE, world.customers);
    writeAll("merchants", MERCHANT_TABLE, world.merchants);
    writeAll("cards", CARD_TABLE, world.cards);
  }
  return files;
}

export function openFile<Row>(format: FileFormat, path: string, table: Table<Row>): TableFile<Row> {
  claimFile(path);
  return format === "csv" ? new CsvFile(path, table) : new ParquetFile(path, table);
}

/** `out/payments.csv` of part 3 of 16: `out/payments.refunds-03-of-16.csv`; of the whole: `out/payments.refunds.csv`. */
export function pathOf(
  { path, partition: { part, parts } }: Omit<ExportOptions, "format">,
  name: string,
): string {
  const dot = path.lastIndexOf(".") > path.lastIndexOf("/") ? path.lastIndexOf(".") : path.length;
  const place = parts === 1 ? "" : `-${String(part).padStart(String(parts).length, "0")}-of-${parts}`;
  return `${path.slice(0, dot)}${name === "" ? "" : `.${name}`}${place}${path.slice(dot)}`;
}
