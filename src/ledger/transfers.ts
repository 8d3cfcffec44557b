import type { TransactionSql } from "postgres";
import { assert } from "../core/assert.ts";
import { toRfc3339 } from "../core/clock.ts";
import { DomainError } from "../core/errors.ts";
import { formatAmount } from "../core/money.ts";
import { scalarArray, textArray } from "../db/array_literal.ts";
import { type Account, MAY_GO_NEGATIVE } from "./accounts.ts";
import type { Posting } from "./capture_postings.ts";

/**
 * Moves money, one transfer at a time:
 *
 *     await sql.begin(async (transaction) => {
 *       await openAccounts(transaction, "default", [wallet, bank]);
 *       await post(transaction, { tenantId: "default", transferId: "tr_1", atMs, postings: [
 *         { account: bank, amountMinor: -5_000n },
 *         { account: wallet, amountMinor: 5_000n },
 *       ] });
 *     });
 *
 * `sql` comes first and must be a transaction: the caller owns it, and rolls it back when one of these throws.
 * Payments do the same in batches, in payments/accept_payments.ts and settle_payments.ts. The words are in README.md.
 */
export interface Transfer {
  readonly tenantId: string;
  readonly transferId: string;
  /** At least two legs that sum to zero in each currency. */
  readonly postings: readonly Posting[];
  readonly memo?: string;
  readonly atMs: number;
}

export interface Hold {
  readonly tenantId: string;
  readonly holdId: string;
  readonly account: Account;
  readonly amountMinor: bigint;
  readonly memo?: string;
  readonly atMs: number;
}

export interface HoldEnd {
  readonly tenantId: string;
  readonly holdId: string;
  /** The transfer that ends the hold: a new id. */
  readonly transferId: string;
  readonly memo?: string;
  readonly atMs: number;
}

/** A connection with a transaction open on it. */
export type Transaction = TransactionSql;

/** Opens accounts that are not there yet; those that are stay as they are. */
export async function openAccounts(
  sql: Transaction,
  tenantId: string,
  accounts: readonly Account[],
): Promise<void> {
  // One order for everybody: two who open the same accounts then wait for each other, and never in a circle.
  const sorted = accounts.toSorted((a, b) => a.accountId < b.accountId ? -1 : 1);
  await sql`
    insert into accounts (tenant_id, account_id, owner_id, kind, currency, may_go_negative)
    select ${tenantId}, u.* from unnest(${textArray(sorted.map((account) => account.accountId))}::text[],
                                        ${textArray(sorted.map((account) => account.ownerId))}::text[],
                                        ${textArray(sorted.map((account) => account.kind))}::text[],
                                        ${textArray(sorted.map((account) => account.currency))}::text[],
                                        ${
    scalarArray(sorted.map((account) => MAY_GO_NEGATIVE[account.kind]))
  }::boolean[]) u
        on conflict do nothing`;
}

/** What the owner of an account may claim, and how much of it is held; null for an account that is not open. */
export async function readBalance(
  sql: Transaction,
  tenantId: string,
  account: Account,
): Promise<{ balanceMinor: bigint; heldMinor: bigint; availableMinor: bigint } | null> {
  const [row] = await sql<{ balance: string; held: string }[]>`
    select balance_minor::text as balance, held_minor::text as held from accounts
     where tenant_id = ${tenantId} and account_id = ${account.accountId}`;
  if (row === undefined) return null;
  const [balanceMinor, heldMinor] = [BigInt(row.balance), BigInt(row.held)];
  return { balanceMinor, heldMinor, availableMinor: balanceMinor - heldMinor };
}

/**
 * Moves money at once. Throws `insufficient_funds` when an account that may not go negative has less available
 * than is taken from it.
 */
export async function post(sql: Transaction, transfer: Transfer): Promise<void> {
  assertBalanced(transfer.postings);
  const available = await lockAccounts(
    sql,
    transfer.tenantId,
    transfer.postings.map(({ account }) => account),
  );
  for (const [account, amountMinor] of takenFrom(transfer.postings)) {
    requireFunds(account, amountMinor, available);
  }
  await insertMovement(sql, transfer, null);
}

/** Sets an amount aside: it stays in the account and cannot be spent. Throws `insufficient_funds`. */
export async function hold(sql: Transaction, wanted: Hold): Promise<void> {
  const { tenantId, holdId, account, amountMinor, atMs } = wanted;
  assert(amountMinor > 0n, `A hold is positive, not ${amountMinor}`);
  requireFunds(account, amountMinor, await lockAccounts(sql, tenantId, [account]));
  await sql`
    with transfer as (
      insert into transfers (tenant_id, transfer_id, kind, memo, created_at)
      values (${tenantId}, ${holdId}, 'hold', ${wanted.memo ?? null}, ${toRfc3339(atMs)}::timestamptz)
    )
    insert into holds (tenant_id, hold_id, account_id, currency, amount_minor, state, created_at)
    values (${tenantId}, ${holdId}, ${account.accountId}, ${account.currency}, ${amountMinor.toString()}, 'pending',
            ${toRfc3339(atMs)}::timestamptz)`;
}

/**
 * Ends a hold by moving what was held, or a part of it, to others; what is left over is free again. Accounts that may go
 * negative may give beside it. Throws `invalid_state` when the hold is not pending or holds less than is asked for.
 */
export async function postHold(
  sql: Transaction,
  end: HoldEnd & { readonly to: readonly Posting[] },
): Promise<void> {
  const held = await takePendingHold(sql, end, "post");
  assert(
    end.to.every(({ account, amountMinor }) => amountMinor > 0n || MAY_GO_NEGATIVE[account.kind]),
    "Beside a hold, only those who may owe give",
  );
  assert(
    end.to.every(({ account }) => account.currency === held.currency),
    `Hold "${end.holdId}" is in ${held.currency}`,
  );
  const postedMinor = end.to.reduce((sum, { amountMinor }) => sum + amountMinor, 0n);
  if (postedMinor > held.amountMinor) {
    throw new DomainError(
      "invalid_state",
      `Cannot post ${formatAmount(postedMinor, held.currency)} of hold "${end.holdId}": ${
        formatAmount(held.amountMinor, held.currency)
      } ${held.currency} is held.`,
      { nextMove: `Post at most ${formatAmount(held.amountMinor, held.currency)}.` },
    );
  }
  const from = { accountId: held.accountId, currency: held.currency };
  const postings = [{ account: from, amountMinor: -postedMinor }, ...end.to];
  assertBalanced(postings);
  await lockAccounts(sql, end.tenantId, postings.map(({ account }) => account));
  await sql`
    update holds set state = 'posted', posted_minor = ${postedMinor.toString()}
     where tenant_id = ${end.tenantId} and hold_id = ${end.holdId}`;
  await insertMovement(sql, { ...end, postings }, end.holdId);
}

/** Ends a hold without moving anything. Throws `invalid_state` when the hold is not pending. */
export async function voidHold(sql: Transaction, end: HoldEnd): Promise<void> {
  await takePendingHold(sql, end, "void");
  await sql`
    with transfer as (
      insert into transfers (tenant_id, transfer_id, kind, hold_id, memo, created_at)
      values (${end.tenantId}, ${end.transferId}, 'hold_void', ${end.holdId}, ${end.memo ?? null},
              ${toRfc3339(end.atMs)}::timestamptz)
    )
    update holds set state = 'voided' where tenant_id = ${end.tenantId} and hold_id = ${end.holdId}`;
}

type PostedAccount = Pick<Account, "accountId" | "currency">;

function assertBalanced(postings: readonly { account: PostedAccount; amountMinor: bigint }[]): void {
  assert(postings.length >= 2, `A transfer has at least two postings, not ${postings.length}`);
  const sums = new Map<string, bigint>();
  for (const { account, amountMinor } of postings) {
    assert(amountMinor !== 0n, `A posting to "${account.accountId}" moves nothing`);
    sums.set(account.currency, (sums.get(account.currency) ?? 0n) + amountMinor);
  }
  for (const [currency, sum] of sums) assert(sum === 0n, `Postings sum to ${sum} ${currency}, not to zero`);
}

/** What each account gives, net. */
function takenFrom(postings: readonly Posting[]): [Account, bigint][] {
  const net = new Map<string, { account: Account; amountMinor: bigint }>();
  for (const { account, amountMinor } of postings) {
    const entry = net.get(account.accountId) ?? { account, amountMinor: 0n };
    entry.amountMinor += amountMinor;
    net.set(account.accountId, entry);
  }
  return [...net.values()].filter(({ amountMinor }) => amountMinor < 0n)
    .map(({ account, amountMinor }) => [account, -amountMinor]);
}

/** Locks the accounts of a transfer in id order, all of them before any is changed; answers what each has available. */
export async function lockAccounts(
  sql: Transaction,
  tenantId: string,
  accounts: readonly PostedAccount[],
): Promise<ReadonlyMap<string, bigint>> {
  const ids = accounts.map(({ accountId }) => accountId);
  const rows = await sql<{ account_id: string; available: string }[]>`
    select account_id, available_minor::text as available
      from ledger_lock_accounts(${textArray(ids.map(() => tenantId))}::text[], ${textArray(ids)}::text[])`;
  const available = new Map(rows.map((row) => [row.account_id, BigInt(row.available)]));
  for (const id of ids) assert(available.has(id), `Account "${id}" is not open`);
  return available;
}

/** Refuses what the account cannot give; the table's own constraint is the second guard. */
function requireFunds(
  { accountId, currency, kind }: Account,
  amountMinor: bigint,
  available: ReadonlyMap<string, bigint>,
): void {
  const has = available.get(accountId)!;
  if (MAY_GO_NEGATIVE[kind] || has >= amountMinor) return;
  throw new DomainError(
    "insufficient_funds",
    `Cannot take ${formatAmount(amountMinor, currency)} ${currency} from "${accountId}": ${
      formatAmount(has, currency)
    } is available.`,
    { field: "amount", nextMove: `Take at most ${formatAmount(has, currency)} ${currency}.` },
  );
}

async function takePendingHold(
  sql: Transaction,
  { tenantId, holdId }: HoldEnd,
  action: "post" | "void",
): Promise<{ accountId: string; currency: string; amountMinor: bigint }> {
  const [row] = await sql<{ account_id: string; currency: string; amount: string; state: string }[]>`
    select account_id, currency, amount_minor::text as amount, state from holds
     where tenant_id = ${tenantId} and hold_id = ${holdId} for update`;
  if (row?.state === "pending") {
    return { accountId: row.account_id, currency: row.currency, amountMinor: BigInt(row.amount) };
  }
  throw new DomainError(
    "invalid_state",
    row === undefined
      ? `Cannot ${action} hold "${holdId}": there is none of that name.`
      : `Cannot ${action} hold "${holdId}": it is ${row.state} already.`,
    { nextMove: "A hold ends once. Use the id of a pending hold." },
  );
}

async function insertMovement(
  sql: Transaction,
  { tenantId, transferId, postings, memo, atMs }: Omit<Transfer, "postings"> & {
    readonly postings: readonly { account: PostedAccount; amountMinor: bigint }[];
  },
  holdId: string | null,
): Promise<void> {
  // One statement: the postings' trigger runs at its end and finds the transfer.
  await sql`
    with transfer as (
      insert into transfers (tenant_id, transfer_id, kind, hold_id, memo, created_at)
      values (${tenantId}, ${transferId}, ${holdId === null ? "post" : "hold_post"}, ${holdId}, ${
    memo ?? null
  }, ${toRfc3339(atMs)}::timestamptz)
    )
    insert into postings (tenant_id, transfer_id, leg, account_id, currency, amount_minor)
    select ${tenantId}, ${transferId}, u.*
      from unnest(${scalarArray(postings.map((_, leg) => leg + 1))}::smallint[],
                  ${textArray(postings.map(({ account }) => account.accountId))}::text[],
                  ${textArray(postings.map(({ account }) => account.currency))}::text[],
                  ${scalarArray(postings.map(({ amountMinor }) => amountMinor))}::bigint[]) u`;
}
