import { join } from "node:path";
import { toRfc3339 } from "../../src/core/clock.ts";
import { CURRENCIES } from "../../src/core/money.ts";
import { startProgress } from "../../src/core/progress.ts";
import { Random } from "../../src/core/random.ts";
import { openPool, type PoolOptions, type Sql } from "../../src/db/pool.ts";
import { FeatureStream } from "../../src/fraud/features/feature_stream.ts";
import type { FeatureStates } from "../../src/fraud/features/feature_states.ts";
import type { LabelEvent } from "../../src/fraud/features/event.ts";
import { encodeState } from "../../src/fraud/features/state.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { type Account, accountOf, MAY_GO_NEGATIVE } from "../../src/ledger/accounts.ts";
import { DEFAULT_MERCHANT_ID } from "../../src/payments/references.ts";
import { ChargeLog, chargeLogPath, type ChargeRecord } from "../../src/providers/charge_log.ts";
import { RoutingStatistics } from "../../src/routing/routing_statistics.ts";
import { type RefundRequest, refundRequests } from "../world/refunds.ts";
import { toPaymentEvent } from "../world/to_payment_event.ts";
import type { World } from "../world/world.ts";
import { type BookedPayment, bookPayment } from "./book_payment.ts";
import { type BookedRefund, bookRefund, REFUND_COLUMNS } from "./book_refund.ts";
import { CopyRows } from "./copy_rows.ts";

export interface LoadedWorld {
  readonly customers: number;
  readonly payments: number;
  readonly postings: number;
  readonly refunds: number;
  readonly durationMs: number;
}

/** Payments that travel to the database in one transaction's COPYs. */
const CHUNK_DAYS = 10;
const CHARGES_PER_COMMIT = 20_000;

/**
 * Fills a tenant with a world's history: people, shops, cards, wallets, every payment with its attempt, transfer
 * and postings, what was refunded of them, the providers' own records, and the feature states as they stand after the
 * last payment.
 *
 * One transaction: an interrupted load leaves nothing behind but the providers' records, which a repeated load of
 * the same world meets again unchanged.
 */
export async function loadWorld(
  world: World,
  options: {
    pool: Pick<PoolOptions, "url" | "role">;
    tenantId: string;
    dataDirectory: string;
    nowMs: number;
  },
): Promise<LoadedWorld> {
  const startedMs = performance.now();
  const { tenantId } = options;
  await Deno.mkdir(join(options.dataDirectory, "providers"), { recursive: true });
  const charges = new ChargeLog(chargeLogPath(options.dataDirectory));
  const sql = openPool({ ...options.pool, max: 1, applicationName: "mcp-payments-lab simulate" });
  try {
    return await sql.begin(async (transaction) => {
      const inside = transaction as unknown as Sql;
      await inside`insert into worlds (tenant_id, seed, days, customers, start_ms, loaded_at)
                   values (${tenantId}, ${world.config.seed}, ${world.config.days}, ${world.config.customers},
                           ${world.config.startMs}, ${toRfc3339(options.nowMs)})`;
      await inside`insert into tenants (tenant_id) values (${tenantId}) on conflict do nothing`;
      await copyReferences(inside, world, tenantId);
      const known: { label: LabelEvent; reportedAtMs: number }[] = [];
      const reportedAtMs = new Map<string, number>();
      const stream = new FeatureStream({
        idsAreUnique: true,
        onLabel: (label) => {
          const { paymentId } = label.payment;
          known.push({ label, reportedAtMs: reportedAtMs.get(paymentId)! });
          reportedAtMs.delete(paymentId);
        },
      });
      const routing = new RoutingStatistics();
      const accounts = new Set<string>();
      // Known beforehand, so that each payment's row is written once, as it is at the end of the history.
      const requests = new Map(Array.from(refundRequests(world), (asked) => [asked.paymentIndex, asked]));
      let refunds = 0;
      let payments = 0;
      let postings = 0;
      const progress = startProgress("booking the history", world.config.days, "days");
      for (let fromDay = 0; fromDay < world.config.days; fromDay += CHUNK_DAYS) {
        const toDay = Math.min(world.config.days, fromDay + CHUNK_DAYS);
        const chunk = await copyDays(inside, world, tenantId, {
          fromDay,
          toDay,
          stream,
          reportedAtMs,
          routing,
          accounts,
          charges,
          requests,
        });
        refunds += chunk.refunds;
        payments += chunk.payments;
        postings += chunk.postings;
        progress.update(toDay);
      }
      progress.stop();
      postings += await openWallets(inside, world, tenantId);
      stream.applyLabels(world.config.startMs + world.config.days * DAY_MS);
      await copyLabels(inside, tenantId, known);
      await copyStates(inside, tenantId, stream.states);
      await copyRouting(inside, tenantId, routing);
      return {
        customers: world.customers.length,
        payments,
        postings,
        refunds,
        durationMs: performance.now() - startedMs,
      };
    }) as LoadedWorld;
  } finally {
    await sql.end();
    charges.close();
  }
}

async function copyReferences(sql: Sql, world: World, tenantId: string): Promise<void> {
  const firstCard = new Map<string, string>();
  for (const card of world.cards) {
    if (!firstCard.has(card.customerId)) firstCard.set(card.customerId, card.paymentMethodId);
  }
  const customers = await CopyRows.start(sql, "customers", [
    "tenant_id",
    "customer_id",
    "name",
    "email",
    "country",
    "currency",
    "default_payment_method_id",
    "since_ms",
  ]);
  for (const customer of world.customers) {
    await customers.add([
      tenantId,
      customer.customerId,
      customer.name,
      customer.email,
      customer.country,
      customer.currency,
      firstCard.get(customer.customerId) ?? null,
      customer.sinceMs,
    ]);
  }
  await customers.end();
  const merchants = await CopyRows.start(sql, "merchants", [
    "tenant_id",
    "merchant_id",
    "name",
    "category",
    "country",
    "currency",
  ]);
  await merchants.add([tenantId, DEFAULT_MERCHANT_ID, "Sandbox Shop", "general", "US", "USD"]);
  for (const merchant of world.merchants) {
    await merchants.add([
      tenantId,
      merchant.merchantId,
      merchant.name,
      merchant.category,
      merchant.country,
      merchant.currency,
    ]);
  }
  await merchants.end();
  const cards = await CopyRows.start(sql, "payment_methods", [
    "tenant_id",
    "payment_method_id",
    "customer_id",
    "network",
    "issuer",
    "issuer_country",
    "last4",
  ]);
  for (const card of world.cards) {
    await cards.add([
      tenantId,
      card.paymentMethodId,
      card.customerId,
      card.network,
      card.issuer,
      card.issuerCountry,
      card.last4,
    ]);
  }
  await cards.end();
}

async function copyDays(
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
const POSTING_COLUMNS = [
  "tenant_id",
  "transfer_id",
  "leg",
  "account_id",
  "currency",
  "amount_minor",
] as const;

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

async function openAccounts(
  sql: Sql,
  tenantId: string,
  needed: readonly Account[],
  known: Set<string>,
): Promise<void> {
  const fresh = needed.filter(({ accountId }) => !known.has(accountId) && known.add(accountId));
  const rows = await CopyRows.start(sql, "accounts", [
    "tenant_id",
    "account_id",
    "owner_id",
    "kind",
    "currency",
    "may_go_negative",
  ]);
  for (const { accountId, ownerId, kind, currency } of fresh) {
    await rows.add([tenantId, accountId, ownerId, kind, currency, MAY_GO_NEGATIVE[kind]]);
  }
  await rows.end();
}

/** What a customer keeps in the wallet: between 50 and 500 US dollars at the reference rate, whole major units. */
const WALLET_MIN_USD = 50;
const WALLET_SPREAD_USD = 450;

/** Each customer has a wallet in the own currency, filled once from outside at the end of the history. */
async function openWallets(sql: Sql, world: World, tenantId: string): Promise<number> {
  const random = new Random(world.config.seed).fork("wallets");
  const at = toRfc3339(world.config.startMs + world.config.days * DAY_MS);
  const filled = world.customers.map((customer) => {
    const { exponent, referenceUsd } = CURRENCIES[customer.currency];
    const major = (WALLET_MIN_USD + Math.floor(WALLET_SPREAD_USD * random.uniform())) / referenceUsd;
    return {
      wallet: accountOf("wallet", customer.customerId, customer.currency),
      source: accountOf("external", "bank", customer.currency),
      transferId: `tr_opening_${customer.customerId}`,
      amountMinor: BigInt(Math.round(major)) * 10n ** BigInt(exponent),
    };
  });
  await openAccounts(sql, tenantId, filled.flatMap(({ wallet, source }) => [wallet, source]), new Set());
  const transfers = await CopyRows.start(sql, "transfers", [
    "tenant_id",
    "transfer_id",
    "kind",
    "memo",
    "created_at",
  ]);
  for (const { transferId } of filled) {
    await transfers.add([tenantId, transferId, "post", "opening balance", at]);
  }
  await transfers.end();
  const postings = await CopyRows.start(sql, "postings", POSTING_COLUMNS);
  for (const { wallet, source, transferId, amountMinor } of filled) {
    await postings.add([tenantId, transferId, 1, source.accountId, source.currency, -amountMinor]);
    await postings.add([tenantId, transferId, 2, wallet.accountId, wallet.currency, amountMinor]);
  }
  await postings.end();
  return postings.rows;
}

/** What had been reported by the end of the history. */
async function copyLabels(
  sql: Sql,
  tenantId: string,
  known: readonly { label: LabelEvent; reportedAtMs: number }[],
): Promise<void> {
  const rows = await CopyRows.start(sql, "payment_labels", [
    "tenant_id",
    "payment_id",
    "fraud",
    "source",
    "reported_at_ms",
    "known_at_ms",
  ]);
  for (const { label: { payment, fraud, knownAtMs }, reportedAtMs } of known) {
    await rows.add([tenantId, payment.paymentId, fraud ? "t" : "f", "simulation", reportedAtMs, knownAtMs]);
  }
  await rows.end();
}

async function copyStates(sql: Sql, tenantId: string, states: FeatureStates): Promise<void> {
  const rows = await CopyRows.start(sql, "feature_states", ["tenant_id", "kind", "entity_id", "state"]);
  for (const [ref, state] of states.entries()) {
    await rows.add([tenantId, ref.kind, ref.id, `\\x${encodeState(state).toHex()}`]);
  }
  await rows.end();
}

/** What the history taught about the providers, as the server goes on counting it. */
async function copyRouting(sql: Sql, tenantId: string, routing: RoutingStatistics): Promise<void> {
  await sql`insert into routing_clocks (tenant_id, attempts) values (${tenantId}, ${routing.attempts})`;
  const rows = await CopyRows.start(sql, "routing_statistics", [
    "tenant_id",
    "provider",
    "context",
    "successes",
    "failures",
    "at_attempt",
  ]);
  for (const { provider, context, successes, failures, atAttempt } of routing.counts()) {
    await rows.add([tenantId, provider, context, successes, failures, atAttempt]);
  }
  await rows.end();
}
