import { toRfc3339 } from "../../../src/core/clock.ts";
import { WALLET_MERCHANT } from "../../../src/core/wallet_merchant.ts";
import type { Sql } from "../../../src/db/pool.ts";
import { type Account, accountOf } from "../../../src/ledger/accounts.ts";
import { capturePostings, type Posting } from "../../../src/ledger/capture_postings.ts";
import { topUpPostings } from "../../../src/ledger/top_up_postings.ts";
import { copyAttempts, copyItems, copyPostings, transferIdOf } from "../copy_booked.ts";
import { openAccounts } from "../open_accounts.ts";
import type { BookedMove, BookedPurchase, BookedTopUp, OpenedWallet, WalletDay } from "./wallet_day.ts";
import {
  MOVE_COLUMNS,
  moveRow,
  PAYMENT_COLUMNS,
  paymentRow,
  TOP_UP_COLUMNS,
  topUpRow,
} from "./wallet_rows.ts";

/** A transfer of the ledger with its postings; a hold moves nothing yet. */
interface Movement {
  readonly transferId: string;
  readonly kind: "post" | "hold" | "hold_post";
  readonly holdId: string | null;
  readonly paymentId: string | null;
  readonly memo: string | null;
  readonly atMs: number;
  readonly postings: readonly Posting[];
}

const TRANSFER_COLUMNS = [
  "tenant_id",
  "transfer_id",
  "kind",
  "hold_id",
  "payment_id",
  "memo",
  "created_at",
] as const;

/**
 * Writes what happened to wallets on some days, the next after those that are written: the rows that the server would have
 * left of each top-up, payment and transfer.
 *
 * The ledger's constraints hold after every statement, so the days' statements come in an order in which no wallet has less
 * than it holds: first all that goes in or from one to another, then the holds of what is paid, then what is paid.
 *
 * @param movedTo the instants of payments for the features, where they differ from their own
 * @returns how many postings were written, and how many top-ups, payments and transfers they are of, declined ones included
 */
export async function copyWallets(
  sql: Sql,
  tenantId: string,
  days: readonly WalletDay[],
  accounts: Set<string>,
  movedTo: ReadonlyMap<string, number>,
): Promise<{ postings: number; entries: number }> {
  const opened = days.flatMap((day) => day.opened);
  const payments = days.flatMap((day) => day.payments);
  const topUps = payments.filter((payment) => payment.kind === "top_up");
  const purchases = payments.filter((payment) => payment.kind === "purchase");
  const moves = days.flatMap((day) => day.moves);

  await copyItems(
    sql,
    "payments",
    PAYMENT_COLUMNS,
    payments,
    (payment) => paymentRow(tenantId, payment, movedTo),
  );
  if (topUps.length > 0) {
    const { merchantId, name, category, country, currency } = WALLET_MERCHANT;
    await sql`insert into merchants (tenant_id, merchant_id, name, category, country, currency)
              values (${tenantId}, ${merchantId}, ${name}, ${category}, ${country}, ${currency}) on conflict do nothing`;
  }
  await copyAttempts(
    sql,
    tenantId,
    topUps.map(({ booking, occurredAtMs }) => ({ booking, startedAt: toRfc3339(occurredAtMs) })),
  );
  await copyItems(sql, "wallet_top_ups", TOP_UP_COLUMNS, topUps, (topUp) => topUpRow(tenantId, topUp));
  await copyItems(sql, "wallet_transfers", MOVE_COLUMNS, moves, (move) => moveRow(tenantId, move));

  const paid = purchases.filter((purchase) => purchase.paid);
  const before = [
    ...opened.map(openingOf),
    ...topUps.filter(({ booking }) => booking.approved).flatMap(movementsOfTopUp),
    ...moves.map(movementOf),
  ];
  const spent = paid.map(movementOfPurchase);
  await openAccounts(sql, tenantId, accountsOf([...before, ...spent]), accounts);
  await copyItems(sql, "transfers", TRANSFER_COLUMNS, [...before, ...paid.map(holdOf), ...spent], (its) => [
    tenantId,
    its.transferId,
    its.kind,
    its.holdId,
    its.paymentId,
    its.memo,
    toRfc3339(its.atMs),
  ]);
  const postings = await copyPostings(sql, tenantId, before);
  await holdAndRelease(sql, tenantId, paid);
  return {
    postings: postings + await copyPostings(sql, tenantId, spent),
    entries: payments.length + moves.length,
  };
}

/** A wallet's payment sets its money aside first, as the server does; each hold ends with its payment. */
async function holdAndRelease(sql: Sql, tenantId: string, paid: readonly BookedPurchase[]): Promise<void> {
  if (paid.length === 0) return;
  await copyItems(
    sql,
    "holds",
    ["tenant_id", "hold_id", "account_id", "currency", "amount_minor", "state", "created_at"],
    paid,
    (purchase) => [
      tenantId,
      holdIdOf(purchase.paymentId),
      walletOf(purchase.customerId, purchase.currency).accountId,
      purchase.currency,
      purchase.amountMinor,
      "pending",
      toRfc3339(purchase.occurredAtMs),
    ],
  );
  const holdIds = paid.map(({ paymentId }) => holdIdOf(paymentId));
  await sql`update holds set state = 'posted', posted_minor = amount_minor
             where tenant_id = ${tenantId} and hold_id = any (${holdIds}::text[])`;
}

function openingOf({ customerId, currency, amountMinor, atMs }: OpenedWallet): Movement {
  return {
    transferId: `tr_opening_${customerId}`,
    kind: "post",
    holdId: null,
    paymentId: null,
    memo: "opening balance",
    atMs,
    postings: [
      { account: accountOf("external", "bank", currency), amountMinor: -BigInt(amountMinor) },
      { account: walletOf(customerId, currency), amountMinor: BigInt(amountMinor) },
    ],
  };
}

/** The card's payment to the merchant of top-ups, and its way on to the wallet. */
function movementsOfTopUp(topUp: BookedTopUp): Movement[] {
  const { topUpId, booking, customerId, currency, occurredAtMs: atMs } = topUp;
  const one = { kind: "post", holdId: null, atMs } as const;
  return [
    {
      ...one,
      transferId: transferIdOf(booking.paymentId),
      paymentId: booking.paymentId,
      memo: null,
      postings: booking.postings,
    },
    {
      ...one,
      transferId: `tr_${topUpId.slice("top_".length)}`,
      paymentId: null,
      memo: "wallet top-up",
      postings: topUpPostings(walletOf(customerId, currency), BigInt(topUp.amountMinor), booking.feeMinor),
    },
  ];
}

function movementOf(move: BookedMove): Movement {
  const { transferId, fromCustomerId, toCustomerId, currency, occurredAtMs: atMs, memo } = move;
  const amountMinor = BigInt(move.amountMinor);
  return {
    transferId,
    kind: "post",
    holdId: null,
    paymentId: null,
    memo,
    atMs,
    postings: [
      { account: walletOf(fromCustomerId, currency), amountMinor: -amountMinor },
      { account: walletOf(toCustomerId, currency), amountMinor },
    ],
  };
}

function holdOf({ paymentId, occurredAtMs: atMs }: BookedPurchase): Movement {
  return {
    transferId: holdIdOf(paymentId),
    kind: "hold",
    holdId: null,
    paymentId,
    memo: null,
    atMs,
    postings: [],
  };
}

function movementOfPurchase(purchase: BookedPurchase): Movement {
  const { paymentId, customerId, merchantId, currency, occurredAtMs: atMs } = purchase;
  return {
    transferId: transferIdOf(paymentId),
    kind: "hold_post",
    holdId: holdIdOf(paymentId),
    paymentId,
    memo: null,
    atMs,
    postings: capturePostings({
      amountMinor: BigInt(purchase.amountMinor),
      feeMinor: 0n,
      currency,
      merchantId,
      source: { kind: "wallet", customerId },
    }),
  };
}

function accountsOf(movements: readonly Movement[]): Account[] {
  return movements.flatMap(({ postings }) => postings.map(({ account }) => account));
}

function walletOf(customerId: string, currency: string): Account {
  return accountOf("wallet", customerId, currency);
}

function holdIdOf(paymentId: string): string {
  return `hold_${paymentId.slice("pay_".length)}`;
}
