-- The double-entry ledger: accounts, transfers, postings and holds.
--
-- Why it looks like this:
--   * tenant_id leads every key, so one sandbox never meets another, and so that the tables can be distributed by it.
--   * A posting's sign is seen from the account: positive adds to what the account's owner may claim, negative
--     takes away. Every transfer's postings sum to zero per currency, so all balances of a currency sum to zero.
--   * Postings are append-only. Balances are moved by the postings' own trigger and by nothing else: a program
--     that can only insert postings cannot make a balance disagree with them.
--   * All postings of a transfer arrive in one statement; the trigger refuses a statement that does not balance,
--     and a later one that would add to the transfer.
--
-- Locks: creates new objects only.

create table tenants (
  tenant_id  text primary key check (tenant_id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
  created_at timestamptz not null default now()
);

create table accounts (
  tenant_id       text not null,
  account_id      text not null,
  owner_id        text not null,
  kind            text not null check (kind in ('wallet', 'merchant', 'provider', 'fees', 'external')),
  currency        text not null check (currency ~ '^[A-Z]{3}$'),
  balance_minor   bigint not null default 0,
  held_minor      bigint not null default 0 check (held_minor >= 0),
  may_go_negative boolean not null,
  created_at      timestamptz not null default now(),
  primary key (tenant_id, account_id),
  -- A wallet or a merchant never owes: what is held is already promised to somebody else.
  constraint accounts_no_overdraft check (may_go_negative or balance_minor - held_minor >= 0),
  constraint accounts_overdraft_by_kind check (may_go_negative = (kind in ('provider', 'fees', 'external')))
) with (fillfactor = 50);  -- room on the page for the next version of a hot balance
create index accounts_by_owner on accounts (tenant_id, owner_id);

create table transfers (
  tenant_id   text not null,
  transfer_id text not null,
  kind        text not null check (kind in ('post', 'hold', 'hold_post', 'hold_void')),
  hold_id     text,
  payment_id  text,
  memo        text,
  created_at  timestamptz not null,
  primary key (tenant_id, transfer_id),
  constraint transfers_hold_is_named check ((kind in ('hold_post', 'hold_void')) = (hold_id is not null))
);
-- A hold ends once, by one transfer.
create unique index transfers_end_a_hold_once on transfers (tenant_id, hold_id) where hold_id is not null;

create table postings (
  tenant_id    text not null,
  transfer_id  text not null,
  leg          smallint not null,
  account_id   text not null,
  currency     text not null,
  amount_minor bigint not null check (amount_minor <> 0),
  primary key (tenant_id, transfer_id, leg)
);

create table holds (
  tenant_id    text not null,
  hold_id      text not null,
  account_id   text not null,
  currency     text not null,
  amount_minor bigint not null check (amount_minor > 0),
  posted_minor bigint not null default 0,
  state        text not null check (state in ('pending', 'posted', 'voided')),
  created_at   timestamptz not null,
  primary key (tenant_id, hold_id),
  constraint holds_posted_within_amount check (posted_minor between 0 and amount_minor),
  constraint holds_posted_only_when_posted check (state = 'posted' or posted_minor = 0)
) with (fillfactor = 70);

-- Runs as the owner of the tables: the server's role cannot write a balance itself.
create function ledger_apply_postings() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  broken   record;
  expected bigint;
  moved    bigint;
begin
  select tenant_id, transfer_id, currency, sum(amount_minor) as total into broken
    from new_postings group by tenant_id, transfer_id, currency having sum(amount_minor) <> 0 limit 1;
  if found then
    raise exception 'Postings of transfer % sum to % %, not to zero', broken.transfer_id, broken.total, broken.currency
      using errcode = 'check_violation', constraint = 'postings_sum_to_zero';
  end if;

  -- Leg 1 exists once, so a transfer whose statement must hold leg 1 cannot be added to by a later one.
  select tenant_id, transfer_id into broken
    from new_postings group by tenant_id, transfer_id having min(leg) <> 1 or max(leg) <> count(*) limit 1;
  if found then
    raise exception 'Postings of transfer % are not legs 1, 2, 3 … of one statement', broken.transfer_id
      using errcode = 'check_violation', constraint = 'postings_in_one_statement';
  end if;

  select p.tenant_id, p.transfer_id into broken
    from (select distinct tenant_id, transfer_id from new_postings) p
   where not exists (select 1 from transfers t
                      where t.tenant_id = p.tenant_id and t.transfer_id = p.transfer_id
                        and t.kind in ('post', 'hold_post'))
   limit 1;
  if found then
    raise exception 'Postings name transfer %, which is not there or moves nothing', broken.transfer_id
      using errcode = 'foreign_key_violation', constraint = 'postings_transfer';
  end if;

  -- One order for everybody, or two statements over the same accounts could wait for each other.
  perform 1
     from accounts a
     join (select distinct tenant_id, account_id from new_postings) p using (tenant_id, account_id)
    order by a.tenant_id, a.account_id
      for no key update of a;

  select count(*) into expected from (select distinct tenant_id, account_id, currency from new_postings) d;
  update accounts a
     set balance_minor = a.balance_minor + d.delta_minor
    from (select tenant_id, account_id, currency, sum(amount_minor)::bigint as delta_minor
            from new_postings group by tenant_id, account_id, currency) d
   where a.tenant_id = d.tenant_id and a.account_id = d.account_id and a.currency = d.currency;
  get diagnostics moved = row_count;
  if moved <> expected then
    raise exception 'A posting names an account that is not there or is kept in another currency'
      using errcode = 'foreign_key_violation', constraint = 'postings_account';
  end if;
  return null;
end $$;

create trigger postings_apply after insert on postings
  referencing new table as new_postings
  for each statement execute function ledger_apply_postings();

create function ledger_apply_new_holds() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  expected bigint;
  moved    bigint;
begin
  if exists (select 1 from new_holds where state <> 'pending') then
    raise exception 'A hold begins as pending' using errcode = 'check_violation', constraint = 'holds_begin_pending';
  end if;
  perform 1
     from accounts a
     join (select distinct tenant_id, account_id from new_holds) h using (tenant_id, account_id)
    order by a.tenant_id, a.account_id
      for no key update of a;
  select count(*) into expected from (select distinct tenant_id, account_id, currency from new_holds) d;
  update accounts a
     set held_minor = a.held_minor + d.held_minor
    from (select tenant_id, account_id, currency, sum(amount_minor)::bigint as held_minor
            from new_holds group by tenant_id, account_id, currency) d
   where a.tenant_id = d.tenant_id and a.account_id = d.account_id and a.currency = d.currency;
  get diagnostics moved = row_count;
  if moved <> expected then
    raise exception 'A hold names an account that is not there or is kept in another currency'
      using errcode = 'foreign_key_violation', constraint = 'holds_account';
  end if;
  return null;
end $$;

create trigger holds_apply_new after insert on holds
  referencing new table as new_holds
  for each statement execute function ledger_apply_new_holds();

create function ledger_apply_ended_holds() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (select 1 from old_holds o join new_holds n using (tenant_id, hold_id)
              where o.state <> 'pending' or n.state = 'pending'
                 or n.amount_minor <> o.amount_minor or n.account_id <> o.account_id or n.currency <> o.currency) then
    raise exception 'A hold ends once, and only its state may change'
      using errcode = 'check_violation', constraint = 'holds_end_once';
  end if;
  perform 1
     from accounts a
     join (select distinct tenant_id, account_id from new_holds) h using (tenant_id, account_id)
    order by a.tenant_id, a.account_id
      for no key update of a;
  update accounts a
     set held_minor = a.held_minor - d.released_minor
    from (select tenant_id, account_id, sum(amount_minor)::bigint as released_minor
            from new_holds group by tenant_id, account_id) d
   where a.tenant_id = d.tenant_id and a.account_id = d.account_id;
  return null;
end $$;

create trigger holds_apply_ended after update on holds
  referencing old table as old_holds new table as new_holds
  for each statement execute function ledger_apply_ended_holds();

-- Locks accounts and reads them. A function, because a lock needs the right to update, which the server has not.
create function ledger_lock_accounts(tenant_ids text[], account_ids text[])
returns table (tenant_id text, account_id text, currency text, available_minor bigint)
language sql security definer set search_path = public, pg_temp as $$
  select a.tenant_id, a.account_id, a.currency, a.balance_minor - a.held_minor
    from accounts a
    join (select distinct * from unnest(tenant_ids, account_ids) as u (tenant_id, account_id)) u
      using (tenant_id, account_id)
   order by a.tenant_id, a.account_id
     for no key update of a
$$;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % is not allowed', tg_table_name, lower(tg_op)
    using errcode = 'insufficient_privilege';
end $$;

-- For the owner too: the grants below already stop the server.
create trigger postings_append_only before update or delete or truncate on postings
  for each statement execute function refuse_change();

-- Published for auditors and reporting tools: columns are added at the end and never renamed.
create view v_postings as
  select tenant_id, transfer_id, account_id, currency, amount_minor from postings;
create view v_balances as
  select tenant_id, account_id, owner_id, currency, balance_minor from accounts;

-- Functions are everybody's by default. Whoever may run a trigger's function can hang it on a table of his own,
-- and so move balances without postings.
revoke execute on function ledger_apply_postings(), ledger_apply_new_holds(), ledger_apply_ended_holds(),
                           ledger_lock_accounts(text[], text[]), refuse_change() from public;

grant select, insert on tenants, transfers, postings, holds to mcp_payments_app;
grant update (state, posted_minor) on holds to mcp_payments_app;
-- Column by column: an account begins empty, with nothing held.
grant select, insert (tenant_id, account_id, owner_id, kind, currency, may_go_negative) on accounts
   to mcp_payments_app;
grant execute on function ledger_lock_accounts(text[], text[]) to mcp_payments_app;
grant select on v_postings, v_balances to mcp_payments_app;
