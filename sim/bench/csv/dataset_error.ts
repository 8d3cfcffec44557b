import { OperatorError } from "../../../src/core/run_command.ts";

/** What can be wrong with somebody's own data. A code is stable. */
export type DatasetErrorCode =
  /** There is no such file, or it may not be read. */
  | "dataset_unreadable"
  /** It is neither text nor Parquet that can be read here. */
  | "dataset_wrong_format"
  /** A column is missing, or there twice. */
  | "dataset_wrong_header"
  /** A line with a value that cannot be used. */
  | "dataset_bad_row"
  /** A header and nothing below it. */
  | "dataset_empty"
  /** No payment is fraud, or every one is. */
  | "dataset_one_class"
  /** The payments span too few days for the folds. */
  | "dataset_too_short"
  /** Too few frauds are known to train or to judge by. */
  | "dataset_too_few_frauds";

/** The data cannot be used: `CODE: what failed, on which line and value. The next move.` */
export class DatasetError extends OperatorError {
  override name = "DatasetError";

  constructor(override readonly code: DatasetErrorCode, text: string, options?: ErrorOptions) {
    super(code, text, options);
  }
}
