-- Who decided what had waited for a person, and top-ups whose card's holder has to pass a challenge.
--
-- approval_decisions has one row for each refund or transfer that waited and waits no more, written in the transaction
-- that ends the waiting: its primary key is the second guard that nothing is decided twice, after the row lock. It is
-- what the approvals page lists as decided; the audit log says the same, but is not ordered by time for one tenant.
-- Decisions from before this migration are taken from the audit log: all of those came by token, or by expiry.
--
-- The two indexes give a tenant's waiting refunds and transfers, those that expire first in front; what does not wait is
-- in neither, so payments and ordinary transfers write nothing to them.
--
-- wallet_top_ups gets the status requires_action: the card's holder has to pass a challenge before it is charged. Its
-- answer is kept here where no idempotency key keeps it: a caller without a key may come back with the challenge's answer.
--
-- Locks: refunds, wallet_transfers and wallet_top_ups, against writes, while an index of the few that wait is built;
-- wallet_top_ups exclusively while its condition is read against all rows once (about a second for each million).

create table approval_decisions (
  tenant_id   text not null,
  resource_id text not null,
  kind        text not null check (kind in ('refund', 'transfer')),
  decision    text not null check (decision in ('approved', 'refused', 'expired')),
  decided_by  text not null check (decided_by <> ''),
  decided_via text not null check (decided_via in ('dashboard', 'token', 'expiry')),
  decided_at  timestamptz not null,
  primary key (tenant_id, resource_id),
  constraint approval_decisions_expiry_is_nobodys check ((decision = 'expired') = (decided_via = 'expiry'))
);
create index approval_decisions_latest on approval_decisions (tenant_id, decided_at desc, resource_id desc);
create trigger approval_decisions_append_only before update or delete or truncate on approval_decisions
  for each statement execute function refuse_change();
alter table approval_decisions enable row level security;
create policy own_tenants on approval_decisions to mcp_payments_app
  using (strpos(',' || current_setting('app.tenants', true) || ',', ',' || tenant_id || ',') > 0)
  with check (strpos(',' || current_setting('app.tenants', true) || ',', ',' || tenant_id || ',') > 0);
grant select, insert on approval_decisions to mcp_payments_app;

insert into approval_decisions (tenant_id, resource_id, kind, decision, decided_by, decided_via, decided_at)
select e.tenant_id, e.resource, split_part(e.action, '.', 1),
       case split_part(e.action, '.', 2) when 'approved' then 'approved' when 'expired' then 'expired' else 'refused' end,
       e.actor, case split_part(e.action, '.', 2) when 'expired' then 'expiry' else 'token' end, e.at
  from audit_events e
 where e.action in ('refund.approved', 'refund.rejected', 'refund.expired',
                    'transfer.approved', 'transfer.refused', 'transfer.expired')
   and e.audit_id like '%\_2';

create index refunds_waiting on refunds (tenant_id, expires_at, refund_id) where status = 'pending_approval';
create index wallet_transfers_waiting on wallet_transfers (tenant_id, expires_at, transfer_id)
  where status = 'pending_approval';

alter table wallet_top_ups
  drop constraint wallet_top_ups_status_check,
  add constraint wallet_top_ups_status_check
    check (status in ('charging', 'requires_action', 'succeeded', 'declined', 'failed')),
  add column answer text;
drop index wallet_top_ups_open;
create index wallet_top_ups_open on wallet_top_ups (next_check_at) where status in ('charging', 'requires_action');

-- What is final stays, and a challenge is put once.
create function refuse_wallet_top_up_change() returns trigger language plpgsql as $$
begin
  raise exception 'Top-up % is % and cannot become %, nor change its amount', old.top_up_id, old.status, new.status
    using errcode = 'check_violation', constraint = 'wallet_top_ups_final_is_final';
end $$;
revoke execute on function refuse_wallet_top_up_change() from public;
create trigger wallet_top_ups_final_is_final before update on wallet_top_ups for each row
  when ((old.status <> new.status and old.status not in ('charging', 'requires_action'))
        or new.amount_minor <> old.amount_minor or new.currency <> old.currency or new.account_id <> old.account_id)
  execute function refuse_wallet_top_up_change();
grant update (answer) on wallet_top_ups to mcp_payments_app;
