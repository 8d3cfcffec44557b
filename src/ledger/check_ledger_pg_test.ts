import { expect } from "expect";
import type { TransactionSql } from "postgres";
import type { Sql } from "../db/pool.ts";
import { openLab, TENANT } from "../payments/testing/open_lab.ts";
import { refund } from "../payments/testing/refund_lab.ts";
import { countViolations, LEDGER_INVARIANTS } from "./check_ledger.ts";

const WALLET = "wallet:cust_ann:USD";
const newHold = (id: string, account: string, amount: number) =>
  `insert into transfers (tenant_id, transfer_id, kind, created_at) values ('${TENANT}', '${id}', 'hold', now());
   insert into holds (tenant_id, hold_id, account_id, currency, amount_minor, state, created_at)
   values ('${TENANT}', '${id}', '${account}', 'USD', ${amount}, 'pending', now());`;

const DECISION =
  "insert into approval_decisions (tenant_id, resource_id, kind, decision, decided_by, decided_via, decided_at)";
const AUDIT = "insert into audit_events (tenant_id, audit_id, at, actor, action, resource, details)";

/** Lies told to the database by its owner with the guards turned off, and the invariants each one breaks. */
const LIES: readonly [what: string, breaks: readonly string[], lie: string][] = [
  [
    "two transfers, each off by what the other is",
    ["postings_sum_to_zero_per_transfer"],
    `update postings set amount_minor = amount_minor + case transfer_id when 'tr_1' then 5 else -5 end
      where account_id = '${WALLET}' and transfer_id in ('tr_1', 'tr_2')`,
  ],
  [
    "money moved between two balances without a posting",
    ["balances_equal_postings"],
    `update accounts set balance_minor = balance_minor + case kind when 'external' then -7 else 7 end
      where account_id in ('external:bank:USD', '${WALLET}')`,
  ],
  [
    "money made from nothing",
    ["balances_equal_postings", "balances_sum_to_zero_per_currency"],
    `update accounts set balance_minor = balance_minor + 1 where account_id = '${WALLET}'`,
  ],
  [
    "an account that is gone",
    ["balances_equal_postings", "balances_sum_to_zero_per_currency"],
    "delete from accounts where account_id = 'merchant:merch_default:USD'",
  ],
  [
    "more held than is there",
    ["no_overdraft"],
    `alter table accounts drop constraint accounts_no_overdraft;
     ${newHold("hold_lie", WALLET, 99_999)}
     update accounts set held_minor = held_minor + 99999 where account_id = '${WALLET}'`,
  ],
  [
    "something held for no hold",
    ["held_equals_pending_holds"],
    `update accounts set held_minor = held_minor + 1 where account_id = '${WALLET}'`,
  ],
  [
    "a hold on an account that does not exist",
    ["held_equals_pending_holds"],
    newHold("hold_lie", "wallet:nobody:USD", 1),
  ],
  ["holds that nothing began", ["holds_end_by_one_transfer"], "delete from transfers where kind = 'hold'"],
  [
    "a posted hold called voided",
    ["holds_end_by_one_transfer"],
    "update holds set state = 'voided', posted_minor = 0 where state = 'posted'",
  ],
  [
    "a hold that says it posted less",
    ["holds_end_by_one_transfer"],
    "update holds set posted_minor = posted_minor - 1 where state = 'posted'",
  ],
  [
    "a transfer that ends a hold which is pending",
    ["holds_end_by_one_transfer"],
    `insert into transfers (tenant_id, transfer_id, kind, hold_id, created_at)
     select tenant_id, 'tr_lie', 'hold_void', hold_id, now() from holds where state = 'pending' limit 1`,
  ],
  [
    "a transfer that ends a hold which never was",
    ["holds_end_by_one_transfer"],
    `insert into transfers (tenant_id, transfer_id, kind, hold_id, created_at)
     values ('${TENANT}', 'tr_lie', 'hold_void', 'hold_none', now())`,
  ],
  [
    "a transfer that moves nothing",
    ["moving_transfers_have_postings"],
    `insert into transfers (tenant_id, transfer_id, kind, created_at) values ('${TENANT}', 'tr_lie', 'post', now())`,
  ],
  [
    "postings of a transfer that only holds",
    ["moving_transfers_have_postings"],
    "update transfers set kind = 'hold' where transfer_id = 'tr_1'",
  ],
  [
    "a payment that succeeded and was never booked",
    ["captured_payments_are_posted_once"],
    "update transfers set payment_id = null where kind = 'post'",
  ],
  [
    "a payment that says it captured less",
    ["captured_payments_are_posted_once"],
    "update payments set captured_minor = captured_minor - 1 where captured_minor > 0 and merchant_id = 'merch_default'",
  ],
  [
    "a booked payment called declined",
    ["captured_payments_are_posted_once"],
    `update payments set status = 'declined', captured_minor = 0, decline_by = 'issuer'
      where method = 'card' and status = 'succeeded' and merchant_id = 'merch_default'`,
  ],
  ["open payments that nobody will finish", ["open_payments_are_listed"], "delete from open_payments"],
  [
    "an open payment that does not exist",
    ["open_payments_are_listed"],
    `insert into open_payments (tenant_id, payment_id, next_check_at) values ('${TENANT}', 'pay_none', now())`,
  ],
  [
    "money held for a payment that has failed",
    ["held_for_open_payments_only"],
    `update payments set status = 'failed' where method = 'wallet' and status = 'processing';
     delete from open_payments o using payments p where p.payment_id = o.payment_id and p.status = 'failed'`,
  ],
  [
    "one charge for two payments",
    ["one_charge_for_one_payment"],
    `update payments set provider = 'northbank', provider_charge_id = 'ch_1' where method = 'card'`,
  ],
  [
    "payments nobody audited",
    ["payments_are_audited"],
    "delete from audit_events where action = 'payment.accepted'",
  ],
  [
    "a payment that says it gave back less",
    ["refunds_within_captured"],
    "update payments set refunded_minor = refunded_minor - 1 where refunded_minor > 1",
  ],
  [
    "a refund of more than was captured",
    ["refunds_within_captured", "refunds_are_booked"],
    `alter table refunds disable trigger user;
     update refunds set amount_minor = 9999 where status = 'in_doubt'`,
  ],
  [
    "a refund that gave back more of the fee than it said",
    ["refunds_are_booked"],
    "update refunds set fee_returned_minor = fee_returned_minor - 1 where fee_returned_minor > 0 and status = 'succeeded'",
  ],
  [
    "a refund in doubt that is called failed, and still holds money",
    ["refunds_are_booked"],
    "update refunds set status = 'failed', next_check_at = null where status = 'in_doubt'",
  ],
  [
    "one provider refund for two refunds",
    ["one_provider_refund_for_one_refund"],
    "update refunds set provider = 'northbank', provider_refund_id = 're_1' where provider is not null",
  ],
  [
    "refunds nobody audited",
    ["refunds_are_audited"],
    "delete from audit_events where action = 'refund.processing'",
  ],
  [
    "a wallet transfer that moved nothing",
    ["wallet_transfers_are_booked"],
    `${newTransfer("posted")};
     insert into audit_events (tenant_id, audit_id, at, actor, action, resource, details)
     values ('${TENANT}', 'aud_lie_1', now(), 'x', 'transfer.posted', 'tr_lie', '{}')`,
  ],
  ["a wallet transfer nobody audited", ["wallet_transfers_are_audited"], newTransfer("refused")],
  [
    "a top-up that reached no wallet",
    ["wallet_top_ups_are_credited_once"],
    `insert into wallet_top_ups (tenant_id, top_up_id, status, account_id, customer_id, currency, amount_minor,
                                 principal, request_hash, occurred_at_ms, next_check_at, created_at)
     values ('${TENANT}', 'top_lie', 'succeeded', '${WALLET}', 'cust_ann', 'USD', 5, 'x', 'x', 0, now(), now())`,
  ],
  [
    "a decision about nothing that waited",
    ["what_waited_for_a_person_is_decided"],
    `${DECISION} values ('${TENANT}', 're_lie', 'refund', 'approved', 'x', 'dashboard', now());
     ${AUDIT} values ('${TENANT}', 'aud_lie_2', now(), 'x', 'refund.approved', 're_lie', '{}')`,
  ],
  [
    "a held transfer that nobody rejected",
    ["what_waited_for_a_person_is_decided"],
    `${waitedTransfer("rejected")}`,
  ],
  [
    "a held transfer with another decision than it came to",
    ["what_waited_for_a_person_is_decided"],
    `${waitedTransfer("rejected")};
     ${DECISION} values ('${TENANT}', 'tr_lie', 'transfer', 'expired', 'system', 'expiry', now());
     ${AUDIT} values ('${TENANT}', 'aud_lie_2', now(), 'system', 'transfer.expired', 'tr_lie', '{}')`,
  ],
  [
    "a decision that the audit log gives to somebody else",
    ["what_waited_for_a_person_is_decided"],
    `${waitedTransfer("rejected")};
     ${DECISION} values ('${TENANT}', 'tr_lie', 'transfer', 'rejected', 'maria', 'dashboard', now());
     ${AUDIT} values ('${TENANT}', 'aud_lie_2', now(), 'otto', 'transfer.rejected', 'tr_lie', '{}')`,
  ],
];

/** One that was held for a person, and audited when it was. */
function waitedTransfer(status: string): string {
  return `${newTransfer(status)};
          alter table wallet_transfers disable trigger user;
          update wallet_transfers set expires_at = now(), answer = '{}' where transfer_id = 'tr_lie';
          alter table wallet_transfers enable trigger user;
          ${AUDIT} values ('${TENANT}', 'aud_lie_1', now(), 'x', 'transfer.pending_approval', 'tr_lie', '{}')`;
}

function newTransfer(status: string): string {
  return `insert into wallet_transfers (tenant_id, transfer_id, status, from_account_id, to_account_id, currency,
            amount_minor, to_currency, to_amount_minor, amount_usd, principal, request_hash, risk_score,
            occurred_at_ms, created_at)
          values ('${TENANT}', 'tr_lie', '${status}', '${WALLET}', 'wallet:cust_ben:USD', 'USD', 5, 'USD', 5, 0.05, 'x',
                  'x', 1, 0, now())`;
}

const GUARDED = ["accounts", "transfers", "postings", "holds", "payments", "open_payments", "audit_events"];

Deno.test("checkLedger() finds each planted violation, and nothing else", async (t) => {
  await using lab = await openLab({ providerTimeoutMs: 300 });
  for (const id of ["tr_1", "tr_2"]) {
    await lab.fundWallet("cust_ann", 10_000n);
    await lab.owner.begin(async (sql) => {
      await withoutGuards(sql);
      await sql`update postings set transfer_id = ${id} where transfer_id like 'tr_funding%'`;
      await sql`update transfers set transfer_id = ${id} where transfer_id like 'tr_funding%'`;
      for (const table of GUARDED) await sql`alter table ${sql(table)} enable trigger user`;
    });
  }
  const refunded = await lab.pay({ amountMinor: 10_000n, merchantId: "merch_de" });
  await refund(lab, { paymentId: refunded.answer.payment_id, amount: 60 });
  const inDoubt = await lab.pay({
    paymentMethodId: "pm_card_refund_reply_lost",
    merchantId: "merch_de",
  });
  await refund(lab, { paymentId: inDoubt.answer.payment_id });
  await lab.pay({ customerId: "cust_ben", currency: "EUR" });
  await lab.pay({ paymentMethodId: "pm_card_declined" });
  await lab.pay({ method: "wallet" });
  await lab.crashedPayment();
  await lab.crashedPayment({ method: "wallet" });
  expect(await lab.brokenInvariants()).toEqual([]);

  for (const [what, breaks, lie] of LIES) {
    await t.step(`${what}: ${breaks.join(", ")}`, async () => {
      const found = await whatIsBrokenBy(lie, lab.owner);
      expect(found.sort()).toEqual([...breaks].sort());
    });
  }
  await t.step("every invariant was broken by something", () => {
    const broken = new Set(LIES.flatMap(([, breaks]) => breaks));
    expect(LEDGER_INVARIANTS.map(({ name }) => name).filter((name) => !broken.has(name))).toEqual([]);
  });
  expect(await lab.brokenInvariants()).toEqual([]);
});

/** Rolled back: a lie does not outlive its case. */
async function whatIsBrokenBy(lie: string, owner: Sql): Promise<string[]> {
  let broken: string[] = [];
  await openTransaction(owner, async (sql) => {
    await withoutGuards(sql);
    await sql.unsafe(lie).simple();
    const results = await countViolations(sql);
    for (const { violations, examples } of results) expect(examples.length).toBe(Math.min(3, violations));
    broken = results.filter(({ violations }) => violations > 0).map(({ name }) => name);
  });
  return broken;
}

async function openTransaction(
  owner: Sql,
  work: (sql: TransactionSql) => Promise<void>,
): Promise<void> {
  const undo = new Error("undo");
  await owner.begin(async (sql) => {
    await work(sql);
    throw undo;
  }).catch((error) => {
    if (error !== undo) throw error;
  });
}

async function withoutGuards(sql: TransactionSql): Promise<void> {
  for (const table of GUARDED) await sql`alter table ${sql(table)} disable trigger user`;
}
