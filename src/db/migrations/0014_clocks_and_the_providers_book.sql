-- What a server must find again after a restart, and share with its neighbours on this database.
--
-- tenant_clocks: how far a tenant's time is ahead of the real one. A call that sets a simulated time ahead takes its
-- tenant there; what follows without a time of its own goes on from there at the real clock's pace. It only grows. A
-- tenant without a row has the real time. Databases from before get it from what they hold: of a payment that a call
-- dated ahead, how far.
--
-- providers_book: the id of the book in which the providers of another process remember this database's charges. Without
-- it a restarted server whose database has captured nothing yet took whoever answered first.
--
-- A top-up has its payment's time, which is known once the card was charged: so it may be written then.
--
-- Locks: none that anybody waits for. payments and wallet_transfers are read once (about a second for each million rows).

create table tenant_clocks (
  tenant_id text primary key,
  ahead_ms  bigint not null check (ahead_ms > 0)
);
alter table tenant_clocks enable row level security;
create policy own_tenants on tenant_clocks to mcp_payments_app
  using (strpos(',' || current_setting('app.tenants', true) || ',', ',' || tenant_id || ',') > 0)
  with check (strpos(',' || current_setting('app.tenants', true) || ',', ',' || tenant_id || ',') > 0);
grant select, insert, update (ahead_ms) on tenant_clocks to mcp_payments_app;

insert into tenant_clocks (tenant_id, ahead_ms)
select tenant_id, max(occurred_at_ms - (extract(epoch from created_at) * 1000)::bigint)
  from (select tenant_id, occurred_at_ms, created_at from payments
        union all
        select tenant_id, occurred_at_ms, created_at from wallet_transfers) dated
 group by tenant_id
having max(occurred_at_ms - (extract(epoch from created_at) * 1000)::bigint) > 60000;

create table providers_book (
  only_one  boolean primary key default true check (only_one),
  book_id   text not null,
  pinned_at timestamptz not null
);
grant select, insert, update (book_id, pinned_at) on providers_book to mcp_payments_app;

grant update (occurred_at_ms) on wallet_top_ups to mcp_payments_app;
