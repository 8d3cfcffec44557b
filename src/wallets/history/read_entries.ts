import type { TenantStatements } from "../../db/tenant_pool.ts";
import type { Direction, EntryKind, WalletEntry } from "./entry.ts";

/** Where a page ended: entries are listed newest first, and those of one instant by their id. */
export interface EntryPosition {
  /** Microseconds since 1970, as the database keeps them. */
  readonly atMicros: number;
  readonly transferId: string;
}

export interface EntryFilter {
  readonly tenantId: string;
  readonly accountId: string;
  readonly fromMs: number;
  /** Not included. */
  readonly untilMs: number;
  readonly direction: Direction | null;
  readonly kind: EntryKind | null;
  /** A merchant, a customer, or an account as entries name it. */
  readonly counterparty: string | null;
  readonly amountMinMinor: bigint | null;
  readonly amountMaxMinor: bigint | null;
  readonly after: EntryPosition | null;
  readonly limit: number;
}

export type PositionedEntry = WalletEntry & { readonly position: EntryPosition };

interface EntryRow {
  readonly transfer_id: string;
  readonly at_micros: number;
  readonly amount: string;
  readonly kind: EntryKind;
  readonly counterparty: string;
  readonly category: string | null;
  readonly memo: string | null;
  readonly payment_id: string | null;
}

/** How many of a wallet's entries are dated after a time, and what they come to: they are in its balance already. */
export async function readAhead(
  sql: TenantStatements,
  tenantId: string,
  accountId: string,
  atMs: number,
): Promise<{ entries: number; sumMinor: bigint; lastAtMs: number | null }> {
  const [{ entries, sum, last_at_ms }] = await sql<
    { entries: number; sum: string; last_at_ms: number | null }[]
  >`
    select count(*)::int as entries, coalesce(sum(p.amount_minor), 0)::text as sum,
           floor(extract(epoch from max(t.created_at)) * 1000)::float8 as last_at_ms
      from postings p, lateral (
             select f.created_at from transfers f
              where f.tenant_id = p.tenant_id and f.transfer_id = p.transfer_id offset 0) t
     where p.tenant_id = ${tenantId} and p.account_id = ${accountId} and p.account_id like 'wallet:%'
       and t.created_at >= ${new Date(atMs + 1)}`;
  return { entries, sumMinor: BigInt(sum), lastAtMs: last_at_ms };
}

/** A wallet's entries, newest first. */
export async function readEntries(sql: TenantStatements, filter: EntryFilter): Promise<PositionedEntry[]> {
  const { tenantId, accountId, direction, kind, counterparty, amountMinMinor, amountMaxMinor, after } =
    filter;
  const rows = await sql<EntryRow[]>`
    select * from (
      select p.transfer_id, (extract(epoch from t.created_at) * 1000000)::bigint::float8 as at_micros,
             p.amount_minor::text as amount, p.amount_minor as signed,
             case when t.payment_id is not null then 'payment' when u.top_up_id is not null then 'top_up'
                  when w.transfer_id is not null then 'transfer' when r.payment_id is not null then 'refund' else 'other' end as kind,
             case when coalesce(y.merchant_id, r.merchant_id) is not null
                    then 'merchant:' || coalesce(y.merchant_id, r.merchant_id)
                  when w.transfer_id is not null
                    then case when p.amount_minor < 0 then w.to_account_id else w.from_account_id end
                  else (select o.account_id from postings o
                         where o.tenant_id = p.tenant_id and o.transfer_id = p.transfer_id
                           and o.account_id <> p.account_id order by o.leg limit 1) end as counterparty,
             coalesce(m.category, r.category) as category, coalesce(t.memo, y.description) as memo,
             coalesce(t.payment_id, r.payment_id, u.payment_id) as payment_id
        from postings p
        join transfers t using (tenant_id, transfer_id)
        left join payments y on y.tenant_id = t.tenant_id and y.payment_id = t.payment_id
        left join merchants m on m.tenant_id = y.tenant_id and m.merchant_id = y.merchant_id
        left join wallet_transfers w
          on w.tenant_id = t.tenant_id and w.transfer_id = regexp_replace(t.transfer_id, '_2$', '')
        left join wallet_top_ups u on u.tenant_id = t.tenant_id and u.top_up_id = 'top_' || substr(t.transfer_id, 4)
        -- Looked up one by one, which "offset 0" keeps it to: joined, it made planners read all payments.
        left join lateral (
          select g.payment_id, z.merchant_id, n.category
            from refunds g
            join payments z using (tenant_id, payment_id)
            left join merchants n on n.tenant_id = z.tenant_id and n.merchant_id = z.merchant_id
           where t.payment_id is null and w.transfer_id is null and u.top_up_id is null and p.amount_minor > 0
             and g.tenant_id = t.tenant_id and g.refund_id = 're_' || substr(t.transfer_id, 4)
          offset 0) r on true
       where p.tenant_id = ${tenantId} and p.account_id = ${accountId} and p.account_id like 'wallet:%'
         and t.created_at >= ${new Date(filter.fromMs)} and t.created_at < ${new Date(filter.untilMs)}
    ) e
     where (${direction}::text is null or (signed > 0) = (${direction} = 'in'))
       and (${kind}::text is null or kind = ${kind})
       and (${counterparty}::text is null or counterparty in (${counterparty}, 'merchant:' || ${counterparty})
            or starts_with(counterparty, 'merchant:' || ${counterparty} || ':')
            or starts_with(counterparty, 'wallet:' || ${counterparty} || ':'))
       and (${amountMinMinor?.toString() ?? null}::bigint is null or abs(signed) >= ${
    amountMinMinor?.toString() ?? null
  }::bigint)
       and (${amountMaxMinor?.toString() ?? null}::bigint is null or abs(signed) <= ${
    amountMaxMinor?.toString() ?? null
  }::bigint)
       and (${after === null} or (at_micros, transfer_id) < (${after?.atMicros ?? 0}::float8, ${
    after?.transferId ?? ""
  }))
     order by at_micros desc, transfer_id desc
     limit ${filter.limit}`;
  return rows.map((row) => ({
    transferId: row.transfer_id,
    atMs: Math.floor(row.at_micros / 1000),
    amountMinor: BigInt(row.amount),
    kind: row.kind,
    counterparty: row.counterparty,
    category: row.category,
    memo: row.memo,
    paymentId: row.payment_id,
    position: { atMicros: row.at_micros, transferId: row.transfer_id },
  }));
}
