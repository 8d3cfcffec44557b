-- What became known of payments later, and where goods were sent.
--
-- payment_labels holds one row for each payment of which somebody came to know that it was fraud, or that it was not: a
-- dispute, a report. reported_at_ms is when that was; known_at_ms is the instant from which the fraud features know it,
-- later than all that the payment's customer, card, device, address and merchant had done by then. The row and their
-- states in feature_states are written in one transaction, so that the features can be rebuilt to the bit. Append-only:
-- the first label of a payment counts, and what comes after it changes nothing.
--
-- Feature states have a new layout; states of the old one are refused, and a folder of data that holds them is filled anew.
--
-- Locks: payments, exclusively, for a column without a default (no row is read); feature_states, exclusively, while its
-- condition is read against all rows (a second for some millions).

alter table payments add column address_id text;

alter table feature_states
  drop constraint feature_states_kind_check,
  add constraint feature_states_kind_check check (kind in ('customer', 'card', 'device', 'address', 'merchant'));

create table payment_labels (
  tenant_id      text not null,
  payment_id     text not null,
  fraud          boolean not null,
  source         text not null,      -- who said so: dispute:northbank, simulation, labels
  reported_at_ms bigint not null,
  known_at_ms    bigint not null check (known_at_ms >= reported_at_ms),
  primary key (tenant_id, payment_id)
);
create trigger payment_labels_append_only before update or delete or truncate on payment_labels
  for each statement execute function refuse_change();

grant select, insert on payment_labels to mcp_payments_app;
