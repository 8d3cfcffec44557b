import { toRfc3339 } from "../core/clock.ts";
import { formatAmount } from "../core/money.ts";
import type { PaymentAnswer } from "./payment_answer.ts";
import type { PaymentService } from "./payment_service.ts";
import { type DisputePrediction, predictDispute } from "./predict_dispute.ts";
import { answerOf, type PaymentRow, readPayment, readStoredAnswer } from "./read_answer.ts";
import { refundableOf } from "./refunds/refundable.ts";
import { readRefunds, type RefundLine } from "./refunds/read_refunds.ts";

export interface PaymentStatusAnswer extends PaymentAnswer {
  description: string | null;
  metadata: Readonly<Record<string, string>> | null;
  captured_minor: number;
  refunded_minor: number;
  /** What refund_payment takes at most. */
  refundable: string;
  refundable_minor: number;
  refunds: RefundLine[];
  /** By the real clock, the oldest first. */
  timeline: TimelineEvent[];
  ledger: {
    transfer_id: string;
    account_id: string;
    amount: string;
    amount_minor: number;
    currency: string;
  }[];
  time_to_settle: TimeToSettle;
  dispute: DisputePrediction | null;
}

interface TimelineEvent {
  at: string;
  action: string;
  details: Record<string, unknown>;
}

type TimeToSettle =
  | { basis: string; sample_size: number; p50_ms: number; p90_ms: number; p99_ms: number }
  | { basis: "insufficient_data"; sample_size: number; missing: string };

/** Fewer finished payments than this say too little about a 99th percentile. */
const SETTLE_MIN_SAMPLE = 100;
/** How far back is looked: bounds the cost of the call, whatever the table holds. */
const RECENT_PAYMENTS = 10_000;

/** One payment as recorded: state, timeline, ledger entries. Throws `unknown_payment`. */
export async function getPaymentStatus(
  service: PaymentService,
  tenantId: string,
  paymentId: string,
): Promise<PaymentStatusAnswer> {
  const row = await readPayment(service, tenantId, paymentId);
  const [answered, refunds, events, postings, timeToSettle, dispute] = await Promise.all([
    readStoredAnswer(service, row),
    readRefunds(service, tenantId, paymentId),
    service.pool.of(tenantId)<{ at: Date; action: string; details: Record<string, unknown> }[]>`
      select e.at, e.action, e.details from audit_events e
       where e.tenant_id = ${tenantId} and e.audit_id >= ${auditIdFrom(paymentId)}
         and e.audit_id < ${auditIdTo(paymentId)}
       union all
      select e.at, e.action, e.details || jsonb_build_object('refund_id', r.refund_id)
        from refunds r join audit_events e on e.tenant_id = r.tenant_id
             and e.audit_id >= 'aud_' || substr(r.refund_id, 4) || '_' and e.audit_id < 'aud_' || substr(r.refund_id, 4) || '\`'
       where r.tenant_id = ${tenantId} and r.payment_id = ${paymentId}
       order by at, action`,
    service.pool.of(tenantId)<
      { transfer_id: string; account_id: string; amount_minor: string; currency: string }[]
    >`
      select transfer_id, account_id, amount_minor::text, currency from postings
       where tenant_id = ${tenantId}
         and (transfer_id = ${`tr_${paymentId.slice(4)}`}
              or transfer_id in (select 'tr_' || substr(refund_id, 4) from refunds
                                  where tenant_id = ${tenantId} and payment_id = ${paymentId}))
       order by transfer_id <> ${`tr_${paymentId.slice(4)}`}, transfer_id, leg`,
    readTimeToSettle(service, tenantId, row.provider, row.method),
    predictDispute(service, row),
  ]);
  const known = answerOf(service, row);
  const refundable = refundableOf(row, refunds);
  return {
    ...known,
    // What was known when it was decided: the call's own answer has it all, the rows have what a crash left of it.
    ...(answered === null ? {} : {
      risk: answered.risk,
      routing: answered.routing,
      timings_ms: answered.timings_ms,
    }),
    description: row.description,
    metadata: row.metadata,
    captured_minor: Number(row.capturedMinor),
    refunded_minor: Number(row.refundedMinor),
    refundable: formatAmount(refundable, row.currency),
    refundable_minor: Number(refundable),
    refunds,
    timeline: timelineOf(events, row, dispute),
    ledger: postings.map(({ transfer_id, account_id, amount_minor, currency }) => ({
      transfer_id,
      account_id,
      amount: formatAmount(BigInt(amount_minor), currency),
      amount_minor: Number(amount_minor),
      currency,
    })),
    time_to_settle: timeToSettle,
    dispute,
  };
}

/** What was audited, and what a provider told of: a webhook is no act of anybody here, so it is in no audit row. */
function timelineOf(
  events: readonly { at: Date; action: string; details: Record<string, unknown> }[],
  { provider }: PaymentRow,
  dispute: DisputePrediction | null,
): TimelineEvent[] {
  const timeline = events.map(({ at, action, details }) => ({
    at: toRfc3339(at.getTime()),
    action,
    details,
  }));
  if (dispute?.basis !== "disputed" || !("told_at" in dispute)) return timeline;
  const told = { at: dispute.told_at, action: "payment.disputed", details: { provider } };
  const later = timeline.findIndex(({ at }) => at > told.at);
  return timeline.toSpliced(later === -1 ? timeline.length : later, 0, told);
}

/** Empirical quantiles from creation to the final status, for the payment's provider and method. */
async function readTimeToSettle(
  service: PaymentService,
  tenantId: string,
  provider: string | null,
  method: string,
): Promise<TimeToSettle> {
  const [row] = await service.pool.of(tenantId)<{ sample_size: number; quantiles: number[] | null }[]>`
    select count(*)::int as sample_size,
           percentile_cont(array[0.5, 0.9, 0.99]) within group (order by duration_ms) as quantiles
      from (select extract(epoch from finished_at - created_at)::float8 * 1000 as duration_ms
              from (select * from payments where tenant_id = ${tenantId}
                     order by payment_id desc limit ${RECENT_PAYMENTS}) recent
             where provider is not distinct from ${provider} and method = ${method}
               and finished_at is not null and risk_decision = 'approve' and principal <> 'simulation') settled`;
  if (row.sample_size < SETTLE_MIN_SAMPLE || row.quantiles === null) {
    return {
      basis: "insufficient_data",
      sample_size: row.sample_size,
      missing: `${SETTLE_MIN_SAMPLE - row.sample_size} more finished payments by ${method}` +
        (provider === null ? "" : ` through ${provider}`),
    };
  }
  const [p50, p90, p99] = row.quantiles.map((value) => Math.round(value * 10) / 10);
  return {
    basis: `the last ${row.sample_size} finished payments by ${method}` +
      (provider === null ? "" : ` through ${provider}`),
    sample_size: row.sample_size,
    p50_ms: p50,
    p90_ms: p90,
    p99_ms: p99,
  };
}

function auditIdFrom(paymentId: string): string {
  return `aud_${paymentId.slice(4)}_`;
}

/** The id just after all of the payment's audit rows: "`" follows "_" in the C collation. */
function auditIdTo(paymentId: string): string {
  return `aud_${paymentId.slice(4)}\``;
}
