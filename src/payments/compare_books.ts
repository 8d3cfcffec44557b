import type { ChargeStatement } from "../providers/provider.ts";
import { PAYMENT_STATUSES } from "./payment.ts";
import type { PaymentRow } from "./read_answer.ts";

/** One provider's own account of the payment's charge. */
export interface ProviderSide {
  readonly provider: string;
  readonly key: string;
  /** The provider that was asked last: its word is the payment's. */
  readonly isLast: boolean;
  readonly answered: boolean;
  /** Null where the provider never finished a charge for the key, or did not answer. */
  readonly statement: ChargeStatement | null;
}

export interface LedgerSide {
  readonly posted: boolean;
  readonly takenMinor: bigint;
  readonly feeMinor: bigint;
  readonly returnedMinor: bigint;
  readonly currency: string | null;
}

/** One fact as three books have it. Null where a book does not keep it; of `agrees`, where a provider is silent. */
export interface Comparison {
  readonly field: string;
  readonly record: string | null;
  readonly ledger: string | null;
  readonly provider: string | null;
  readonly agrees: boolean | null;
}

/**
 * The payment's record, its postings and its provider's statement, field by field. They are written by different
 * hands, so that they agree is evidence.
 */
export function compareBooks(
  row: Pick<
    PaymentRow,
    "status" | "provider" | "capturedMinor" | "refundedMinor" | "feeMinor" | "currency" | "providerChargeId"
  >,
  ledger: LedgerSide,
  providers: readonly ProviderSide[],
): Comparison[] {
  const last = providers.find(({ isLast }) => isLast);
  const silent = last !== undefined && !last.answered;
  const statement = last?.statement ?? null;
  const approved = statement?.reply.outcome === "approved" ? statement : null;
  const isCard = row.provider !== null;
  const charged = (value: string) => isCard && !silent ? value : null;
  const line = (
    field: string,
    values: { record: string | null; ledger: string | null; provider: string | null },
    silentMatters = isCard,
  ): Comparison => {
    const kept = Object.values(values).filter((value) => value !== null);
    const equal = kept.every((value) => value === kept[0]);
    return { field, ...values, agrees: !equal ? false : silent && silentMatters ? null : true };
  };

  const others = providers.filter(({ isLast }) => !isLast);
  const chargedElsewhere = others.filter(({ statement }) => statement?.reply.outcome === "approved").length;
  return [
    line("charged", {
      record: yesOrNo(PAYMENT_STATUSES[row.status].captured),
      ledger: yesOrNo(ledger.posted),
      provider: charged(yesOrNo(approved !== null)),
    }),
    line("amount_minor", {
      record: row.capturedMinor.toString(),
      ledger: ledger.takenMinor.toString(),
      provider: charged((approved?.amountMinor ?? 0n).toString()),
    }),
    line("currency", {
      record: row.currency,
      ledger: ledger.currency,
      provider: approved?.currency ?? null,
    }),
    line("charge_id", {
      record: row.providerChargeId,
      ledger: null,
      provider: approved?.reply.outcome === "approved" ? approved.reply.chargeId : null,
    }),
    line("fee_minor", {
      record: row.feeMinor.toString(),
      ledger: ledger.feeMinor.toString(),
      provider: null,
    }, false),
    line("refunded_minor", {
      record: row.refundedMinor.toString(),
      ledger: ledger.returnedMinor.toString(),
      provider: charged((approved?.refundedMinor ?? 0n).toString()),
    }),
    {
      field: "charged_at_other_providers",
      record: "0",
      ledger: null,
      provider: others.length === 0 ? null : String(chargedElsewhere),
      agrees: chargedElsewhere > 0 ? false : others.some(({ answered }) => !answered) ? null : true,
    },
  ];
}

function yesOrNo(value: boolean): string {
  return value ? "yes" : "no";
}
