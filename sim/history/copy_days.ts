import { toRfc3339 } from "../../src/core/clock.ts";
import { type Sql } from "../../src/db/pool.ts";
import { FeatureStream } from "../../src/fraud/features/feature_stream.ts";
import { ChargeLog, type ChargeRecord } from "../../src/providers/charge_log.ts";
import { RoutingStatistics } from "../../src/routing/routing_statistics.ts";
import { type RefundRequest } from "../world/refunds.ts";
import { toPaymentEvent } from "../world/to_payment_event.ts";
import type { World } from "../world/world.ts";
import { type BookedPayment, bookPayment } from "./book_payment.ts";
import { type BookedRefund, bookRefund, REFUND_COLUMNS } from "./book_refund.ts";
import { CopyRows } from "./copy_rows.ts";
import { openAccounts, POSTING_COLUMNS } from "./open_accounts.ts";

const CHARGES_PER_COMMIT = 20_000;

const PAYMENT_COLUMNS = [
  "tenant_id",
  "payment_id",
  "status",
  "method",
  "currency",
  "amount_minor",
  "captured_minor",
  "refunded_minor",
  "fee_minor",
  "customer_id",
  "merchant_id",
  "payment_method_id",
  "principal",
  "device_id",
  "ip_address",
  "country",
  "address_id",
  "occurred_at_ms",
  "provider",
  "provider_charge_id",
  "decline_by",
  "decline_code",
  "created_at",
  "finished_at",
] as const;

export async function copyDays(
  sql: Sql,
  world: World,
  tenantId: string,
  { fromDay, toDay, stream, reportedAtMs, routing, accounts, charges, requests }: {
    fromDay: number;
    toDay: number;
    stream: FeatureStream;
    /** When those payments are reported that ever are. */
    reportedAtMs: Map<string, number>;
    routing: RoutingStatistics;
    accounts: Set<string>;
    charges: ChargeLog;
    requests: ReadonlyMap<number, RefundRequest>;
  },
): Promise<{ payments: number; postings: number; refunds: number }> {
  const refunds: BookedRefund[] = [];
  const booked: { payment: ReturnType<typeof toRow>; booking: BookedPayment }[] = [];
  const rows = await CopyRows.start(sql, "payments", PAYMENT_COLUMNS);
  let records: ChargeRecord[] = [];
  for (const payment of world.payments(fromDay, toDay)) {
    const booking = bookPayment(payment, world, tenantId);
    const knownAtMs = payment.labelKnownAtMs;
    if (knownAtMs !== null) reportedAtMs.set(booking.paymentId, knownAtMs);
    stream.skip(
      { ...toPaymentEvent(payment, world), paymentId: booking.paymentId },
      knownAtMs === null ? null : { knownAtMs, fraud: payment.labelFraud },
    );
    routing.learn({
      provider: booking.provider,
      context: booking.context,
      answered: true,
      approved: booking.approved,
    });
    const asked = booking.approved ? requests.get(payment.index) : undefined;
    const refund = asked === undefined ? null : bookRefund(asked, payment, booking, tenantId);
    if (refund !== null) refunds.push(refund);
    const row = toRow(payment, booking, refund, tenantId, stream.occurredAtMs);
    await rows.add(row.cells);
    booked.push({ payment: row, booking });
    records.push({
      provider: booking.provider,
      key: booking.providerKey,
      chargeId: booking.chargeId,
      amountMinor: BigInt(payment.amountMinor),
      currency: payment.currency,
      state: booking.approved ? "captured" : "declined",
      code: booking.code,
      createdAtMs: payment.occurredAtMs,
    });
    if (records.length >= CHARGES_PER_COMMIT) {
      charges.recordMany(records);
      records = [];
    }
  }
  await rows.end();
  charges.recordMany(records);
  charges.recordRefunds(refunds.map(({ providerRefund }) => providerRefund));

  const attempts = await CopyRows.start(sql, "payment_attempts", [
    "tenant_id",
    "payment_id",
    "attempt",
    "provider",
    "outcome",
    "code",
    "charge_id",
    "latency_ms",
    "expected_success",
    "started_at",
  ]);
  for (const { payment, booking } of booked) {
    await attempts.add([
      tenantId,
      booking.paymentId,
      1,
      booking.provider,
      booking.approved ? "approved" : "declined",
      booking.code,
      booking.chargeId,
      booking.latencyMs,
      booking.expectedSuccess,
      payment.createdAt,
    ]);
  }
  await attempts.end();

  const captured = booked.filter(({ booking }) => booking.approved);
  await openAccounts(
    sql,
    tenantId,
    [...captured.map(({ booking }) => booking), ...refunds].flatMap(({ postings }) =>
      postings.map(({ account }) => account)
    ),
    accounts,
  );
  const transfers = await CopyRows.start(sql, "transfers", [
    "tenant_id",
    "transfer_id",
    "kind",
    "payment_id",
    "created_at",
  ]);
  for (const { payment, booking } of captured) {
    await transfers.add([
      tenantId,
      transferIdOf(booking.paymentId),
      "post",
      booking.paymentId,
      payment.createdAt,
    ]);
  }
  for (const { transferId, requestedAt } of refunds) {
    await transfers.add([tenantId, transferId, "post", null, requestedAt]);
  }
  await transfers.end();
  const refundRows = await CopyRows.start(sql, "refunds", REFUND_COLUMNS);
  for (const { cells } of refunds) await refundRows.add(cells);
  await refundRows.end();
  const postings = await CopyRows.start(sql, "postings", POSTING_COLUMNS);
  for (const { transferId, postings: legs } of refunds) {
    for (const [leg, { account, amountMinor }] of legs.entries()) {
      await postings.add([tenantId, transferId, leg + 1, account.accountId, account.currency, amountMinor]);
    }
  }
  for (const { booking } of captured) {
    for (let leg = 0; leg < booking.postings.length; leg++) {
      const { account, amountMinor } = booking.postings[leg];
      await postings.add([
        tenantId,
        transferIdOf(booking.paymentId),
        leg + 1,
        account.accountId,
        account.currency,
        amountMinor,
      ]);
    }
  }
  await postings.end();
  return { payments: booked.length, postings: postings.rows, refunds: refunds.length };
}

/** @param occurredAtMs the payment's instant for the features: moved on where two reports meet in one millisecond */
function toRow(
  payment: Parameters<typeof bookPayment>[0],
  booking: BookedPayment,
  refund: BookedRefund | null,
  tenantId: string,
  occurredAtMs: number,
) {
  const createdAt = toRfc3339(payment.occurredAtMs);
  return {
    createdAt,
    cells: [
      tenantId,
      booking.paymentId,
      booking.approved ? refund?.paymentStatus ?? "succeeded" : "declined",
      payment.method,
      payment.currency,
      payment.amountMinor,
      booking.approved ? payment.amountMinor : 0,
      refund?.refundedMinor ?? 0n,
      booking.feeMinor,
      payment.customerId,
      payment.merchantId,
      payment.paymentMethodId,
      "simulation",
      payment.deviceId,
      payment.ipAddress,
      payment.country,
      payment.addressId,
      occurredAtMs,
      booking.provider,
      booking.chargeId,
      booking.approved ? null : "issuer",
      booking.code,
      createdAt,
      toRfc3339(payment.occurredAtMs + Math.round(booking.latencyMs)),
    ],
  };
}

function transferIdOf(paymentId: string): string {
  return `tr_${paymentId.slice(4)}`;
}
