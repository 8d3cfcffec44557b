-- Each statement of the server says for which tenants it is, in the setting app.tenants (their names, by commas), and
-- sees and writes no other tenant's rows, whatever its conditions are. Without the setting it sees none.
--
-- The condition is a plain expression for each row. As an array in a sub-select it was prepared once for each table and
-- policy of a statement, twenty times in a batch of six payments, which cost more than the rows do.
--
-- For the server's role only: the owner's migrations, checks and bulk loads see everything, and so do the ledger's
-- functions, which run as the owner on rows that the server's role was allowed to write. It is therefore not forced.
-- ledger_lock_accounts takes its tenants from the caller and reads balances, so it looks at the setting too.
--
-- The published views belong to the owner and would show all tenants: they are for auditors, whom the owner lets in, and
-- no longer for the server's role.
--
-- What this guards against, and what not: docs/decisions/0005-row-level-security.md. A table that comes later brings its
-- own policy; a test finds one that does not.
--
-- Locks: every table with a tenant_id, exclusively and for an instant each. Nothing is rewritten.

do $$
declare
  name text;
  visible constant text :=
    'strpos('','' || current_setting(''app.tenants'', true) || '','', '','' || tenant_id || '','') > 0';
begin
  for name in
    select c.relname
      from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
       and a.attname = 'tenant_id' and not a.attisdropped and c.relname <> 'tenants'
     order by c.relname
  loop
    execute format('alter table %I enable row level security', name);
    execute format('create policy own_tenants on %I to mcp_payments_app using (%s) with check (%s)',
                   name, visible, visible);
  end loop;
end $$;

-- '*' lists the tenants there are: work that is for all of them, such as the completer's, names them so.
alter table tenants enable row level security;
create policy own_tenants on tenants to mcp_payments_app
  using (current_setting('app.tenants', true) = '*'
         or strpos(',' || current_setting('app.tenants', true) || ',', ',' || tenant_id || ',') > 0);

create or replace function ledger_lock_accounts(tenant_ids text[], account_ids text[])
returns table (tenant_id text, account_id text, currency text, available_minor bigint)
language sql security definer set search_path = public, pg_temp as $$
  select a.tenant_id, a.account_id, a.currency, a.balance_minor - a.held_minor
    from accounts a
    join (select distinct * from unnest(tenant_ids, account_ids) as u (tenant_id, account_id)) u
      using (tenant_id, account_id)
   where strpos(',' || current_setting('app.tenants', true) || ',', ',' || a.tenant_id || ',') > 0
   order by a.tenant_id, a.account_id
     for no key update of a
$$;

revoke select on v_postings, v_balances, v_payments from mcp_payments_app;
