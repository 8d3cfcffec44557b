import { toRfc3339 } from "../core/clock.ts";
import { formatAmount } from "../core/money.ts";
import type { ChargeStatement } from "../providers/provider.ts";
import { ProviderTimeout } from "../providers/provider.ts";
import { type AnomalyScore, scoreAnomaly } from "./anomaly_score.ts";
import { compareBooks, type Comparison, type LedgerSide, type ProviderSide } from "./compare_books.ts";
import { completePayment } from "./complete_open_payments.ts";
import { nextMoveOf, PAYMENT_STATUSES, type PaymentStatus, providerKeyOf } from "./payment.ts";
import type { PaymentService } from "./payment_service.ts";
import { declineOf, type PaymentRow, readPayment } from "./read_answer.ts";
import { settleRefundsInDoubt } from "./refunds/complete_refunds.ts";
import { refundableOf } from "./refunds/refundable.ts";
import { readRefunds, type RefundLine } from "./refunds/read_refunds.ts";

export interface VerifiedPayment {
  readonly payment_id: string;
  readonly status: PaymentStatus;
  readonly status_before: PaymentStatus;
  /** True when this call brought the payment to its end. */
  readonly settled_now: boolean;
  readonly verified_at: string;
  /** Each charge the payment led to, as its provider tells it. */
  readonly provider_charges: {
    readonly provider: string;
    readonly key: string;
    readonly state: "approved" | "declined" | "refused" | "voided" | "requires_action" | "none" | "no_answer";
    readonly charge_id: string | null;
    readonly amount: string | null;
    readonly amount_minor: number | null;
    readonly currency: string | null;
    readonly refunded_minor: number | null;
  }[];
  readonly refunds: readonly RefundLine[];
  /** What refund_payment takes at most. */
  readonly refundable: string;
  readonly refundable_minor: number;
  readonly comparison: readonly Comparison[];
  /** Null while a provider does not answer. */
  readonly consistent: boolean | null;
  readonly anomaly: AnomalyScore;
  readonly next_move: string;
}

/**
 * Asks the provider what really happened to a payment.
 *
 *   1. in doubt, or a refund of it: settle it by the provider's word, as the completer would have a little later
 *   2. every provider that was asked: its statement of the charge
 *   3. provider, ledger and record side by side, field by field
 *   4. how unusual the payment is for its customer and its merchant
 *
 * A payment that a call is still working on is left to it. Throws `unknown_payment`.
 */
export async function verifyPayment(
  service: PaymentService,
  tenantId: string,
  paymentId: string,
): Promise<VerifiedPayment> {
  const before = await readPayment(service, tenantId, paymentId);
  if (before.status === "in_doubt") {
    await completePayment(service, { tenant_id: tenantId, payment_id: paymentId, checks: 1 });
  }
  if (PAYMENT_STATUSES[before.status].captured) await settleRefundsInDoubt(service, tenantId, paymentId);
  const row = await readPayment(service, tenantId, paymentId);
  const [statements, ledger, anomaly, refunds] = await Promise.all([
    readStatements(service, row),
    readLedger(service, row),
    scoreAnomaly(service, row),
    readRefunds(service, tenantId, paymentId),
  ]);
  const comparison = compareBooks(row, ledger, statements);
  const refundable = refundableOf(row, refunds);
  const agreements = comparison.map(({ agrees }) => agrees);
  const consistent = agreements.includes(false) ? false : agreements.includes(null) ? null : true;
  return {
    payment_id: paymentId,
    status: row.status,
    status_before: before.status,
    settled_now: !PAYMENT_STATUSES[before.status].final && PAYMENT_STATUSES[row.status].final,
    verified_at: toRfc3339(service.clock.nowMs()),
    provider_charges: statements.map(chargeAnswer),
    refunds,
    refundable: formatAmount(refundable, row.currency),
    refundable_minor: Number(refundable),
    comparison,
    consistent,
    anomaly,
    next_move: consistent === false
      ? "Provider, ledger and record disagree: do not refund or repeat; have a person look at the comparison."
      : consistent === null && PAYMENT_STATUSES[row.status].final
      ? "A provider did not answer: call verify_payment again in a minute."
      : nextMoveOf(row.status, declineOf(row)),
  };
}

/** What each provider the payment was sent to says, in the order in which they were asked. */
async function readStatements(service: PaymentService, row: PaymentRow): Promise<ProviderSide[]> {
  if (row.provider === null) return [];
  const attempts = await service.pool.of(row.tenantId)<{ provider: string; charge_number: number }[]>`
    select distinct on (charge_number) provider, charge_number from payment_attempts
     where tenant_id = ${row.tenantId} and payment_id = ${row.paymentId} order by charge_number, attempt desc`;
  const asked = [...attempts];
  if (!asked.some((one) => one.charge_number === row.chargeNumber)) {
    asked.push({ provider: row.provider, charge_number: row.chargeNumber });
  }
  return await Promise.all(asked.map(async ({ provider, charge_number }) => {
    const key = providerKeyOf(row.tenantId, row.paymentId, charge_number);
    const side = { provider, key, isLast: charge_number === row.chargeNumber };
    try {
      const statement = await service.provider(provider).readStatement(
        key,
        service.settings.providerTimeoutMs,
      );
      return { ...side, answered: true, statement };
    } catch (error) {
      if (!(error instanceof ProviderTimeout)) throw error;
      return { ...side, answered: false, statement: null };
    }
  }));
}

/** The payment as posted: what was taken from its source, what the provider's fee was, and what its source got back. */
async function readLedger(service: PaymentService, row: PaymentRow): Promise<LedgerSide> {
  const postings = await service.pool.of(row.tenantId)<
    { kind: string; amount_minor: string; currency: string }[]
  >`
    select a.kind, p.amount_minor::text, p.currency
      from postings p join accounts a using (tenant_id, account_id)
     where p.tenant_id = ${row.tenantId} and p.transfer_id = ${`tr_${row.paymentId.slice(4)}`}`;
  let takenMinor = 0n;
  let feeMinor = 0n;
  for (const { kind, amount_minor } of postings) {
    const amountMinor = BigInt(amount_minor);
    if (kind === "provider" || kind === "wallet") takenMinor -= amountMinor;
    if (kind === "fees") feeMinor += amountMinor;
  }
  const [{ returned }] = await service.pool.of(row.tenantId)<{ returned: string }[]>`
    select coalesce(sum(p.amount_minor), 0)::text as returned
      from refunds r
      join postings p on p.tenant_id = r.tenant_id and p.transfer_id = 'tr_' || substr(r.refund_id, 4)
      join accounts a on a.tenant_id = p.tenant_id and a.account_id = p.account_id
     where r.tenant_id = ${row.tenantId} and r.payment_id = ${row.paymentId} and a.kind in ('provider', 'wallet')`;
  return {
    posted: postings.length > 0,
    takenMinor,
    feeMinor,
    returnedMinor: BigInt(returned),
    currency: postings[0]?.currency ?? null,
  };
}

function chargeAnswer(
  { provider, key, answered, statement }: ProviderSide,
): VerifiedPayment["provider_charges"][0] {
  return {
    provider,
    key,
    state: !answered ? "no_answer" : statement?.reply.outcome ?? "none",
    charge_id: statement?.reply.outcome === "approved" ? statement.reply.chargeId : null,
    ...amounts(statement),
  };
}

function amounts(statement: ChargeStatement | null) {
  // A key that was voided before anything was charged has no amount.
  if (statement === null || statement.currency === "") {
    return { amount: null, amount_minor: null, currency: null, refunded_minor: null };
  }
  return {
    amount: formatAmount(statement.amountMinor, statement.currency),
    amount_minor: Number(statement.amountMinor),
    currency: statement.currency,
    refunded_minor: Number(statement.refundedMinor),
  };
}
