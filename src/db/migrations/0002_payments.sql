-- Who pays whom, each payment's state, and what is needed to answer a repeated call to the letter.
--
-- payments has no index on its status: a status change then stays a heap-only update. What is not finished is
-- listed in open_payments instead, a small table that the completer reads whole.
--
-- Locks: creates new objects only.

create table customers (
  tenant_id                 text not null,
  customer_id               text not null,
  name                      text not null,
  email                     text not null,
  country                   text not null,
  currency                  text not null,
  default_payment_method_id text,
  since_ms                  bigint not null,
  primary key (tenant_id, customer_id)
);

create table merchants (
  tenant_id   text not null,
  merchant_id text not null,
  name        text not null,
  category    text not null,
  country     text not null,
  currency    text not null,
  primary key (tenant_id, merchant_id)
);

create table payment_methods (
  tenant_id         text not null,
  payment_method_id text not null,
  customer_id       text not null,
  network           text not null,
  issuer            text not null,
  issuer_country    text not null,
  last4             text not null check (last4 ~ '^[0-9]{4}$'),
  primary key (tenant_id, payment_method_id)
);

create table payments (
  tenant_id          text not null,
  payment_id         text not null,
  status             text not null check (status in ('processing', 'in_doubt', 'succeeded', 'declined', 'failed')),
  method             text not null check (method in ('card', 'wallet')),
  currency           text not null,
  amount_minor       bigint not null check (amount_minor > 0),
  captured_minor     bigint not null default 0,
  refunded_minor     bigint not null default 0,
  fee_minor          bigint not null default 0 check (fee_minor >= 0),
  customer_id        text not null,
  merchant_id        text not null,
  payment_method_id  text,
  principal          text not null,
  idempotency_key    text,
  description        text,
  device_id          text,
  ip_address         text,
  country            text not null,
  metadata           jsonb,
  occurred_at_ms     bigint not null,   -- the event's own time, simulated or not; features are as of this instant
  feature_vector     bytea,             -- what the model saw, float64 little endian; null for unscreened history
  risk_score         real,
  fraud_probability  double precision,
  risk_decision      text,
  model_version      text,
  provider           text,
  provider_charge_id text,
  decline_by         text check (decline_by in ('risk', 'issuer', 'wallet')),
  decline_code       text,
  created_at         timestamptz not null,
  finished_at        timestamptz,
  primary key (tenant_id, payment_id),
  constraint payments_capture_within_amount check (captured_minor between 0 and amount_minor),
  constraint payments_refund_within_capture check (refunded_minor between 0 and captured_minor),
  constraint payments_capture_means_success check ((captured_minor > 0) = (status = 'succeeded')),
  constraint payments_decline_has_a_code check ((status = 'declined') = (decline_by is not null))
) with (fillfactor = 45);  -- a batch updates all the rows it has put on a page, before any old version can be pruned
-- What is final stays: the condition is all that an ordinary update costs.
create function refuse_payment_change() returns trigger language plpgsql as $$
begin
  raise exception 'Payment % is % and cannot become %, nor change its amount', old.payment_id, old.status, new.status
    using errcode = 'check_violation', constraint = 'payments_final_is_final';
end $$;
revoke execute on function refuse_payment_change() from public;
create trigger payments_final_is_final before update on payments for each row
  when (old.status <> new.status and (old.status in ('succeeded', 'declined', 'failed') or new.status = 'processing')
        or old.amount_minor <> new.amount_minor or old.currency <> new.currency)
  execute function refuse_payment_change();
create index payments_by_customer on payments (tenant_id, customer_id, occurred_at_ms);

create table open_payments (
  tenant_id     text not null,
  payment_id    text not null,
  next_check_at timestamptz not null,
  checks        integer not null default 0,
  primary key (tenant_id, payment_id)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 20000);

create table payment_attempts (
  tenant_id        text not null,
  payment_id       text not null,
  attempt          smallint not null,
  provider         text not null,
  outcome          text not null check (outcome in ('approved', 'declined', 'unknown', 'voided')),
  code             text,
  charge_id        text,
  latency_ms       real not null,
  expected_success real,
  started_at       timestamptz not null,
  primary key (tenant_id, payment_id, attempt)
);

-- Append-only in daily work, so that a settled payment leaves no dead row here.
create table idempotency_keys (
  tenant_id    text not null,
  principal    text not null,
  key          text not null,
  tool         text not null,
  request_hash text not null,
  resource_id  text not null,
  created_at   timestamptz not null,
  expires_at   timestamptz not null,
  primary key (tenant_id, principal, key)
);
-- What a repeated call is answered, to the letter; missing while the first call is in flight.
create table idempotency_answers (
  tenant_id   text not null,
  resource_id text not null,
  response    text not null,
  primary key (tenant_id, resource_id)
);
create index idempotency_keys_by_expiry on idempotency_keys using brin (expires_at);

-- Published for auditors and reporting tools: columns are added at the end and never renamed.
create view v_payments as
  select tenant_id, payment_id, status, currency, amount_minor, captured_minor, refunded_minor, provider,
         provider_charge_id, idempotency_key, customer_id, risk_score, created_at
    from payments;

-- A group commit sends several statements in one go. Should the connection be replaced between two of them, the
-- later ones would run, and commit, outside the transaction that holds the locks. Each therefore names its batch,
-- a setting local to the transaction, and this refuses it where the setting is gone.
create function assert_batch(expected text) returns boolean language plpgsql stable as $$
begin
  if current_setting('app.batch_id', true) is distinct from expected then
    raise exception 'The transaction of batch % is gone', expected using errcode = 'invalid_transaction_state';
  end if;
  return true;
end $$;

revoke execute on function assert_batch(text) from public;

grant select, insert on customers, merchants, payment_methods to mcp_payments_app;
grant select, insert, update on payments to mcp_payments_app;
grant select, insert on payment_attempts to mcp_payments_app;
grant select, insert, update, delete on open_payments to mcp_payments_app;
grant select, insert, delete on idempotency_keys, idempotency_answers to mcp_payments_app;
grant select on v_payments to mcp_payments_app;
grant execute on function assert_batch(text) to mcp_payments_app;
