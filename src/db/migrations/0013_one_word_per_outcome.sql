-- One word for one outcome. A person's no is `rejected`, of a refund and of a held transfer alike, and as a decision;
-- `refused` is left to the risk scores, which ask nobody. A top-up whose charge is unknown is `in_doubt`, as a payment is.
--
-- Transfers that a person refused become rejected, and so do the decisions. What was answered under an idempotency key is
-- replayed to the letter and stays as it was, and so does the audit log.
--
-- Locks: approval_decisions, wallet_transfers and wallet_top_ups exclusively, while their conditions are read against all
-- rows once (about a second for each million).

alter table approval_decisions disable trigger approval_decisions_append_only;
alter table approval_decisions drop constraint approval_decisions_decision_check;
update approval_decisions set decision = 'rejected' where decision = 'refused';
alter table approval_decisions
  add constraint approval_decisions_decision_check check (decision in ('approved', 'rejected', 'expired'));
alter table approval_decisions enable trigger approval_decisions_append_only;

alter table wallet_transfers disable trigger wallet_transfers_final_is_final;
alter table wallet_transfers drop constraint wallet_transfers_status_check;
update wallet_transfers t set status = 'rejected'
  from approval_decisions d
 where d.tenant_id = t.tenant_id and d.resource_id = t.transfer_id and d.decision = 'rejected' and t.status = 'refused';
alter table wallet_transfers
  add constraint wallet_transfers_status_check
    check (status in ('posted', 'pending_approval', 'refused', 'rejected', 'expired'));
alter table wallet_transfers enable trigger wallet_transfers_final_is_final;

alter table wallet_top_ups
  drop constraint wallet_top_ups_status_check,
  add constraint wallet_top_ups_status_check
    check (status in ('charging', 'in_doubt', 'requires_action', 'succeeded', 'declined', 'failed'));
drop index wallet_top_ups_open;
create index wallet_top_ups_open on wallet_top_ups (next_check_at)
  where status in ('charging', 'in_doubt', 'requires_action');
-- What may still come into a wallet.
create index wallet_top_ups_arriving on wallet_top_ups (tenant_id, account_id)
  where status in ('charging', 'in_doubt', 'requires_action');
drop trigger wallet_top_ups_final_is_final on wallet_top_ups;
create trigger wallet_top_ups_final_is_final before update on wallet_top_ups for each row
  when ((old.status <> new.status and old.status not in ('charging', 'in_doubt', 'requires_action'))
        or new.amount_minor <> old.amount_minor or new.currency <> old.currency or new.account_id <> old.account_id)
  execute function refuse_wallet_top_up_change();
