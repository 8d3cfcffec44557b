-- Refunds, payments that wait for a 3-D Secure challenge, and who was found to have lied about a refund.
--
-- A refund is stored, with its money held in the merchant's account, before the provider is asked; the payment's row
-- changes when it is known what came of it. So no two refunds can promise the same money, and none is booked that the
-- merchant cannot pay. What is open is found by the two small partial indexes.
--
-- payment_challenges has a row only for payments that were challenged: the ordinary path writes nothing here.
--
-- A final payment may still be refunded: partially_refunded and refunded follow succeeded, and are final like it.
--
-- webhook_events gets an index of the few events that tell of a dispute: get_payment_status looks them up.
--
-- Locks: payments and payment_attempts, exclusively: their conditions are read against all rows once (about a second for
-- each million). Otherwise creates new objects only.

alter table payments
  drop constraint payments_status_check,
  drop constraint payments_capture_means_success,
  add constraint payments_status_check
    check (status in ('processing', 'requires_action', 'in_doubt', 'succeeded', 'partially_refunded', 'refunded',
                      'declined', 'failed')),
  add constraint payments_capture_means_success
    check ((captured_minor > 0) = (status in ('succeeded', 'partially_refunded', 'refunded'))),
  add constraint payments_status_tells_refunds
    check (case when refunded_minor = 0 then status not in ('partially_refunded', 'refunded')
                when refunded_minor < captured_minor then status = 'partially_refunded'
                else status = 'refunded' end);

-- What is final stays, but for money that is given back; and that is never taken back again.
drop trigger payments_final_is_final on payments;
create trigger payments_final_is_final before update on payments for each row
  when ((old.status <> new.status
         and (old.status in ('declined', 'failed', 'refunded') or new.status = 'processing'
              or (old.status in ('succeeded', 'partially_refunded')
                  and new.status not in ('partially_refunded', 'refunded'))
              or (old.status = 'in_doubt' and new.status = 'requires_action')))
        or old.amount_minor <> new.amount_minor or old.currency <> new.currency
        or new.refunded_minor < old.refunded_minor)
  execute function refuse_payment_change();

alter table payment_attempts drop constraint payment_attempts_outcome_check;
alter table payment_attempts
  add constraint payment_attempts_outcome_check
    check (outcome in ('approved', 'declined', 'refused', 'unknown', 'voided', 'requires_action'));

create table payment_challenges (
  tenant_id    text not null,
  payment_id   text not null,
  asked_by     text not null check (asked_by in ('issuer', 'risk')),
  challenge_id text,                       -- the provider's; null where a wallet pays
  created_at   timestamptz not null,
  expires_at   timestamptz not null,
  primary key (tenant_id, payment_id)
);

create table refunds (
  tenant_id          text not null,
  refund_id          text not null,
  payment_id         text not null,
  customer_id        text not null,
  status             text not null check (status in ('pending_approval', 'processing', 'in_doubt', 'succeeded',
                                                     'refused', 'rejected', 'expired', 'failed')),
  currency           text not null,
  amount_minor       bigint not null check (amount_minor > 0),
  fee_returned_minor bigint not null default 0 check (fee_returned_minor between 0 and amount_minor),
  amount_usd         double precision not null,  -- at the fixed reference rate: for the score, never for booking
  reason             text not null,              -- as the score knows it
  note               text,                       -- as the caller gave it
  provider           text,                       -- null: to the wallet that paid
  provider_refund_id text,
  failure_code       text,
  principal          text not null,
  idempotency_key    text,
  request_hash       text not null,
  requested_at_ms    bigint not null,            -- the request's own time, simulated or not
  risk_score         real,                       -- null for history from before there was a score
  abuse_probability  double precision,
  decision           text check (decision in ('approve', 'review', 'refuse')),
  model_version      text,
  found_untrue_at    timestamptz,                -- when somebody found out that the reason was a lie
  answer             text,                       -- to the letter: of one that waits, or has waited, for a person
  expires_at         timestamptz,
  checks             integer not null default 0,
  next_check_at      timestamptz,
  created_at         timestamptz not null,
  finished_at        timestamptz,
  primary key (tenant_id, refund_id),
  constraint refunds_open_are_due
    check ((status in ('processing', 'in_doubt')) = (next_check_at is not null)),
  constraint refunds_pending_expire
    check (status <> 'pending_approval' or (answer is not null and expires_at is not null))
);
create index refunds_by_payment on refunds (tenant_id, payment_id);
create index refunds_by_customer on refunds (tenant_id, customer_id, requested_at_ms);
create index refunds_open on refunds (next_check_at) where status in ('processing', 'in_doubt');
create index refunds_pending on refunds (expires_at) where status = 'pending_approval';

create index webhook_events_of_disputes on webhook_events (provider, charge_key) where type = 'charge.disputed';

create function refuse_refund_change() returns trigger language plpgsql as $$
begin
  raise exception 'Refund % is % and cannot become %, nor change its amount', old.refund_id, old.status, new.status
    using errcode = 'check_violation', constraint = 'refunds_final_is_final';
end $$;
revoke execute on function refuse_refund_change() from public;
create trigger refunds_final_is_final before update on refunds for each row
  when ((old.status <> new.status and old.status not in ('pending_approval', 'processing', 'in_doubt'))
        or (old.status <> new.status and new.status = 'pending_approval')
        or (old.status = 'in_doubt' and new.status = 'processing')
        or new.amount_minor <> old.amount_minor or new.currency <> old.currency
        or new.payment_id <> old.payment_id)
  execute function refuse_refund_change();

grant select, insert on payment_challenges, refunds to mcp_payments_app;
grant update (status, fee_returned_minor, provider_refund_id, failure_code, answer, checks, next_check_at, finished_at)
   on refunds to mcp_payments_app;
