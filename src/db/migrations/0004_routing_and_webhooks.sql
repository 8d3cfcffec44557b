-- What routing has learned, a second provider for one payment, and the providers' webhooks.
--
-- routing_statistics holds counts that fade: with each further attempt of the tenant a little is taken from all
-- (src/routing/routing_statistics.ts). A row stands as of its own at_attempt, so that a row nobody touches need not be
-- written. Servers add to it every two seconds, in one statement, outside the payments' transactions: a crash
-- loses the last moments' learning and never a payment.
--
-- payments.charge_number counts the providers a payment was sent to: it is part of the key a provider knows a
-- charge by. An attempt now also keeps what was expected of it, and may be refused by the provider.
--
-- Locks: payments and payment_attempts, exclusively: columns with constant defaults cost nothing, but all attempts are
-- read once for the new condition (about a second for three million). Otherwise creates new objects only.

create table routing_clocks (
  tenant_id text primary key,
  attempts  bigint not null check (attempts >= 0)
) with (fillfactor = 50);

create table routing_statistics (
  tenant_id  text not null,
  provider   text not null,
  context    text not null,   -- method/network/country/border/band, or "health": whether the provider answers
  successes  double precision not null check (successes >= 0),
  failures   double precision not null check (failures >= 0),
  at_attempt bigint not null,
  primary key (tenant_id, provider, context)
) with (fillfactor = 50);

alter table payments add column charge_number smallint not null default 1 check (charge_number >= 1);

alter table payment_attempts drop constraint payment_attempts_outcome_check;
alter table payment_attempts
  add constraint payment_attempts_outcome_check
    check (outcome in ('approved', 'declined', 'refused', 'unknown', 'voided')),
  add column charge_number      smallint not null default 1,
  add column expected_fee_minor bigint,
  add column reason             text;

-- One row for each event a provider told of, however often it did.
create table webhook_events (
  provider    text not null,
  event_id    text not null,
  type        text not null,
  charge_key  text not null,
  received_at timestamptz not null,
  primary key (provider, event_id)
);
create index webhook_events_by_age on webhook_events using brin (received_at);

grant select, insert, update on routing_clocks, routing_statistics to mcp_payments_app;
grant select, insert, delete on webhook_events to mcp_payments_app;
