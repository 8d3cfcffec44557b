-- Written by `deno task db:schema` from src/db/migrations. Do not edit: write a migration.

-- Types

create type batch_accepted as (tenant_id text, payment_id text, status text, method text, currency text, amount_minor bigint, customer_id text, merchant_id text, payment_method_id text, principal text, idempotency_key text, description text, device_id text, ip_address text, country text, address_id text, metadata jsonb, occurred_at_ms bigint, first_byte integer, byte_count integer, risk_score real, fraud_probability double precision, risk_decision text, model_version text, provider text, decline_by text, decline_code text, request_hash text, response text, audit_details jsonb);

create type batch_posting as (tenant_id text, transfer_id text, leg smallint, account_id text, currency text, amount_minor bigint);

create type batch_settled as (tenant_id text, payment_id text, status text, captured_minor bigint, fee_minor bigint, charge_id text, decline_by text, decline_code text, principal text, idempotency_key text, hold_id text, response text, provider text, attempt smallint, outcome text, attempt_code text, latency_ms real, started_at timestamp with time zone, expected_success real, expected_fee_minor bigint, reason text, charge_number smallint, next_provider text);

create type batch_state as (tenant_id text, kind text, entity_id text, first_byte integer, byte_count integer, version bigint);

-- Tables

create table accounts (
  tenant_id text not null,
  account_id text not null,
  owner_id text not null,
  kind text not null,
  currency text not null,
  balance_minor bigint default 0 not null,
  held_minor bigint default 0 not null,
  may_go_negative boolean not null,
  created_at timestamp with time zone default now() not null,
  constraint accounts_pkey PRIMARY KEY (tenant_id, account_id),
  constraint accounts_currency_check CHECK (currency ~ '^[A-Z]{3}$'::text),
  constraint accounts_held_minor_check CHECK (held_minor >= 0),
  constraint accounts_kind_check CHECK (kind = ANY (ARRAY['wallet'::text, 'merchant'::text, 'provider'::text, 'fees'::text, 'external'::text])),
  constraint accounts_no_overdraft CHECK (may_go_negative OR (balance_minor - held_minor) >= 0),
  constraint accounts_overdraft_by_kind CHECK (may_go_negative = (kind = ANY (ARRAY['provider'::text, 'fees'::text, 'external'::text])))
) with (fillfactor=50);
CREATE INDEX accounts_by_owner ON public.accounts USING btree (tenant_id, owner_id);
alter table accounts enable row level security;

create table approval_decisions (
  tenant_id text not null,
  resource_id text not null,
  kind text not null,
  decision text not null,
  decided_by text not null,
  decided_via text not null,
  decided_at timestamp with time zone not null,
  constraint approval_decisions_pkey PRIMARY KEY (tenant_id, resource_id),
  constraint approval_decisions_decided_by_check CHECK (decided_by <> ''::text),
  constraint approval_decisions_decided_via_check CHECK (decided_via = ANY (ARRAY['dashboard'::text, 'token'::text, 'expiry'::text])),
  constraint approval_decisions_decision_check CHECK (decision = ANY (ARRAY['approved'::text, 'rejected'::text, 'expired'::text])),
  constraint approval_decisions_expiry_is_nobodys CHECK ((decision = 'expired'::text) = (decided_via = 'expiry'::text)),
  constraint approval_decisions_kind_check CHECK (kind = ANY (ARRAY['refund'::text, 'transfer'::text]))
);
CREATE INDEX approval_decisions_latest ON public.approval_decisions USING btree (tenant_id, decided_at DESC, resource_id DESC);
alter table approval_decisions enable row level security;

create table audit_events (
  tenant_id text not null,
  audit_id text not null,
  at timestamp with time zone not null,
  actor text not null,
  action text not null,
  resource text not null,
  details jsonb not null,
  constraint audit_events_pkey PRIMARY KEY (tenant_id, audit_id)
);
alter table audit_events enable row level security;

create table challenger_models (
  model_version text not null,
  shadowed_since timestamp with time zone not null,
  constraint challenger_models_pkey PRIMARY KEY (model_version)
);

create table customers (
  tenant_id text not null,
  customer_id text not null,
  name text not null,
  email text not null,
  country text not null,
  currency text not null,
  default_payment_method_id text,
  since_ms bigint not null,
  constraint customers_pkey PRIMARY KEY (tenant_id, customer_id)
);
alter table customers enable row level security;

create table feature_states (
  tenant_id text not null,
  kind text not null,
  entity_id text not null,
  state bytea not null /* storage external */,
  version bigint default 0 not null,
  constraint feature_states_pkey PRIMARY KEY (tenant_id, kind, entity_id),
  constraint feature_states_kind_check CHECK (kind = ANY (ARRAY['customer'::text, 'card'::text, 'device'::text, 'address'::text, 'merchant'::text]))
) with (fillfactor=50);
alter table feature_states enable row level security;

create table holds (
  tenant_id text not null,
  hold_id text not null,
  account_id text not null,
  currency text not null,
  amount_minor bigint not null,
  posted_minor bigint default 0 not null,
  state text not null,
  created_at timestamp with time zone not null,
  constraint holds_pkey PRIMARY KEY (tenant_id, hold_id),
  constraint holds_amount_minor_check CHECK (amount_minor > 0),
  constraint holds_posted_only_when_posted CHECK (state = 'posted'::text OR posted_minor = 0),
  constraint holds_posted_within_amount CHECK (posted_minor >= 0 AND posted_minor <= amount_minor),
  constraint holds_state_check CHECK (state = ANY (ARRAY['pending'::text, 'posted'::text, 'voided'::text]))
) with (fillfactor=70);
alter table holds enable row level security;

create table idempotency_answers (
  tenant_id text not null,
  resource_id text not null,
  response text not null,
  constraint idempotency_answers_pkey PRIMARY KEY (tenant_id, resource_id)
);
alter table idempotency_answers enable row level security;

create table idempotency_keys (
  tenant_id text not null,
  principal text not null,
  key text not null,
  tool text not null,
  request_hash text not null,
  resource_id text not null,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  constraint idempotency_keys_pkey PRIMARY KEY (tenant_id, principal, key)
);
CREATE INDEX idempotency_keys_by_expiry ON public.idempotency_keys USING brin (expires_at);
alter table idempotency_keys enable row level security;

create table merchants (
  tenant_id text not null,
  merchant_id text not null,
  name text not null,
  category text not null,
  country text not null,
  currency text not null,
  constraint merchants_pkey PRIMARY KEY (tenant_id, merchant_id)
);
alter table merchants enable row level security;

create table model_promotions (
  promotion_id text not null,
  at timestamp with time zone not null,
  actor text not null,
  action text not null,
  from_version text not null,
  to_version text not null,
  evidence jsonb,
  constraint model_promotions_pkey PRIMARY KEY (promotion_id),
  constraint model_promotions_action_check CHECK (action = ANY (ARRAY['promote'::text, 'rollback'::text])),
  constraint model_promotions_actor_check CHECK (actor <> ''::text),
  constraint model_promotions_check CHECK (to_version <> from_version),
  constraint model_promotions_rest_on_evidence CHECK ((action = 'promote'::text) = (evidence IS NOT NULL))
);

create table open_payments (
  tenant_id text not null,
  payment_id text not null,
  next_check_at timestamp with time zone not null,
  checks integer default 0 not null,
  constraint open_payments_pkey PRIMARY KEY (tenant_id, payment_id)
) with (fillfactor=50, autovacuum_vacuum_scale_factor=0.0, autovacuum_vacuum_threshold=20000);
alter table open_payments enable row level security;

create table payment_attempts (
  tenant_id text not null,
  payment_id text not null,
  attempt smallint not null,
  provider text not null,
  outcome text not null,
  code text,
  charge_id text,
  latency_ms real not null,
  expected_success real,
  started_at timestamp with time zone not null,
  charge_number smallint default 1 not null,
  expected_fee_minor bigint,
  reason text,
  constraint payment_attempts_pkey PRIMARY KEY (tenant_id, payment_id, attempt),
  constraint payment_attempts_outcome_check CHECK (outcome = ANY (ARRAY['approved'::text, 'declined'::text, 'refused'::text, 'unknown'::text, 'voided'::text, 'requires_action'::text]))
);
alter table payment_attempts enable row level security;

create table payment_challenges (
  tenant_id text not null,
  payment_id text not null,
  asked_by text not null,
  challenge_id text,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  constraint payment_challenges_pkey PRIMARY KEY (tenant_id, payment_id),
  constraint payment_challenges_asked_by_check CHECK (asked_by = ANY (ARRAY['issuer'::text, 'risk'::text]))
);
alter table payment_challenges enable row level security;

create table payment_labels (
  tenant_id text not null,
  payment_id text not null,
  fraud boolean not null,
  source text not null,
  reported_at_ms bigint not null,
  known_at_ms bigint not null,
  constraint payment_labels_pkey PRIMARY KEY (tenant_id, payment_id),
  constraint payment_labels_check CHECK (known_at_ms >= reported_at_ms)
);
alter table payment_labels enable row level security;

create table payment_methods (
  tenant_id text not null,
  payment_method_id text not null,
  customer_id text not null,
  network text not null,
  issuer text not null,
  issuer_country text not null,
  last4 text not null,
  constraint payment_methods_pkey PRIMARY KEY (tenant_id, payment_method_id),
  constraint payment_methods_last4_check CHECK (last4 ~ '^[0-9]{4}$'::text)
);
alter table payment_methods enable row level security;

create table payments (
  tenant_id text not null,
  payment_id text not null,
  status text not null,
  method text not null,
  currency text not null,
  amount_minor bigint not null,
  captured_minor bigint default 0 not null,
  refunded_minor bigint default 0 not null,
  fee_minor bigint default 0 not null,
  customer_id text not null,
  merchant_id text not null,
  payment_method_id text,
  principal text not null,
  idempotency_key text,
  description text,
  device_id text,
  ip_address text,
  country text not null,
  metadata jsonb,
  occurred_at_ms bigint not null,
  feature_vector bytea,
  risk_score real,
  fraud_probability double precision,
  risk_decision text,
  model_version text,
  provider text,
  provider_charge_id text,
  decline_by text,
  decline_code text,
  created_at timestamp with time zone not null,
  finished_at timestamp with time zone,
  charge_number smallint default 1 not null,
  address_id text,
  approval_propensity double precision,
  constraint payments_pkey PRIMARY KEY (tenant_id, payment_id),
  constraint payments_are_sound CHECK (payment_is_sound(status, method, decline_by, amount_minor, captured_minor, refunded_minor, fee_minor, charge_number))
) with (fillfactor=45);
CREATE INDEX payments_by_customer ON public.payments USING btree (tenant_id, customer_id, occurred_at_ms);
alter table payments enable row level security;

create table postings (
  tenant_id text not null,
  transfer_id text not null,
  leg smallint not null,
  account_id text not null,
  currency text not null,
  amount_minor bigint not null,
  constraint postings_pkey PRIMARY KEY (tenant_id, transfer_id, leg),
  constraint postings_amount_minor_check CHECK (amount_minor <> 0)
);
CREATE INDEX postings_of_wallets ON public.postings USING btree (tenant_id, account_id) WHERE (account_id ~~ 'wallet:%'::text);
alter table postings enable row level security;

create table providers_book (
  only_one boolean default true not null,
  book_id text not null,
  pinned_at timestamp with time zone not null,
  constraint providers_book_pkey PRIMARY KEY (only_one),
  constraint providers_book_only_one_check CHECK (only_one)
);

create table refunds (
  tenant_id text not null,
  refund_id text not null,
  payment_id text not null,
  customer_id text not null,
  status text not null,
  currency text not null,
  amount_minor bigint not null,
  fee_returned_minor bigint default 0 not null,
  amount_usd double precision not null,
  reason text not null,
  note text,
  provider text,
  provider_refund_id text,
  failure_code text,
  principal text not null,
  idempotency_key text,
  request_hash text not null,
  requested_at_ms bigint not null,
  risk_score real,
  abuse_probability double precision,
  decision text,
  model_version text,
  found_untrue_at timestamp with time zone,
  answer text,
  expires_at timestamp with time zone,
  checks integer default 0 not null,
  next_check_at timestamp with time zone,
  created_at timestamp with time zone not null,
  finished_at timestamp with time zone,
  constraint refunds_pkey PRIMARY KEY (tenant_id, refund_id),
  constraint refunds_amount_minor_check CHECK (amount_minor > 0),
  constraint refunds_check CHECK (fee_returned_minor >= 0 AND fee_returned_minor <= amount_minor),
  constraint refunds_decision_check CHECK (decision = ANY (ARRAY['approve'::text, 'review'::text, 'refuse'::text])),
  constraint refunds_open_are_due CHECK ((status = ANY (ARRAY['processing'::text, 'in_doubt'::text])) = (next_check_at IS NOT NULL)),
  constraint refunds_pending_expire CHECK (status <> 'pending_approval'::text OR answer IS NOT NULL AND expires_at IS NOT NULL),
  constraint refunds_status_check CHECK (status = ANY (ARRAY['pending_approval'::text, 'processing'::text, 'in_doubt'::text, 'succeeded'::text, 'refused'::text, 'rejected'::text, 'expired'::text, 'failed'::text]))
);
CREATE INDEX refunds_by_customer ON public.refunds USING btree (tenant_id, customer_id, requested_at_ms);
CREATE INDEX refunds_by_payment ON public.refunds USING btree (tenant_id, payment_id);
CREATE INDEX refunds_open ON public.refunds USING btree (next_check_at) WHERE (status = ANY (ARRAY['processing'::text, 'in_doubt'::text]));
CREATE INDEX refunds_pending ON public.refunds USING btree (expires_at) WHERE (status = 'pending_approval'::text);
CREATE INDEX refunds_waiting ON public.refunds USING btree (tenant_id, expires_at, refund_id) WHERE (status = 'pending_approval'::text);
alter table refunds enable row level security;

create table routing_clocks (
  tenant_id text not null,
  attempts bigint not null,
  constraint routing_clocks_pkey PRIMARY KEY (tenant_id),
  constraint routing_clocks_attempts_check CHECK (attempts >= 0)
) with (fillfactor=50);
alter table routing_clocks enable row level security;

create table routing_statistics (
  tenant_id text not null,
  provider text not null,
  context text not null,
  successes double precision not null,
  failures double precision not null,
  at_attempt bigint not null,
  constraint routing_statistics_pkey PRIMARY KEY (tenant_id, provider, context),
  constraint routing_statistics_failures_check CHECK (failures >= 0::double precision),
  constraint routing_statistics_successes_check CHECK (successes >= 0::double precision)
) with (fillfactor=50);
alter table routing_statistics enable row level security;

create table schema_migrations (
  version integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone default now() not null,
  constraint schema_migrations_pkey PRIMARY KEY (version)
);

create table shadow_scores (
  tenant_id text not null,
  challenger_version text not null,
  payment_id text not null,
  champion_version text not null,
  champion_probability double precision not null,
  champion_score real not null,
  challenger_probability double precision not null,
  challenger_score real not null,
  scored_at timestamp with time zone not null,
  constraint shadow_scores_pkey PRIMARY KEY (tenant_id, challenger_version, payment_id),
  constraint shadow_scores_challenger_version_fkey FOREIGN KEY (challenger_version) REFERENCES challenger_models(model_version),
  constraint shadow_scores_challenger_probability_check CHECK (challenger_probability >= 0::double precision AND challenger_probability <= 1::double precision),
  constraint shadow_scores_challenger_score_check CHECK (challenger_score >= 0::double precision AND challenger_score <= 100::double precision),
  constraint shadow_scores_champion_probability_check CHECK (champion_probability >= 0::double precision AND champion_probability <= 1::double precision),
  constraint shadow_scores_champion_score_check CHECK (champion_score >= 0::double precision AND champion_score <= 100::double precision)
);
alter table shadow_scores enable row level security;

create table signing_secrets (
  purpose text not null,
  secret bytea not null,
  constraint signing_secrets_pkey PRIMARY KEY (purpose),
  constraint signing_secrets_secret_check CHECK (octet_length(secret) >= 32)
);

create table tenant_clocks (
  tenant_id text not null,
  ahead_ms bigint not null,
  constraint tenant_clocks_pkey PRIMARY KEY (tenant_id),
  constraint tenant_clocks_ahead_ms_check CHECK (ahead_ms > 0)
);
alter table tenant_clocks enable row level security;

create table tenants (
  tenant_id text not null,
  created_at timestamp with time zone default now() not null,
  constraint tenants_pkey PRIMARY KEY (tenant_id),
  constraint tenants_tenant_id_check CHECK (tenant_id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'::text)
);
alter table tenants enable row level security;

create table transfers (
  tenant_id text not null,
  transfer_id text not null,
  kind text not null,
  hold_id text,
  payment_id text,
  memo text,
  created_at timestamp with time zone not null,
  constraint transfers_pkey PRIMARY KEY (tenant_id, transfer_id),
  constraint transfers_hold_is_named CHECK ((kind = ANY (ARRAY['hold_post'::text, 'hold_void'::text])) = (hold_id IS NOT NULL)),
  constraint transfers_kind_check CHECK (kind = ANY (ARRAY['post'::text, 'hold'::text, 'hold_post'::text, 'hold_void'::text]))
);
CREATE UNIQUE INDEX transfers_end_a_hold_once ON public.transfers USING btree (tenant_id, hold_id) WHERE (hold_id IS NOT NULL);
alter table transfers enable row level security;

create table wallet_top_ups (
  tenant_id text not null,
  top_up_id text not null,
  status text not null,
  account_id text not null,
  customer_id text not null,
  currency text not null,
  amount_minor bigint not null,
  payment_method_id text,
  payment_id text,
  principal text not null,
  idempotency_key text,
  request_hash text not null,
  simulated_at_ms bigint,
  occurred_at_ms bigint not null,
  next_check_at timestamp with time zone not null,
  created_at timestamp with time zone not null,
  finished_at timestamp with time zone,
  answer text,
  constraint wallet_top_ups_pkey PRIMARY KEY (tenant_id, top_up_id),
  constraint wallet_top_ups_amount_minor_check CHECK (amount_minor > 0),
  constraint wallet_top_ups_status_check CHECK (status = ANY (ARRAY['charging'::text, 'in_doubt'::text, 'requires_action'::text, 'succeeded'::text, 'declined'::text, 'failed'::text]))
);
CREATE INDEX wallet_top_ups_arriving ON public.wallet_top_ups USING btree (tenant_id, account_id) WHERE (status = ANY (ARRAY['charging'::text, 'in_doubt'::text, 'requires_action'::text]));
CREATE INDEX wallet_top_ups_open ON public.wallet_top_ups USING btree (next_check_at) WHERE (status = ANY (ARRAY['charging'::text, 'in_doubt'::text, 'requires_action'::text]));
alter table wallet_top_ups enable row level security;

create table wallet_transfers (
  tenant_id text not null,
  transfer_id text not null,
  status text not null,
  from_account_id text not null,
  to_account_id text not null,
  currency text not null,
  amount_minor bigint not null,
  to_currency text not null,
  to_amount_minor bigint not null,
  amount_usd double precision not null,
  memo text,
  principal text not null,
  idempotency_key text,
  request_hash text not null,
  risk_score real not null,
  occurred_at_ms bigint not null,
  answer text,
  expires_at timestamp with time zone,
  created_at timestamp with time zone not null,
  finished_at timestamp with time zone,
  constraint wallet_transfers_pkey PRIMARY KEY (tenant_id, transfer_id),
  constraint wallet_transfers_amount_minor_check CHECK (amount_minor > 0),
  constraint wallet_transfers_pending_expires CHECK (status <> 'pending_approval'::text OR answer IS NOT NULL AND expires_at IS NOT NULL),
  constraint wallet_transfers_status_check CHECK (status = ANY (ARRAY['posted'::text, 'pending_approval'::text, 'refused'::text, 'rejected'::text, 'expired'::text])),
  constraint wallet_transfers_to_amount_minor_check CHECK (to_amount_minor > 0),
  constraint wallet_transfers_two_accounts CHECK (from_account_id <> to_account_id)
);
CREATE INDEX wallet_transfers_pending ON public.wallet_transfers USING btree (expires_at) WHERE (status = 'pending_approval'::text);
CREATE INDEX wallet_transfers_received ON public.wallet_transfers USING btree (tenant_id, to_account_id, occurred_at_ms);
CREATE INDEX wallet_transfers_sent ON public.wallet_transfers USING btree (tenant_id, from_account_id, occurred_at_ms);
CREATE INDEX wallet_transfers_waiting ON public.wallet_transfers USING btree (tenant_id, expires_at, transfer_id) WHERE (status = 'pending_approval'::text);
alter table wallet_transfers enable row level security;

create table webhook_events (
  provider text not null,
  event_id text not null,
  type text not null,
  charge_key text not null,
  received_at timestamp with time zone not null,
  constraint webhook_events_pkey PRIMARY KEY (provider, event_id)
);
CREATE INDEX webhook_events_by_age ON public.webhook_events USING brin (received_at);
CREATE INDEX webhook_events_of_disputes ON public.webhook_events USING btree (provider, charge_key) WHERE (type = 'charge.disputed'::text);

create table worlds (
  tenant_id text not null,
  seed bigint not null,
  days integer not null,
  customers integer not null,
  start_ms bigint not null,
  loaded_at timestamp with time zone not null,
  constraint worlds_pkey PRIMARY KEY (tenant_id)
);
alter table worlds enable row level security;

-- Views

create view v_balances as
 SELECT tenant_id,
    account_id,
    owner_id,
    currency,
    balance_minor
   FROM accounts;

create view v_payments as
 SELECT tenant_id,
    payment_id,
    status,
    currency,
    amount_minor,
    captured_minor,
    refunded_minor,
    provider,
    provider_charge_id,
    idempotency_key,
    customer_id,
    risk_score,
    created_at
   FROM payments;

create view v_postings as
 SELECT tenant_id,
    transfer_id,
    account_id,
    currency,
    amount_minor
   FROM postings;

-- Functions

CREATE OR REPLACE FUNCTION public.assert_batch(expected text)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  if current_setting('app.batch_id', true) is distinct from expected then
    raise exception 'The transaction of batch % is gone', expected using errcode = 'invalid_transaction_state';
  end if;
  return true;
end $function$;

CREATE OR REPLACE FUNCTION public.assert_versions_held(written bigint, expected bigint)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE
AS $function$
begin
  if written <> expected then
    raise exception 'Of % feature states % were changed by somebody else since they were read',
      expected, expected - written using errcode = 'serialization_failure';
  end if;
  return true;
end $function$;

CREATE OR REPLACE FUNCTION public.ledger_apply_ended_holds()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.ledger_apply_new_holds()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
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
end $function$;

CREATE OR REPLACE FUNCTION public.ledger_apply_postings()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
declare
  broken   record;
  are_whole boolean;
  expected bigint;
  moved    bigint;
begin
  select bool_and(is_whole), (select count(*) from (select distinct tenant_id, account_id, currency from new_postings) d)
    into are_whole, expected
    from (select bool_and(total = 0) and min(first_leg) = 1 and max(last_leg) = sum(legs)
                 and exists (select 1 from transfers t
                              where t.tenant_id = c.tenant_id and t.transfer_id = c.transfer_id
                                and t.kind in ('post', 'hold_post')) as is_whole
            from (select tenant_id, transfer_id, sum(amount_minor) as total, min(leg) as first_leg,
                         max(leg) as last_leg, count(*) as legs
                    from new_postings group by tenant_id, transfer_id, currency) c
           group by tenant_id, transfer_id) t;
  if expected = 0 then
    return null;
  end if;

  if not are_whole then
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

    select p.tenant_id, p.transfer_id into broken from new_postings p
     where not exists (select 1 from transfers t
                        where t.tenant_id = p.tenant_id and t.transfer_id = p.transfer_id
                          and t.kind in ('post', 'hold_post'))
     limit 1;
    raise exception 'Postings name transfer %, which is not there or moves nothing', broken.transfer_id
      using errcode = 'foreign_key_violation', constraint = 'postings_transfer';
  end if;

  -- One order for everybody, or two statements over the same accounts could wait for each other.
  perform 1
     from accounts a
     join (select distinct tenant_id, account_id from new_postings) p using (tenant_id, account_id)
    order by a.tenant_id, a.account_id
      for no key update of a;

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
end $function$;

CREATE OR REPLACE FUNCTION public.ledger_lock_accounts(tenant_ids text[], account_ids text[])
 RETURNS TABLE(tenant_id text, account_id text, currency text, available_minor bigint)
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
  select a.tenant_id, a.account_id, a.currency, a.balance_minor - a.held_minor
    from accounts a
    join (select distinct * from unnest(tenant_ids, account_ids) as u (tenant_id, account_id)) u
      using (tenant_id, account_id)
   where strpos(',' || current_setting('app.tenants', true) || ',', ',' || a.tenant_id || ',') > 0
   order by a.tenant_id, a.account_id
     for no key update of a
$function$;

CREATE OR REPLACE FUNCTION public.payment_is_sound(status text, method text, decline_by text, amount_minor bigint, captured_minor bigint, refunded_minor bigint, fee_minor bigint, charge_number smallint)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
declare
  broken text;
begin
  broken := case
    when amount_minor > 0 is not true then 'payments_amount_minor_check'
    when fee_minor >= 0 is not true then 'payments_fee_minor_check'
    when charge_number >= 1 is not true then 'payments_charge_number_check'
    when method in ('card', 'wallet') is not true then 'payments_method_check'
    when status in ('processing', 'requires_action', 'in_doubt', 'succeeded', 'partially_refunded', 'refunded',
                    'declined', 'failed') is not true then 'payments_status_check'
    when decline_by in ('risk', 'issuer', 'wallet') is false then 'payments_decline_by_check'
    when (status = 'declined') <> (decline_by is not null) then 'payments_decline_has_a_code'
    when captured_minor between 0 and amount_minor is not true then 'payments_capture_within_amount'
    when refunded_minor between 0 and captured_minor is not true then 'payments_refund_within_capture'
    when (captured_minor > 0) <> (status in ('succeeded', 'partially_refunded', 'refunded'))
      then 'payments_capture_means_success'
    when status <> case when refunded_minor = 0 then status
                        when refunded_minor < captured_minor then 'partially_refunded'
                        else 'refunded' end
      or (refunded_minor = 0 and status in ('partially_refunded', 'refunded')) then 'payments_status_tells_refunds'
  end;
  if broken is not null then
    raise exception 'A payment that is % breaks the rule %', status, broken
      using errcode = 'check_violation', constraint = broken, table = 'payments';
  end if;
  return true;
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is append-only: % is not allowed', tg_table_name, lower(tg_op)
    using errcode = 'insufficient_privilege';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_payment_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'Payment % is % and cannot become %, nor change its amount', old.payment_id, old.status, new.status
    using errcode = 'check_violation', constraint = 'payments_final_is_final';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_refund_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'Refund % is % and cannot become %, nor change its amount', old.refund_id, old.status, new.status
    using errcode = 'check_violation', constraint = 'refunds_final_is_final';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_wallet_top_up_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'Top-up % is % and cannot become %, nor change its amount', old.top_up_id, old.status, new.status
    using errcode = 'check_violation', constraint = 'wallet_top_ups_final_is_final';
end $function$;

CREATE OR REPLACE FUNCTION public.refuse_wallet_transfer_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'Transfer % is % and cannot become %, nor change its amount', old.transfer_id, old.status, new.status
    using errcode = 'check_violation', constraint = 'wallet_transfers_final_is_final';
end $function$;

-- Triggers

CREATE TRIGGER approval_decisions_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON approval_decisions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER audit_events_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER challenger_models_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON challenger_models FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER holds_apply_ended AFTER UPDATE ON holds REFERENCING OLD TABLE AS old_holds NEW TABLE AS new_holds FOR EACH STATEMENT EXECUTE FUNCTION ledger_apply_ended_holds();

CREATE TRIGGER holds_apply_new AFTER INSERT ON holds REFERENCING NEW TABLE AS new_holds FOR EACH STATEMENT EXECUTE FUNCTION ledger_apply_new_holds();

CREATE TRIGGER model_promotions_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON model_promotions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER payment_labels_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON payment_labels FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER payments_final_is_final AFTER UPDATE ON payments FOR EACH ROW WHEN (old.status <> new.status AND ((old.status = ANY (ARRAY['declined'::text, 'failed'::text, 'refunded'::text])) OR new.status = 'processing'::text OR (old.status = ANY (ARRAY['succeeded'::text, 'partially_refunded'::text])) AND (new.status <> ALL (ARRAY['partially_refunded'::text, 'refunded'::text])) OR old.status = 'in_doubt'::text AND new.status = 'requires_action'::text) OR old.amount_minor <> new.amount_minor OR old.currency <> new.currency OR new.refunded_minor < old.refunded_minor) EXECUTE FUNCTION refuse_payment_change();

CREATE TRIGGER postings_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON postings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER postings_apply AFTER INSERT ON postings REFERENCING NEW TABLE AS new_postings FOR EACH STATEMENT EXECUTE FUNCTION ledger_apply_postings();

CREATE TRIGGER refunds_final_is_final BEFORE UPDATE ON refunds FOR EACH ROW WHEN (old.status <> new.status AND (old.status <> ALL (ARRAY['pending_approval'::text, 'processing'::text, 'in_doubt'::text])) OR old.status <> new.status AND new.status = 'pending_approval'::text OR old.status = 'in_doubt'::text AND new.status = 'processing'::text OR new.amount_minor <> old.amount_minor OR new.currency <> old.currency OR new.payment_id <> old.payment_id) EXECUTE FUNCTION refuse_refund_change();

CREATE TRIGGER shadow_scores_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON shadow_scores FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TRIGGER wallet_top_ups_final_is_final BEFORE UPDATE ON wallet_top_ups FOR EACH ROW WHEN (old.status <> new.status AND (old.status <> ALL (ARRAY['charging'::text, 'in_doubt'::text, 'requires_action'::text])) OR new.amount_minor <> old.amount_minor OR new.currency <> old.currency OR new.account_id <> old.account_id) EXECUTE FUNCTION refuse_wallet_top_up_change();

CREATE TRIGGER wallet_transfers_final_is_final BEFORE UPDATE ON wallet_transfers FOR EACH ROW WHEN (old.status <> 'pending_approval'::text OR new.amount_minor <> old.amount_minor OR new.currency <> old.currency OR new.to_amount_minor <> old.to_amount_minor OR new.to_currency <> old.to_currency) EXECUTE FUNCTION refuse_wallet_transfer_change();

-- Row-level security

create policy own_tenants on accounts as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on approval_decisions as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on audit_events as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on customers as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on feature_states as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on holds as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on idempotency_answers as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on idempotency_keys as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on merchants as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on open_payments as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on payment_attempts as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on payment_challenges as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on payment_labels as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on payment_methods as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on payments as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on postings as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on refunds as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on routing_clocks as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on routing_statistics as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on shadow_scores as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on tenant_clocks as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on tenants as permissive for all to mcp_payments_app using (((current_setting('app.tenants'::text, true) = '*'::text) OR (strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)));

create policy own_tenants on transfers as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on wallet_top_ups as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on wallet_transfers as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

create policy own_tenants on worlds as permissive for all to mcp_payments_app using ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0)) with check ((strpos(((','::text || current_setting('app.tenants'::text, true)) || ','::text), ((','::text || tenant_id) || ','::text)) > 0));

-- Grants

grant insert (account_id, currency, kind, may_go_negative, owner_id, tenant_id), select on accounts to mcp_payments_app;
grant insert, select on approval_decisions to mcp_payments_app;
grant execute on function assert_batch(text) to mcp_payments_app;
grant execute on function assert_versions_held(bigint,bigint) to mcp_payments_app;
grant insert, select on audit_events to mcp_payments_app;
grant insert, select on challenger_models to mcp_payments_app;
grant insert, select on customers to mcp_payments_app;
grant insert, select, update on feature_states to mcp_payments_app;
grant insert, select, update (posted_minor, state) on holds to mcp_payments_app;
grant delete, insert, select on idempotency_answers to mcp_payments_app;
grant delete, insert, select on idempotency_keys to mcp_payments_app;
grant execute on function ledger_lock_accounts(text[],text[]) to mcp_payments_app;
grant insert, select on merchants to mcp_payments_app;
grant delete, insert, select, update on open_payments to mcp_payments_app;
grant insert, select on payment_attempts to mcp_payments_app;
grant insert, select on payment_challenges to mcp_payments_app;
grant execute on function payment_is_sound(text,text,text,bigint,bigint,bigint,bigint,smallint) to mcp_payments_app;
grant insert, select on payment_labels to mcp_payments_app;
grant insert, select on payment_methods to mcp_payments_app;
grant insert, select, update on payments to mcp_payments_app;
grant insert, select on postings to mcp_payments_app;
grant insert, select, update (book_id, pinned_at) on providers_book to mcp_payments_app;
grant insert, select, update (answer, checks, failure_code, fee_returned_minor, finished_at, next_check_at, provider_refund_id, status) on refunds to mcp_payments_app;
grant insert, select, update on routing_clocks to mcp_payments_app;
grant insert, select, update on routing_statistics to mcp_payments_app;
grant select on schema_migrations to mcp_payments_app;
grant insert, select on shadow_scores to mcp_payments_app;
grant insert, select on signing_secrets to mcp_payments_app;
grant insert, select, update (ahead_ms) on tenant_clocks to mcp_payments_app;
grant insert, select on tenants to mcp_payments_app;
grant insert, select on transfers to mcp_payments_app;
grant insert, select, update (answer, finished_at, next_check_at, occurred_at_ms, payment_id, status) on wallet_top_ups to mcp_payments_app;
grant insert, select, update (answer, finished_at, status) on wallet_transfers to mcp_payments_app;
grant delete, insert, select on webhook_events to mcp_payments_app;
grant insert, select on worlds to mcp_payments_app;
