import { OperatorError } from "../core/run_command.ts";
import type { PaymentLabel } from "./apply_labels.ts";

/**
 * Labels of a CSV file with the columns `payment_id` and `fraud` (1 or 0, true or false) and, where it is known,
 * `reported_at` (RFC 3339; else the report is of now). Throws, with the line, for anything else.
 */
export function parseLabels(text: string, nowMs: number): PaymentLabel[] {
  const [head, ...lines] = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const columns = head.split(",").map((name) => name.trim());
  const at = (name: string) => columns.indexOf(name);
  if (at("payment_id") < 0 || at("fraud") < 0) {
    throw new OperatorError(
      "labels_wrong_header",
      `The first line must name the columns payment_id and fraud; it is "${head}".`,
    );
  }
  return lines.flatMap((line, i): PaymentLabel[] => {
    if (line.trim() === "") return [];
    const cells = line.split(",").map((cell) => cell.trim());
    const wrong = (what: string) => new OperatorError("labels_bad_row", `Line ${i + 2}, "${line}": ${what}`);
    if (cells.length !== columns.length) {
      throw wrong(`it has ${cells.length} fields, the first line has ${columns.length}.`);
    }
    const paymentId = cells[at("payment_id")];
    if (!/^pay_[0-9a-z]{1,60}$/.test(paymentId)) throw wrong(`"${paymentId}" is no payment_id.`);
    const fraud = FRAUD[cells[at("fraud")].toLowerCase()];
    if (fraud === undefined) throw wrong("fraud must be 1 or 0, true or false.");
    const reported = at("reported_at") < 0 ? "" : cells[at("reported_at")];
    const reportedAtMs = reported === "" ? nowMs : Date.parse(reported);
    if (!Number.isInteger(reportedAtMs) || reportedAtMs < 0) {
      throw wrong(`"${reported}" is no time such as 2026-01-05T12:00:00Z.`);
    }
    if (reportedAtMs > nowMs) throw wrong("reported_at is in the future: nobody can know it yet.");
    return [{ paymentId, fraud, reportedAtMs }];
  });
}

const FRAUD: Readonly<Record<string, boolean | undefined>> = { 1: true, true: true, 0: false, false: false };
