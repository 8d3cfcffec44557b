import { scalarArray, textArray } from "../db/array_literal.ts";
import type { BatchTransaction } from "../db/batch_transaction.ts";
import { LOOKED_AT, type PastTransfer, type WalletPast } from "./risk/past.ts";
import type { PlannedTransfer } from "./transfer.ts";

/** What the wallets of a batch sent and received before, kept up to date while the batch is judged. */
export class WalletPasts {
  readonly #byWallet = new Map<string, { sent: PastTransfer[]; received: PastTransfer[] }>();

  of(tenantId: string, walletId: string): WalletPast {
    return this.#past(tenantId, walletId);
  }

  /** A transfer of this batch: those after it see it. */
  add(tenantId: string, fromId: string, toId: string, past: Omit<PastTransfer, "otherId">): void {
    this.#past(tenantId, fromId).sent.unshift({ ...past, otherId: toId });
    this.#past(tenantId, toId).received.unshift({ ...past, otherId: fromId });
  }

  /** Rows come newest first. */
  append(tenantId: string, walletId: string, direction: "sent" | "received", past: PastTransfer): void {
    this.#past(tenantId, walletId)[direction].push(past);
  }

  #past(tenantId: string, walletId: string): { sent: PastTransfer[]; received: PastTransfer[] } {
    const key = `${tenantId}/${walletId}`;
    let past = this.#byWallet.get(key);
    if (past === undefined) this.#byWallet.set(key, past = { sent: [], received: [] });
    return past;
  }
}

/**
 * The latest transfers of each sender in both directions, and those each receiving wallet received: index reads of
 * bounded length. Nothing later than the latest transfer judged is read.
 *
 * @param timesMs each plan's own time
 */
export async function readPasts(
  transaction: BatchTransaction,
  plans: readonly PlannedTransfer[],
  timesMs: readonly number[],
): Promise<WalletPasts> {
  const wanted = new Map<string, { tenantId: string; walletId: string; sends: boolean; untilMs: number }>();
  const want = (tenantId: string, walletId: string, sends: boolean, atMs: number) => {
    const key = `${tenantId}/${walletId}`;
    const known = wanted.get(key);
    wanted.set(key, {
      tenantId,
      walletId,
      sends: sends || (known?.sends ?? false),
      untilMs: Math.max(atMs, known?.untilMs ?? 0),
    });
  };
  plans.forEach(({ request: { tenantId }, from, to }, i) => {
    want(tenantId, from.accountId, true, timesMs[i]);
    // A merchant is paid by many: no pattern is about that.
    if (to.kind === "wallet") want(tenantId, to.accountId, false, timesMs[i]);
  });
  const wallets = [...wanted.values()];
  const { sql } = transaction;
  const rows = await transaction.send(sql<PastRow[]>`
    with wanted as materialized (
      select * from unnest(${scalarArray(wallets.map((_, i) => i))}::int[],
                           ${textArray(wallets.map(({ tenantId }) => tenantId))}::text[],
                           ${textArray(wallets.map(({ walletId }) => walletId))}::text[],
                           ${scalarArray(wallets.map(({ sends }) => sends))}::boolean[],
                           ${scalarArray(wallets.map(({ untilMs }) => untilMs))}::bigint[])
                    u (index, tenant_id, account_id, sends, until_ms)
    )
    select w.index, true as sent, p.* from wanted w, lateral (
      select to_account_id as other_id, amount_usd, occurred_at_ms::float8 as at_ms, status = 'posted' as posted
        from wallet_transfers t
       where t.tenant_id = w.tenant_id and t.from_account_id = w.account_id and t.occurred_at_ms <= w.until_ms
       order by t.occurred_at_ms desc limit ${LOOKED_AT}) p
     where w.sends
    union all
    select w.index, false, p.* from wanted w, lateral (
      select from_account_id, amount_usd, occurred_at_ms::float8, status = 'posted'
        from wallet_transfers t
       where t.tenant_id = w.tenant_id and t.to_account_id = w.account_id and t.occurred_at_ms <= w.until_ms
       order by t.occurred_at_ms desc limit ${LOOKED_AT}) p`);
  const pasts = new WalletPasts();
  for (const row of rows) {
    const { tenantId, walletId } = wallets[row.index];
    pasts.append(tenantId, walletId, row.sent ? "sent" : "received", {
      otherId: row.other_id,
      amountUsd: row.amount_usd,
      atMs: row.at_ms,
      posted: row.posted,
    });
  }
  return pasts;
}

interface PastRow {
  index: number;
  sent: boolean;
  other_id: string;
  amount_usd: number;
  at_ms: number;
  posted: boolean;
}
