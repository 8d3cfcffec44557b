import { assert } from "../core/assert.ts";
import { DomainError } from "../core/errors.ts";
import { WALLET_MERCHANT } from "../core/wallet_merchant.ts";
import { findEarlierCall, KEY_LIFETIME_MS } from "../db/idempotency_keys.ts";
import type { TenantStatements } from "../db/tenant_pool.ts";
import type { Account } from "../ledger/accounts.ts";
import { nextEntryMs } from "../ledger/last_entries.ts";
import { topUpPostings } from "../ledger/top_up_postings.ts";
import { lockAccounts, openAccounts, post, type Transaction } from "../ledger/transfers.ts";
import { storedError } from "./store_transfers.ts";
import { readFlows } from "./read_flows.ts";
import { STATUS_OF_CHARGE, TOP_UP_STATUSES, type TopUpAnswer, type TopUpStatus } from "./top_up.ts";
import { topUpAnswer } from "./top_up_answer.ts";
import type { ChargedTopUp } from "./top_up_charger.ts";
import type { TopUpRequest } from "./top_up_wallet.ts";
import type { StoredError } from "./transfer.ts";
import { parseWalletId } from "./wallet_id.ts";
import type { WalletService } from "./wallet_service.ts";

/** A top-up as stored, with all that its charge and its booking need. */
export interface StoredTopUp {
  readonly tenantId: string;
  readonly topUpId: string;
  readonly account: Account;
  readonly amountMinor: bigint;
  readonly paymentMethodId: string | null;
  readonly principal: string;
  readonly idempotencyKey: string | null;
  /** Of the call's arguments, for which alone a confirm token is good. */
  readonly requestHash: string;
  /** What its charge is asked for at; null for when it is made. The payment's own time is the top-up's. */
  readonly simulatedAtMs: number | null;
  readonly createdAtMs: number;
}

export type BegunTopUp =
  | { kind: "begun"; topUp: StoredTopUp }
  | { kind: "answered"; answer: TopUpAnswer }
  | { kind: "open"; topUpId: string };

/** Longer than any live call takes: after it the keeper may take a top-up over. */
const GRACE_MS = 30_000;
const RECHECK_MS = 2_000;
/** One that waits for the card's holder: its challenge may be over, or a crash may have come between answer and booking. */
const WAITING_RECHECK_MS = 15_000;

/** Transaction 1: the key, the top-up, its audit row. A key that is known gives what is known of it. */
export async function beginTopUp(
  service: WalletService,
  request: TopUpRequest,
  account: Account,
  requestHash: string,
): Promise<BegunTopUp> {
  const { tenantId, principal, idempotencyKey, amountMinor } = request;
  const nowMs = service.clock.nowMs();
  const tenantNowMs = await service.clocks.nowMs(tenantId);
  const simulatedAtMs = await behindEntries(service, request, account);
  const topUp: StoredTopUp = {
    tenantId,
    topUpId: service.ids.next("top"),
    account,
    amountMinor,
    paymentMethodId: request.paymentMethodId,
    principal,
    idempotencyKey,
    requestHash,
    simulatedAtMs,
    createdAtMs: nowMs,
  };
  return await service.pool.of(tenantId).begin(async (sql) => {
    if (idempotencyKey !== null) {
      const earlier = await earlierCall(sql, request, requestHash);
      if (earlier !== null) return earlier;
      await sql`
        insert into idempotency_keys (tenant_id, principal, key, tool, request_hash, resource_id, created_at, expires_at)
        values (${tenantId}, ${principal}, ${idempotencyKey}, 'top_up_wallet', ${requestHash}, ${topUp.topUpId},
                ${new Date(nowMs)}, ${new Date(nowMs + KEY_LIFETIME_MS)})`;
    }
    await sql`
      insert into merchants (tenant_id, merchant_id, name, category, country, currency)
      values (${tenantId}, ${WALLET_MERCHANT.merchantId}, ${WALLET_MERCHANT.name}, ${WALLET_MERCHANT.category},
              ${WALLET_MERCHANT.country}, ${WALLET_MERCHANT.currency}) on conflict do nothing`;
    await sql`
      insert into wallet_top_ups (tenant_id, top_up_id, status, account_id, customer_id, currency, amount_minor,
             payment_method_id, principal, idempotency_key, request_hash, simulated_at_ms, occurred_at_ms,
             next_check_at, created_at)
      values (${tenantId}, ${topUp.topUpId}, 'charging', ${account.accountId}, ${account.ownerId}, ${account.currency},
              ${amountMinor.toString()}, ${topUp.paymentMethodId}, ${principal}, ${idempotencyKey}, ${requestHash},
              ${simulatedAtMs}, ${simulatedAtMs ?? tenantNowMs}, ${new Date(nowMs + GRACE_MS)}, ${new Date(
      nowMs,
    )})`;
    await audit(sql, topUp, "begun", "top_up.begun", nowMs, {});
    return { kind: "begun", topUp };
  }) as BegunTopUp;
}

/**
 * A call's own time, moved on to where the wallet's entries are over: it is what the charge is asked for at. Another
 * entry may come in while the card is charged, as it may at any time.
 */
async function behindEntries(
  { pool }: Pick<WalletService, "pool">,
  { tenantId, simulatedAtMs }: TopUpRequest,
  { accountId }: Account,
): Promise<number | null> {
  if (simulatedAtMs === null) return null;
  return Math.max(simulatedAtMs, await nextEntryMs(pool.of(tenantId), tenantId, [accountId]));
}

async function earlierCall(
  sql: Transaction,
  { tenantId, principal, idempotencyKey: key }: TopUpRequest,
  requestHash: string,
): Promise<BegunTopUp | null> {
  const known = await findEarlierCall(sql, { tenantId, principal, key }, requestHash);
  if (known === null) return null;
  if (known.response === null) return { kind: "open", topUpId: known.resourceId };
  const stored = JSON.parse(known.response) as TopUpAnswer | StoredError;
  // Those from before top-ups were challenged do not speak of it.
  if (!("error" in stored)) return { kind: "answered", answer: { ...stored, challenge: null } };
  const { code, message, field, next_move: nextMove } = stored.error;
  throw new DomainError(code, message, { nextMove, field: field ?? undefined });
}

export async function readTopUp(
  sql: TenantStatements,
  tenantId: string,
  topUpId: string,
): Promise<StoredTopUp> {
  const [row] = await sql<Record<string, string | null>[]>`
    select account_id, amount_minor::text as amount_minor, payment_method_id, principal, idempotency_key, request_hash,
           simulated_at_ms::text as simulated_at_ms,
           (extract(epoch from created_at) * 1000)::bigint::text as created_at_ms
      from wallet_top_ups where tenant_id = ${tenantId} and top_up_id = ${topUpId}`;
  assert(row !== undefined, `There is no top-up "${topUpId}"`);
  return {
    tenantId,
    topUpId,
    account: parseWalletId(row.account_id!)!,
    amountMinor: BigInt(row.amount_minor!),
    paymentMethodId: row.payment_method_id,
    principal: row.principal!,
    idempotencyKey: row.idempotency_key,
    requestHash: row.request_hash!,
    simulatedAtMs: row.simulated_at_ms === null ? null : Number(row.simulated_at_ms),
    createdAtMs: Number(row.created_at_ms),
  };
}

/**
 * Transaction 2: what became of the charge. A success moves the money from the top-up merchant to the wallet, the
 * provider's fee is the house's. Whoever comes second finds the stored answer.
 */
export async function finishTopUp(
  service: WalletService,
  topUp: StoredTopUp,
  charged: ChargedTopUp,
): Promise<{ answer: TopUpAnswer; before: TopUpStatus }> {
  const { tenantId, topUpId, account } = topUp;
  const nowMs = service.clock.nowMs();
  const tenantNowMs = await service.clocks.nowMs(tenantId);
  const status = STATUS_OF_CHARGE[charged.status];
  const adviceAtMs = Math.max(charged.occurredAtMs, topUp.simulatedAtMs === null ? tenantNowMs : 0);
  const flows = await readFlows(service.pool.of(tenantId), tenantId, account.accountId, adviceAtMs);
  return await service.pool.of(tenantId).begin(async (sql) => {
    const before = await lockTopUp(sql, topUp);
    const isOpen = !TOP_UP_STATUSES[before.status].final;
    const told = (answer: TopUpAnswer) => ({ answer, before: before.status });
    if (!isOpen && before.answer !== null) return told(before.answer);
    const hasWaited = before.status !== "charging" || nowMs - topUp.createdAtMs >= GRACE_MS;
    const occurredAtMs = isOpen && status === "succeeded"
      ? await credit(sql, topUp, charged, hasWaited ? tenantNowMs : null)
      : charged.occurredAtMs;
    // A wallet that money is on its way to is one that can be asked about.
    if (isOpen && !TOP_UP_STATUSES[status].final) await openAccounts(sql, tenantId, [account]);
    const answer = topUpAnswer(topUp, {
      status,
      charged,
      occurredAtMs,
      flows,
      adviceAtMs,
      availableMinor: await availableIn(sql, topUp),
      approvalSecret: service.approvalSecret,
    });
    if (!isOpen) return told(answer);
    const recheckMs = status === "requires_action" ? WAITING_RECHECK_MS : RECHECK_MS;
    await sql`
      update wallet_top_ups
         set status = ${status}, payment_id = ${charged.paymentId}, occurred_at_ms = ${occurredAtMs}, next_check_at = ${new Date(
      nowMs + recheckMs,
    )},
             finished_at = ${TOP_UP_STATUSES[status].final ? new Date(nowMs) : null}
       where tenant_id = ${tenantId} and top_up_id = ${topUpId}`;
    // Only the first that hears of the payment: whoever read it before a later answer may still say that it waits.
    if (status === "requires_action" && before.paymentId === null) {
      await audit(sql, topUp, "challenged", "top_up.requires_action", nowMs, {
        payment_id: charged.paymentId,
      });
    }
    if (!TOP_UP_STATUSES[status].final) return told(answer);
    await storeAnswer(sql, topUp, JSON.stringify(answer));
    await audit(sql, topUp, "ended", `top_up.${status}`, nowMs, { payment_id: charged.paymentId });
    return told(answer);
  }) as { answer: TopUpAnswer; before: TopUpStatus };
}

/**
 * A charge that can never be made: the top-up has failed, and its key replays the reason. One whose payment was made
 * already is left as it is.
 */
export async function refuseTopUp(
  service: WalletService,
  topUp: StoredTopUp,
  error: DomainError,
): Promise<void> {
  const { tenantId, topUpId } = topUp;
  const nowMs = service.clock.nowMs();
  await service.pool.of(tenantId).begin(async (sql) => {
    const before = await lockTopUp(sql, topUp);
    if (before.status !== "charging" || before.paymentId !== null) return;
    await sql`
      update wallet_top_ups set status = 'failed', finished_at = ${new Date(nowMs)}
       where tenant_id = ${tenantId} and top_up_id = ${topUpId}`;
    await storeAnswer(sql, topUp, JSON.stringify(storedError(error)));
    await audit(sql, topUp, "ended", "top_up.failed", nowMs, { error: error.code });
  });
}

/** Where a top-up stands: its final answer as well, once it has one. */
export async function lockTopUp(
  sql: Transaction,
  { tenantId, topUpId }: Pick<StoredTopUp, "tenantId" | "topUpId">,
): Promise<{ status: TopUpStatus; paymentId: string | null; answer: TopUpAnswer | null }> {
  const [row] = await sql<{ status: TopUpStatus; payment_id: string | null; answer: string | null }[]>`
    select status, payment_id, answer from wallet_top_ups
     where tenant_id = ${tenantId} and top_up_id = ${topUpId} for update`;
  const [stored] = await sql<{ response: string }[]>`
    select response from idempotency_answers where tenant_id = ${tenantId} and resource_id = ${topUpId}`;
  const answer = stored?.response ?? row.answer;
  return {
    status: row.status,
    paymentId: row.payment_id,
    answer: answer == null ? null : JSON.parse(answer),
  };
}

/**
 * @param waitedUntilMs the tenant's now for one that had to wait, for the card's holder or the provider's word; else null
 * @returns when the money came into the wallet: at its charge's own time; where that may lie before entries that the wallet
 *   has by now, behind them
 */
async function credit(
  sql: Transaction,
  topUp: StoredTopUp,
  { feeMinor, occurredAtMs: chargedAtMs }: ChargedTopUp,
  waitedUntilMs: number | null,
): Promise<number> {
  const { tenantId, account, amountMinor, simulatedAtMs } = topUp;
  const postings = topUpPostings(account, amountMinor, feeMinor);
  const accounts = postings.map((posting) => posting.account);
  await openAccounts(sql, tenantId, accounts);
  let atMs = chargedAtMs;
  if (waitedUntilMs !== null || simulatedAtMs !== null) {
    await lockAccounts(sql, tenantId, accounts);
    atMs = Math.max(
      chargedAtMs,
      waitedUntilMs ?? chargedAtMs,
      await nextEntryMs(sql, tenantId, [account.accountId]),
    );
  }
  await post(sql, {
    tenantId,
    transferId: transferIdOf(topUp),
    memo: "wallet top-up",
    atMs,
    postings,
  });
  return atMs;
}

function transferIdOf({ topUpId }: StoredTopUp): string {
  return `tr_${topUpId.slice(4)}`;
}

async function availableIn(sql: Transaction, { tenantId, account }: StoredTopUp): Promise<bigint> {
  const [balance] = await sql<{ available: string }[]>`
    select (balance_minor - held_minor)::text as available from accounts
     where tenant_id = ${tenantId} and account_id = ${account.accountId}`;
  return BigInt(balance?.available ?? "0");
}

/** Under the call's key, or, where it has none, with the top-up: its caller may come back with a confirm token. */
async function storeAnswer(
  sql: Transaction,
  { tenantId, topUpId, idempotencyKey }: StoredTopUp,
  response: string,
): Promise<void> {
  if (idempotencyKey === null) {
    await sql`
      update wallet_top_ups set answer = ${response} where tenant_id = ${tenantId} and top_up_id = ${topUpId}`;
    return;
  }
  await sql`
    insert into idempotency_answers (tenant_id, resource_id, response) values (${tenantId}, ${topUpId}, ${response})`;
}

/** Each step of a top-up is audited once. */
const AUDIT_STEPS = { begun: 1, ended: 2, challenged: 3 } as const;

async function audit(
  sql: Transaction,
  topUp: StoredTopUp,
  step: keyof typeof AUDIT_STEPS,
  action: string,
  atMs: number,
  details: Record<string, string>,
): Promise<void> {
  const { tenantId, topUpId, account, amountMinor, principal } = topUp;
  await sql`
    insert into audit_events (tenant_id, audit_id, at, actor, action, resource, details)
    values (${tenantId}, ${`aud_${topUpId.slice(4)}_${AUDIT_STEPS[step]}`}, ${new Date(
    atMs,
  )}, ${principal}, ${action}, ${topUpId},
            ${sql.json({ wallet: account.accountId, amount_minor: amountMinor.toString(), ...details })})`;
}
