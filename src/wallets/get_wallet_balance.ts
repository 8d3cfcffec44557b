import { toRfc3339 } from "../core/clock.ts";
import { DomainError } from "../core/errors.ts";
import { EXAMPLE_CUSTOMER_ID, unknownCustomer } from "../core/unknown_customer.ts";
import { formatAmount } from "../core/money.ts";
import { forecastRunOut, RUN_OUT_LEVEL, RUN_OUT_METHOD, type RunOut } from "./forecast/run_out.ts";
import { readFlows } from "./read_flows.ts";
import { DAY_MS } from "./risk/past.ts";
import { readSpending, type Spending, SPREAD_MIN_SHARE } from "./spending.ts";
import { moneyAnswer } from "./transfer.ts";
import { walletAlerts } from "./wallet_alerts.ts";
import { unknownWallet } from "./wallet_id.ts";
import type { WalletService } from "./wallet_service.ts";

export interface BalanceRequest {
  readonly tenantId: string;
  /** One of the two. */
  readonly customerId: string | null;
  readonly walletId: string | null;
  readonly currency: string | null;
  /** Now, or the moment in a simulated world as of which habits are looked at. */
  readonly simulatedAtMs: number | null;
}

interface WalletRow {
  readonly walletId: string;
  readonly currency: string;
  readonly ledgerMinor: bigint;
  readonly heldMinor: bigint;
}

/**
 * What a wallet, or each wallet of a customer, holds; and what is known about how it is used. Reads only.
 *
 * Errors, in the order they are looked for: `invalid_arguments` (neither or both named), `unknown_customer` or
 * `unknown_wallet`, `invalid_arguments` (a wallet's id and another currency), `unknown_wallet`.
 */
export async function getWalletBalance(service: WalletService, request: BalanceRequest) {
  const { tenantId } = request;
  const asOfMs = request.simulatedAtMs ?? await service.clocks.nowMs(tenantId);
  const customerId = await customerOf(service, request);
  const rows = await readWallets(service, request, customerId);
  const wallets = [];
  for (const row of rows) wallets.push(await describeWallet(service, tenantId, customerId, row, asOfMs));
  return {
    customer_id: customerId,
    as_of: toRfc3339(asOfMs),
    wallets,
    next_move: wallets.length > 0
      ? "Use a wallet_id with transfer_funds, top_up_wallet or wallet_transaction_history."
      : "The customer has no wallet yet: top_up_wallet opens one.",
  };
}

async function customerOf(service: WalletService, request: BalanceRequest): Promise<string> {
  const { tenantId, customerId, walletId } = request;
  if ((customerId === null) === (walletId === null)) {
    throw new DomainError(
      "invalid_arguments",
      customerId === null
        ? "Neither customer_id nor wallet_id is given."
        : "Both customer_id and wallet_id are given.",
      {
        field: "customer_id",
        nextMove: "Give customer_id for all wallets of a customer, or wallet_id for one.",
      },
    );
  }
  if (walletId !== null) {
    const account = await service.references.wallet(tenantId, walletId);
    if (request.currency === null || request.currency === account.currency) return account.ownerId;
    throw new DomainError(
      "invalid_arguments",
      `Wallet "${walletId}" is in ${account.currency}, and currency asks for ${request.currency}.`,
      {
        field: "currency",
        nextMove: `Leave currency out, or ask for wallet:${account.ownerId}:${request.currency}.`,
      },
    );
  }
  if (await service.references.customerExists(tenantId, customerId!)) return customerId!;
  throw unknownCustomer(customerId!, tenantId, await knownIn(service, tenantId));
}

async function knownIn(service: WalletService, tenantId: string): Promise<"example" | "others" | "none"> {
  if (await service.references.customerExists(tenantId, EXAMPLE_CUSTOMER_ID)) return "example";
  return await service.references.hasCustomers(tenantId) ? "others" : "none";
}

async function readWallets(
  service: WalletService,
  { tenantId, walletId, currency }: BalanceRequest,
  customerId: string,
): Promise<WalletRow[]> {
  const rows = await service.pool.of(tenantId)<
    { wallet_id: string; currency: string; ledger: string; held: string }[]
  >`
    select account_id as wallet_id, currency, balance_minor::text as ledger, held_minor::text as held from accounts
     where tenant_id = ${tenantId} and owner_id = ${customerId} and kind = 'wallet'
       and (${walletId}::text is null or account_id = ${walletId})
       and (${currency}::text is null or currency = ${currency})
     order by currency`;
  if (rows.length === 0 && currency !== null) {
    throw unknownWallet("currency", `wallet:${customerId}:${currency}`);
  }
  return rows.map((row) => ({
    walletId: row.wallet_id,
    currency: row.currency,
    ledgerMinor: BigInt(row.ledger),
    heldMinor: BigInt(row.held),
  }));
}

async function describeWallet(
  service: WalletService,
  tenantId: string,
  customerId: string,
  { walletId, currency, ledgerMinor, heldMinor }: WalletRow,
  asOfMs: number,
) {
  const availableMinor = ledgerMinor - heldMinor;
  const [arrivingMinor, flows, spending] = await Promise.all([
    readArriving(service, tenantId, walletId),
    readFlows(service.pool.of(tenantId), tenantId, walletId, asOfMs),
    readSpending(service.pool.of(tenantId), tenantId, customerId, walletId, currency, asOfMs),
  ]);
  const runOut = forecastRunOut(Number(availableMinor), flows.dailyNet, flows.seed);
  return {
    wallet_id: walletId,
    currency,
    available: moneyAnswer(availableMinor, currency),
    pending: moneyAnswer(heldMinor, currency),
    arriving: moneyAnswer(arrivingMinor, currency),
    ledger_balance: moneyAnswer(ledgerMinor, currency),
    spending: spendingAnswer(spending, currency),
    run_out: runOutAnswer(runOut, asOfMs),
    alerts: walletAlerts({ currency, availableMinor, heldMinor, ledgerMinor, runOut, spending }),
  };
}

/** Top-ups that may still succeed: their card's holder is being asked, or the charge is not known yet. */
async function readArriving(service: WalletService, tenantId: string, walletId: string): Promise<bigint> {
  const [{ arriving }] = await service.pool.of(tenantId)<{ arriving: string }[]>`
    select coalesce(sum(amount_minor), 0)::text as arriving from wallet_top_ups
     where tenant_id = ${tenantId} and account_id = ${walletId}
       and status in ('charging', 'in_doubt', 'requires_action')`;
  return BigInt(arriving);
}

export function runOutAnswer(runOut: RunOut, asOfMs: number) {
  if (runOut.basis === "insufficient_data") {
    return { basis: runOut.basis, sample_size: runOut.sampleDays, missing: runOut.missing };
  }
  const date = (days: number | null) => days === null ? null : toRfc3339(asOfMs + days * DAY_MS).slice(0, 10);
  return {
    basis: RUN_OUT_METHOD,
    sample_size: runOut.sampleDays,
    probability: Math.round(runOut.probability * 1000) / 1000,
    within_days: runOut.horizonDays,
    date: date(runOut.medianDays),
    interval: { level: RUN_OUT_LEVEL, low: date(runOut.lowDays), high: date(runOut.highDays) },
  };
}

function spendingAnswer(spending: Spending, currency: string) {
  if (spending.basis === "insufficient_data") {
    return { basis: spending.basis, sample_size: spending.weeks, missing: spending.missing };
  }
  const money = (minor: number) => moneyAnswer(BigInt(Math.round(minor)), currency);
  return {
    basis:
      "latest 7 days against the median of the weeks before, spread by their median absolute deviation, " +
      `at least ${100 * SPREAD_MIN_SHARE}% of the larger of the two`,
    sample_size: spending.weeks,
    categories: spending.categories.map((one) => ({
      category: one.category,
      last_7_days: money(one.lastWeekMinor),
      usual_week: money(one.usualMinor),
      usual_spread: formatAmount(BigInt(one.spreadMinor), currency),
      payments: one.payments,
      verdict: one.verdict,
    })),
  };
}
