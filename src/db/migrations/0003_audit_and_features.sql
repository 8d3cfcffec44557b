-- The audit log's rows and the fraud engine's state.
--
-- audit_events is written in the transaction of the fact it describes and never changed; the server's role may
-- only insert and read. feature_states holds one small binary row for each customer, card, device and merchant;
-- src/fraud/features owns its layout.
--
-- Locks: creates new objects only.

create table audit_events (
  tenant_id text not null,
  audit_id  text not null,
  at        timestamptz not null,
  actor     text not null,
  action    text not null,
  resource  text not null,
  details   jsonb not null,
  primary key (tenant_id, audit_id)
);
create trigger audit_events_append_only before update or delete or truncate on audit_events
  for each statement execute function refuse_change();

create table feature_states (
  tenant_id text not null,
  kind      text not null check (kind in ('customer', 'card', 'device', 'merchant')),
  entity_id text not null,
  state     bytea not null,
  primary key (tenant_id, kind, entity_id)
) with (fillfactor = 50);
-- Binary floats do not compress; trying costs more than it saves.
alter table feature_states alter column state set storage external;

-- A server that is alone on its database reads states without locks and writes each only over the version it read.
-- Where another server was faster, this undoes the batch, which is then run again with locks.
create function assert_versions_held(written bigint, expected bigint) returns boolean language plpgsql stable as $$
begin
  if written <> expected then
    raise exception 'Of % feature states % were changed by somebody else since they were read',
      expected, expected - written using errcode = 'serialization_failure';
  end if;
  return true;
end $$;
revoke execute on function assert_versions_held(bigint, bigint) from public;
grant execute on function assert_versions_held(bigint, bigint) to mcp_payments_app;

create table worlds (
  tenant_id  text primary key,
  seed       bigint not null,
  days       integer not null,
  customers  integer not null,
  start_ms   bigint not null,
  loaded_at  timestamptz not null
);

grant select, insert on audit_events to mcp_payments_app;
grant select, insert, update on feature_states to mcp_payments_app;
grant select, insert on worlds to mcp_payments_app;
