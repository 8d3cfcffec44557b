import { toRfc3339 } from "../../src/core/clock.ts";
import { type Sql } from "../../src/db/pool.ts";
import { type RefundRequest } from "../world/refunds.ts";
import type { SimPayment, World } from "../world/world.ts";
import { type BookedPayment, bookPayment } from "./book_payment.ts";
import { type BookedRefund, bookRefund, REFUND_COLUMNS } from "./book_refund.ts";
import { copyAttempts, copyItems, copyPostings, transferIdOf } from "./copy_booked.ts";
import { CopyRows } from "./copy_rows.ts";
import type { Knowledge } from "./knowledge.ts";
import { mergeByTime } from "./merge_by_time.ts";
import { openAccounts } from "./open_accounts.ts";
import { copyWallets } from "./wallets/copy_wallets.ts";
import type { WalletDay, WalletPayment } from "./wallets/wallet_day.ts";

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

/**
 * Books and copies the payments of some days: their rows, attempts, transfers, refunds and postings.
 * @param whole what the payments teach, and what happened to wallets meanwhile, when the days come in order from the first;
 *     null leaves both for later
 */
export async function copyDays(
  sql: Sql,
  world: World,
  tenantId: string,
  { fromDay, toDay, whole, accounts, requests }: {
    fromDay: number;
    toDay: number;
    whole: { readonly knowledge: Knowledge; readonly walletDays: readonly WalletDay[] } | null;
    /** Those that are open already; more are added. */
    accounts: Set<string>;
    requests: ReadonlyMap<number, RefundRequest>;
  },
): Promise<{ payments: number; postings: number; refunds: number; walletEntries: number }> {
  const refunds: BookedRefund[] = [];
  const booked: { payment: ReturnType<typeof toRow>; booking: BookedPayment }[] = [];
  const rows = await CopyRows.start(sql, "payments", PAYMENT_COLUMNS);
  const wallets = whole?.walletDays ?? [];
  const walletPayments = wallets.flatMap(({ payments }) => payments);
  const movedTo = new Map<string, number>();
  for (
    const payment of mergeByTime<SimPayment, WalletPayment>(world.payments(fromDay, toDay), walletPayments)
  ) {
    if ("kind" in payment) {
      addWalletPayment(whole!.knowledge, payment, movedTo);
      continue;
    }
    const booking = bookPayment(payment, world, tenantId);
    const refund = refundOf(payment, booking, requests, tenantId);
    if (refund !== null) refunds.push(refund);
    const occurredAtMs = whole?.knowledge.add(payment, booking, refund) ?? payment.occurredAtMs;
    const row = toRow(payment, booking, refund, tenantId, occurredAtMs);
    await rows.add(row.cells);
    booked.push({ payment: row, booking });
  }
  await rows.end();

  await copyAttempts(
    sql,
    tenantId,
    booked.map(({ payment, booking }) => ({ booking, startedAt: payment.createdAt })),
  );

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
  await copyItems(sql, "refunds", REFUND_COLUMNS, refunds, ({ cells }) => cells);
  const postings = await copyPostings(sql, tenantId, [
    ...refunds,
    ...captured.map(({ booking: { paymentId, postings } }) => ({
      transferId: transferIdOf(paymentId),
      postings,
    })),
  ]);
  const ofWallets = await copyWallets(sql, tenantId, wallets, accounts, movedTo);
  return {
    payments: booked.length,
    postings: postings + ofWallets.postings,
    refunds: refunds.length,
    walletEntries: ofWallets.entries,
  };
}

/** Tells what the payment teaches, and remembers where its instant for the features is not its own. */
export function addWalletPayment(
  knowledge: Knowledge,
  payment: WalletPayment,
  movedTo: Map<string, number>,
): void {
  const atMs = knowledge.addWalletPayment(payment);
  if (atMs !== payment.occurredAtMs) movedTo.set(payment.event.paymentId, atMs);
}

/** What is given back of a payment: known beforehand, so that its row is written once, as it is at the end. */
export function refundOf(
  payment: SimPayment,
  booking: BookedPayment,
  requests: ReadonlyMap<number, RefundRequest>,
  tenantId: string,
): BookedRefund | null {
  const asked = booking.approved ? requests.get(payment.index) : undefined;
  return asked === undefined ? null : bookRefund(asked, payment, booking, tenantId);
}

/** @param occurredAtMs the payment's instant for the features: moved on where two reports meet in one millisecond */
function toRow(
  payment: SimPayment,
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
