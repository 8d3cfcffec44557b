-- Transfers between wallets, top-ups, and what is needed to show a wallet's history.
--
-- wallet_transfers says who sent whom how much and how it was judged; the money itself is in the ledger under the same
-- transfer_id (a pending one is a hold). It is also the history that the risk patterns are computed from: the two
-- indexes give a wallet's latest transfers in either direction, so judging costs two short index reads however much a
-- wallet has moved.
--
-- signing_secrets holds the key of approval tokens, so that every server on this database takes a token that any of
-- them gave.
--
-- Locks: postings, against writes, while its partial index is built (seconds for ten million rows); otherwise creates
-- new objects only.

create table wallet_transfers (
  tenant_id       text not null,
  transfer_id     text not null,
  status          text not null check (status in ('posted', 'pending_approval', 'refused', 'expired')),
  from_account_id text not null,
  to_account_id   text not null,
  currency        text not null,
  amount_minor    bigint not null check (amount_minor > 0),
  to_currency     text not null,
  to_amount_minor bigint not null check (to_amount_minor > 0),
  amount_usd      double precision not null,  -- at the fixed reference rate: for patterns, never for booking
  memo            text,
  principal       text not null,
  idempotency_key text,
  request_hash    text not null,
  risk_score      real not null,
  occurred_at_ms  bigint not null,            -- the transfer's own time, simulated or not
  answer          text,                       -- to the letter: of one that waits for approval, or has waited
  expires_at      timestamptz,
  created_at      timestamptz not null,
  finished_at     timestamptz,
  primary key (tenant_id, transfer_id),
  constraint wallet_transfers_two_accounts check (from_account_id <> to_account_id),
  constraint wallet_transfers_pending_expires
    check (status <> 'pending_approval' or (answer is not null and expires_at is not null))
);
create index wallet_transfers_sent on wallet_transfers (tenant_id, from_account_id, occurred_at_ms);
create index wallet_transfers_received on wallet_transfers (tenant_id, to_account_id, occurred_at_ms);
create index wallet_transfers_pending on wallet_transfers (expires_at) where status = 'pending_approval';

-- What is final stays.
create function refuse_wallet_transfer_change() returns trigger language plpgsql as $$
begin
  raise exception 'Transfer % is % and cannot become %, nor change its amount', old.transfer_id, old.status, new.status
    using errcode = 'check_violation', constraint = 'wallet_transfers_final_is_final';
end $$;
revoke execute on function refuse_wallet_transfer_change() from public;
create trigger wallet_transfers_final_is_final before update on wallet_transfers for each row
  when (old.status <> 'pending_approval' or new.amount_minor <> old.amount_minor or new.currency <> old.currency
        or new.to_amount_minor <> old.to_amount_minor or new.to_currency <> old.to_currency)
  execute function refuse_wallet_transfer_change();

create table wallet_top_ups (
  tenant_id         text not null,
  top_up_id         text not null,
  status            text not null check (status in ('charging', 'succeeded', 'declined', 'failed')),
  account_id        text not null,
  customer_id       text not null,
  currency          text not null,
  amount_minor      bigint not null check (amount_minor > 0),
  payment_method_id text,
  payment_id        text,
  principal         text not null,
  idempotency_key   text,
  request_hash      text not null,
  simulated_at_ms   bigint,                   -- as the caller set it: the charge repeats it
  occurred_at_ms    bigint not null,
  next_check_at     timestamptz not null,
  created_at        timestamptz not null,
  finished_at       timestamptz,
  primary key (tenant_id, top_up_id)
);
create index wallet_top_ups_open on wallet_top_ups (next_check_at) where status = 'charging';

create table signing_secrets (
  purpose text primary key,
  secret  bytea not null check (octet_length(secret) >= 32)
);

-- Wallets' postings only: those of merchants and providers would make each card payment pay for it.
create index postings_of_wallets on postings (tenant_id, account_id) where account_id like 'wallet:%';

grant select, insert on wallet_transfers, wallet_top_ups, signing_secrets to mcp_payments_app;
grant update (status, answer, finished_at) on wallet_transfers to mcp_payments_app;
grant update (status, payment_id, next_check_at, finished_at) on wallet_top_ups to mcp_payments_app;
