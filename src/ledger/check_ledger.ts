import type { TransactionSql } from "postgres";
import type { Sql } from "../db/pool.ts";

export interface InvariantResult {
  name: string;
  /** What must hold, in words. */
  about: string;
  violations: number;
  /** Up to three of them. */
  examples: string[];
}

interface Invariant {
  name: string;
  about: string;
  /** Selects one row, column `example`, for each violation. */
  query: string;
}

/** Each is a query over all tenants that returns its violations. */
export const LEDGER_INVARIANTS: readonly Invariant[] = [
  {
    name: "postings_sum_to_zero_per_transfer",
    about: "The postings of each transfer sum to zero in each currency",
    query: `select tenant_id || '/' || transfer_id || ' ' || currency || ' ' || sum(amount_minor) as example
              from postings group by tenant_id, transfer_id, currency having sum(amount_minor) <> 0`,
  },
  {
    name: "balances_equal_postings",
    about: "Each account's balance is the sum of its postings",
    query: `select a.tenant_id || '/' || a.account_id || ' balance ' || a.balance_minor || ' postings '
                   || coalesce(p.total, 0) as example
              from accounts a
              full join (select tenant_id, account_id, currency, sum(amount_minor) as total
                           from postings group by 1, 2, 3) p
                on p.tenant_id = a.tenant_id and p.account_id = a.account_id and p.currency = a.currency
             where coalesce(a.balance_minor, 0) <> coalesce(p.total, 0) or a.account_id is null`,
  },
  {
    name: "balances_sum_to_zero_per_currency",
    about: "All balances of a tenant sum to zero in each currency",
    query: `select tenant_id || ' ' || currency || ' ' || sum(balance_minor) as example
              from accounts group by tenant_id, currency having sum(balance_minor) <> 0`,
  },
  {
    name: "no_overdraft",
    about: "No wallet or merchant has less than what is held",
    query: `select tenant_id || '/' || account_id || ' ' || balance_minor || ' held ' || held_minor as example
              from accounts where not may_go_negative and balance_minor - held_minor < 0`,
  },
  {
    name: "held_equals_pending_holds",
    about: "What an account has held is the sum of its pending holds",
    query: `select coalesce(a.tenant_id || '/' || a.account_id, h.tenant_id || '/' || h.account_id) as example
              from accounts a
              full join (select tenant_id, account_id, sum(amount_minor) as total
                           from holds where state = 'pending' group by 1, 2) h
                on h.tenant_id = a.tenant_id and h.account_id = a.account_id
             where coalesce(a.held_minor, 0) <> coalesce(h.total, 0)`,
  },
  {
    name: "holds_end_by_one_transfer",
    about:
      "Each hold was begun by its transfer; an ended one was ended by one transfer, of the same kind and amount",
    query: `select coalesce(h.tenant_id || '/' || h.hold_id, e.tenant_id || '/' || e.hold_id) || ' '
                   || coalesce(h.state, 'missing') as example
              from holds h
              left join transfers b on b.tenant_id = h.tenant_id and b.transfer_id = h.hold_id and b.kind = 'hold'
              full join (select t.tenant_id, t.hold_id, t.kind, count(distinct t.transfer_id) as transfers,
                                p.account_id, coalesce(-sum(p.amount_minor), 0) as taken_minor
                           from transfers t
                           left join postings p using (tenant_id, transfer_id)
                           left join accounts a on a.tenant_id = p.tenant_id and a.account_id = p.account_id
                           left join holds k on k.tenant_id = t.tenant_id and k.hold_id = t.hold_id
                          where t.hold_id is not null
                            and (p.leg is null
                                 or (p.amount_minor < 0 and (not a.may_go_negative or p.account_id = k.account_id)))
                          group by t.tenant_id, t.hold_id, t.kind, p.account_id) e
                on e.tenant_id = h.tenant_id and e.hold_id = h.hold_id
             where h.hold_id is null or b.transfer_id is null or coalesce(e.transfers, 0) > 1
                or coalesce(e.kind, 'pending') <> (case h.state when 'posted' then 'hold_post'
                                                                when 'voided' then 'hold_void' else 'pending' end)
                or (h.state = 'posted' and (e.account_id, e.taken_minor) is distinct from (h.account_id, h.posted_minor::numeric))`,
  },
  {
    name: "moving_transfers_have_postings",
    about: "Each transfer that moves money has at least two postings, each other none",
    query: `select t.tenant_id || '/' || t.transfer_id || ' ' || t.kind as example
              from transfers t
              left join (select tenant_id, transfer_id, count(*) as legs from postings group by 1, 2) p
                using (tenant_id, transfer_id)
             where (t.kind in ('post', 'hold_post')) <> (coalesce(p.legs, 0) >= 2)`,
  },
  {
    name: "captured_payments_are_posted_once",
    about:
      "Each captured payment has exactly one transfer, which takes exactly the captured amount; no other has any",
    query: `select p.tenant_id || '/' || p.payment_id || ' ' || p.status as example
              from payments p
              left join (select t.tenant_id, t.payment_id, count(distinct t.transfer_id) as transfers,
                                -sum(least(o.amount_minor, 0)) as taken_minor
                           from transfers t join postings o using (tenant_id, transfer_id)
                          where t.payment_id is not null group by 1, 2) t using (tenant_id, payment_id)
             where coalesce(t.transfers, 0) <> (case when p.captured_minor > 0 then 1 else 0 end)
                or coalesce(t.taken_minor, 0) <> p.captured_minor`,
  },
  {
    name: "open_payments_are_listed",
    about: "Exactly the payments that are processing, challenged or in doubt are on the completer's list",
    query: `select coalesce(p.tenant_id || '/' || p.payment_id, o.tenant_id || '/' || o.payment_id) as example
              from (select tenant_id, payment_id from payments where status in ('processing', 'requires_action', 'in_doubt')) p
              full join open_payments o using (tenant_id, payment_id)
             where p.payment_id is null or o.payment_id is null`,
  },
  {
    name: "held_for_open_payments_only",
    about: "No payment that is finished still holds money",
    query: `select h.tenant_id || '/' || h.hold_id || ' ' || p.status as example
              from holds h
              join transfers t on t.tenant_id = h.tenant_id and t.transfer_id = h.hold_id
              join payments p on p.tenant_id = t.tenant_id and p.payment_id = t.payment_id
             where h.state = 'pending' and p.status not in ('processing', 'requires_action', 'in_doubt')`,
  },
  {
    name: "one_charge_for_one_payment",
    about: "No provider charge belongs to two payments",
    query: `select provider || '/' || provider_charge_id as example from payments
             where provider_charge_id is not null
             group by provider, provider_charge_id having count(*) > 1`,
  },
  {
    name: "payments_are_audited",
    about: "Each payment made by a call has its audit row",
    query: `select p.tenant_id || '/' || p.payment_id as example from payments p
             where not exists (select 1 from audit_events e
                                where e.tenant_id = p.tenant_id and e.audit_id = 'aud_' || substr(p.payment_id, 5) || '_1')
               and p.principal <> 'simulation'`,
  },
  {
    name: "refunds_within_captured",
    about:
      "Each payment's refunded amount is the sum of its succeeded refunds, and with those under way at most what was captured",
    query:
      `select p.tenant_id || '/' || p.payment_id || ' refunded ' || p.refunded_minor || ' of ' || p.captured_minor as example
              from payments p
              left join (select tenant_id, payment_id,
                                coalesce(sum(amount_minor) filter (where status = 'succeeded'), 0) as given,
                                sum(amount_minor) as promised, sum(fee_returned_minor) as fee
                           from refunds where status in ('processing', 'in_doubt', 'succeeded') group by 1, 2) r
                using (tenant_id, payment_id)
             where coalesce(r.given, 0) <> p.refunded_minor or coalesce(r.promised, 0) > p.captured_minor
                or coalesce(r.fee, 0) > p.fee_minor`,
  },
  {
    name: "refunds_are_booked",
    about:
      "Each succeeded refund gave its amount to who had paid, from the merchant and the provider's fee; each open one holds the merchant's part; no other has moved or holds anything",
    query: `select r.tenant_id || '/' || r.refund_id || ' ' || r.status as example
              from refunds r join payments p using (tenant_id, payment_id)
              cross join lateral (
                select coalesce(sum(o.amount_minor) filter (where o.account_id like 'merchant:' || p.merchant_id || ':%'), 0) as merchant,
                       coalesce(sum(o.amount_minor) filter (where o.account_id like 'fees:%'), 0) as fees,
                       coalesce(sum(o.amount_minor) filter (where o.account_id in
                         ('provider:' || p.provider || ':' || p.currency, 'wallet:' || p.customer_id || ':' || p.currency)), 0) as given
                  from postings o
                 where o.tenant_id = r.tenant_id and o.transfer_id = 'tr_' || substr(r.refund_id, 4)) m
              left join holds h on h.tenant_id = r.tenant_id and h.hold_id = 'hold_' || substr(r.refund_id, 4)
             where m.given <> (case r.status when 'succeeded' then r.amount_minor else 0 end)
                or m.fees <> (case r.status when 'succeeded' then -r.fee_returned_minor else 0 end)
                or m.merchant <> (case r.status when 'succeeded' then r.fee_returned_minor - r.amount_minor else 0 end)
                or coalesce(h.amount_minor, 0) * (h.state is not distinct from 'pending')::int
                   <> (case when r.status in ('processing', 'in_doubt') then r.amount_minor - r.fee_returned_minor else 0 end)`,
  },
  {
    name: "one_provider_refund_for_one_refund",
    about: "No provider refund belongs to two refunds",
    query: `select provider || '/' || provider_refund_id as example from refunds
             where provider_refund_id is not null
             group by provider, provider_refund_id having count(*) > 1`,
  },
  {
    name: "refunds_are_audited",
    about: "Each refund made by a call has its audit row",
    query: `select r.tenant_id || '/' || r.refund_id as example from refunds r
             where r.principal <> 'simulation'
               and not exists (select 1 from audit_events e
                                where e.tenant_id = r.tenant_id and e.audit_id = 'aud_' || substr(r.refund_id, 4) || '_1')`,
  },
  {
    name: "wallet_transfers_are_booked",
    about:
      "Each posted wallet transfer took and gave exactly its amounts, each pending one has its hold, and no other has moved or holds anything",
    query: `select w.tenant_id || '/' || w.transfer_id || ' ' || w.status as example
              from wallet_transfers w
              cross join lateral (
                select coalesce(sum(p.amount_minor) filter (where p.account_id = w.from_account_id), 0) as taken,
                       coalesce(sum(p.amount_minor) filter (where p.account_id = w.to_account_id), 0) as given
                  from postings p
                 where p.tenant_id = w.tenant_id and p.transfer_id in (w.transfer_id, w.transfer_id || '_2')) m
              left join holds h on h.tenant_id = w.tenant_id and h.hold_id = 'hold_' || substr(w.transfer_id, 4)
             where m.taken <> (case w.status when 'posted' then -w.amount_minor else 0 end)
                or m.given <> (case w.status when 'posted' then w.to_amount_minor else 0 end)
                or (h.state is not distinct from 'pending') <> (w.status = 'pending_approval')
                or (w.status = 'pending_approval' and h.amount_minor <> w.amount_minor)`,
  },
  {
    name: "wallet_transfers_are_audited",
    about: "Each wallet transfer made by a call has its audit row",
    query: `select w.tenant_id || '/' || w.transfer_id as example from wallet_transfers w
             where w.principal <> 'simulation'
               and not exists (select 1 from audit_events e
                                where e.tenant_id = w.tenant_id
                                  and e.audit_id = 'aud_' || substr(w.transfer_id, 4) || '_1')`,
  },
  {
    name: "wallet_top_ups_are_credited_once",
    about:
      "Each succeeded top-up has credited its wallet with exactly its amount; no other has credited anything",
    query: `select u.tenant_id || '/' || u.top_up_id || ' ' || u.status as example
              from wallet_top_ups u
              left join postings p on p.tenant_id = u.tenant_id and p.transfer_id = 'tr_' || substr(u.top_up_id, 5)
                                  and p.account_id = u.account_id
             where coalesce(p.amount_minor, 0) <> (case u.status when 'succeeded' then u.amount_minor else 0 end)`,
  },
  {
    name: "what_waited_for_a_person_is_decided",
    about:
      "Each refund and transfer that waited for a person and waits no more has the decision that its status says, audited; " +
      "nothing else has one",
    query: `with waited as (
              select tenant_id, refund_id as resource_id,
                     case when status = 'pending_approval' then null when status in ('rejected', 'expired') then status
                          else 'approved' end as decision
                from refunds where expires_at is not null
               union all
              select tenant_id, transfer_id,
                     case status when 'pending_approval' then null when 'posted' then 'approved' else status end
                from wallet_transfers where expires_at is not null
            )
            select tenant_id || '/' || resource_id || ' ' || coalesce(w.decision, 'waits, or never waited') as example
              from waited w full join approval_decisions d using (tenant_id, resource_id)
             where w.decision is distinct from d.decision
                or (d.decision is not null
                    and not exists (select 1 from audit_events e
                                     where e.tenant_id = d.tenant_id and e.actor = d.decided_by
                                       and e.audit_id = 'aud_' || substr(d.resource_id, 4) || '_2'))`,
  },
];

/** Counts each invariant's violations in one snapshot, so that a running server does not look inconsistent. */
export async function checkLedger(sql: Sql): Promise<InvariantResult[]> {
  return await sql.begin("isolation level repeatable read read only", countViolations) as InvariantResult[];
}

/** The same within the caller's transaction. */
export async function countViolations(snapshot: TransactionSql): Promise<InvariantResult[]> {
  const results: InvariantResult[] = [];
  for (const { name, about, query } of LEDGER_INVARIANTS) {
    const [row] = await snapshot.unsafe<{ violations: number; examples: string[] | null }[]>(
      `with violation as materialized (${query})
       select (select count(*)::int from violation) as violations,
              (select array_agg(example) from (select example from violation limit 3) v) as examples`,
    );
    results.push({ name, about, violations: row.violations, examples: row.examples ?? [] });
  }
  return results;
}
