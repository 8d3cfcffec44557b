import { expect } from "expect";
import type { Sql } from "../db/pool.ts";
import { setTenants } from "../db/tenant_scope.ts";
import { openPool } from "../db/pool.ts";
import { openLab, TENANT } from "../payments/testing/open_lab.ts";

/** What PostgreSQL says to a statement: the constraint that refused it, else the error's code; `ok` when it passes. */
async function verdictOf(sql: Sql, statements: string): Promise<string> {
  try {
    await sql.begin((transaction) => transaction.unsafe(statements).simple());
    return "ok";
  } catch (error) {
    const { constraint_name: constraint, code } = error as { constraint_name?: string; code?: string };
    return constraint ?? code ?? String(error);
  }
}

const PERMISSION_DENIED = "42501";
const transfer = (id: string, kind = "post") =>
  `insert into transfers (tenant_id, transfer_id, kind, created_at) values ('${TENANT}', '${id}', '${kind}', now());`;
const postings = (id: string, ...legs: [account: string, currency: string, amount: number | string][]) =>
  `insert into postings (tenant_id, transfer_id, leg, account_id, currency, amount_minor) values ${
    legs.map(([account, currency, amount], i) =>
      `('${TENANT}', '${id}', ${i + 1}, '${account}', '${currency}', ${amount})`
    ).join(", ")
  };`;
const holdRow = (id: string, amount: number, account = WALLET) =>
  transfer(id, "hold") +
  `insert into holds (tenant_id, hold_id, account_id, currency, amount_minor, state, created_at)
   values ('${TENANT}', '${id}', '${account}', 'USD', ${amount}, 'pending', now());`;

const WALLET = "wallet:cust_ann:USD";
const BANK = "external:bank:USD";
const EURO = "external:bank:EUR";

/** Each as the server's own role, over a wallet of 100.00 USD with 30.00 of it held by `hold_a`. */
const CASES: readonly [what: string, expected: string, statements: string][] = [
  [
    "a balanced transfer",
    "ok",
    transfer("tr_ok") + postings("tr_ok", [BANK, "USD", -5], [WALLET, "USD", 5]),
  ],
  [
    "a transfer that balances in two currencies",
    "ok",
    transfer("tr_fx") +
    postings("tr_fx", [BANK, "USD", -5], [WALLET, "USD", 5], [EURO, "EUR", -7], [
      "fees:northbank:EUR",
      "EUR",
      7,
    ]),
  ],
  [
    "postings that do not sum to zero",
    "postings_sum_to_zero",
    transfer("tr_1") + postings("tr_1", [BANK, "USD", -5], [WALLET, "USD", 6]),
  ],
  [
    "one posting alone",
    "postings_sum_to_zero",
    transfer("tr_1") + postings("tr_1", [BANK, "USD", -5]),
  ],
  [
    "postings that sum to zero over two currencies only",
    "postings_sum_to_zero",
    transfer("tr_1") + postings("tr_1", [BANK, "USD", -5], [EURO, "EUR", 5]),
  ],
  [
    "two transfers in one statement that balance only together",
    "postings_sum_to_zero",
    transfer("tr_1") + transfer("tr_2") +
    `insert into postings values ('${TENANT}', 'tr_1', 1, '${BANK}', 'USD', -5), ('${TENANT}', 'tr_2', 1, '${WALLET}', 'USD', 5);`,
  ],
  [
    "postings added to a transfer later",
    "postings_in_one_statement",
    `insert into postings values ('${TENANT}', 'tr_before', 3, '${BANK}', 'USD', -5), ('${TENANT}', 'tr_before', 4, '${WALLET}', 'USD', 5);`,
  ],
  [
    "a posting of nothing",
    "postings_amount_minor_check",
    transfer("tr_1") + postings("tr_1", [BANK, "USD", 0], [WALLET, "USD", 0]),
  ],
  [
    "a posting to an unknown account",
    "postings_account",
    transfer("tr_1") + postings("tr_1", [BANK, "USD", -5], ["wallet:nobody:USD", "USD", 5]),
  ],
  [
    "a posting to an account of another currency",
    "postings_account",
    transfer("tr_1") + postings("tr_1", [BANK, "EUR", -5], [WALLET, "EUR", 5]),
  ],
  [
    "a posting without its transfer",
    "postings_transfer",
    postings("tr_none", [BANK, "USD", -5], [WALLET, "USD", 5]),
  ],
  [
    "a posting of a transfer that only holds",
    "postings_transfer",
    transfer("tr_1", "hold") + postings("tr_1", [BANK, "USD", -5], [WALLET, "USD", 5]),
  ],
  [
    "a posting larger than a balance can be",
    "22003",
    transfer("tr_1") + transfer("tr_2") +
    postings("tr_1", [BANK, "USD", "-9223372036854775807"], [WALLET, "USD", "9223372036854775807"]),
  ],
  [
    "an overdraft",
    "accounts_no_overdraft",
    transfer("tr_1") + postings("tr_1", [WALLET, "USD", -10_001], [BANK, "USD", 10_001]),
  ],
  [
    "spending what is held",
    "accounts_no_overdraft",
    transfer("tr_1") + postings("tr_1", [WALLET, "USD", -7_001], [BANK, "USD", 7_001]),
  ],
  ["holding more than is available", "accounts_no_overdraft", holdRow("hold_b", 7_001)],
  ["holding exactly what is available", "ok", holdRow("hold_b", 7_000)],
  ["a hold of nothing", "holds_amount_minor_check", holdRow("hold_b", 0)],
  ["a hold on an unknown account", "holds_account", holdRow("hold_b", 1, "wallet:nobody:USD")],
  [
    "a hold that begins as voided",
    "holds_begin_pending",
    holdRow("hold_b", 1).replace("'pending'", "'voided'"),
  ],
  [
    "ending a hold twice, as voided",
    "holds_end_once",
    "update holds set state = 'voided' where hold_id = 'hold_a'; update holds set state = 'voided' where hold_id = 'hold_a';",
  ],
  [
    "ending a hold twice, first voided, then posted",
    "holds_end_once",
    "update holds set state = 'voided' where hold_id = 'hold_a'; update holds set state = 'posted' where hold_id = 'hold_a';",
  ],
  [
    "taking a voided hold back",
    "holds_end_once",
    "update holds set state = 'voided' where hold_id = 'hold_a'; update holds set state = 'pending' where hold_id = 'hold_a';",
  ],
  [
    "posting more than is held",
    "holds_posted_within_amount",
    "update holds set state = 'posted', posted_minor = 3001 where hold_id = 'hold_a';",
  ],
  [
    "two transfers that end one hold",
    "transfers_end_a_hold_once",
    ["tr_1", "tr_2"].map((id) =>
      `insert into transfers (tenant_id, transfer_id, kind, hold_id, created_at) values ('${TENANT}', '${id}', 'hold_void', 'hold_a', now());`
    ).join(""),
  ],
  [
    "a merchant's account that may go negative",
    "accounts_overdraft_by_kind",
    `insert into accounts (tenant_id, account_id, owner_id, kind, currency, may_go_negative) values ('${TENANT}', 'm', 'm', 'merchant', 'USD', true);`,
  ],
  [
    "opening an account with money in it",
    PERMISSION_DENIED,
    `insert into accounts (tenant_id, account_id, owner_id, kind, currency, may_go_negative, balance_minor) values ('${TENANT}', 'w', 'w', 'wallet', 'USD', false, 100);`,
  ],
  ["changing a balance", PERMISSION_DENIED, "update accounts set balance_minor = balance_minor + 1;"],
  ["changing what is held", PERMISSION_DENIED, "update accounts set held_minor = 0;"],
  ["removing an account", PERMISSION_DENIED, "delete from accounts;"],
  ["changing a hold's amount", PERMISSION_DENIED, "update holds set amount_minor = 1;"],
  ["removing a hold", PERMISSION_DENIED, "delete from holds;"],
  ["changing a transfer", PERMISSION_DENIED, "update transfers set payment_id = null;"],
  ["removing a transfer", PERMISSION_DENIED, "delete from transfers;"],
  ...["postings", "audit_events"].flatMap((table): [string, string, string][] => [
    [`changing ${table}`, PERMISSION_DENIED, `update ${table} set tenant_id = 'x';`],
    [`removing ${table}`, PERMISSION_DENIED, `delete from ${table};`],
    [`emptying ${table}`, PERMISSION_DENIED, `truncate ${table};`],
  ]),
  ["removing a payment", PERMISSION_DENIED, "delete from payments;"],
  [
    "taking a finished payment back",
    "payments_final_is_final",
    "update payments set status = 'processing', captured_minor = 0;",
  ],
  [
    "failing a succeeded payment",
    "payments_final_is_final",
    "update payments set status = 'failed', captured_minor = 0;",
  ],
  [
    "changing a payment's amount",
    "payments_final_is_final",
    "update payments set amount_minor = amount_minor + 1;",
  ],
  [
    "capturing more than the amount",
    "payments_capture_within_amount",
    "update payments set captured_minor = amount_minor + 1;",
  ],
  [
    "refunding more than was captured",
    "payments_refund_within_capture",
    "update payments set refunded_minor = captured_minor + 1;",
  ],
  [
    "calling a payment declined without a decline",
    "payments_decline_has_a_code",
    "update payments set decline_by = 'risk';",
  ],
  ["a decline by nobody known", "payments_decline_by_check", "update payments set decline_by = 'somebody';"],
  [
    "a succeeded payment without money",
    "payments_capture_means_success",
    "update payments set captured_minor = 0;",
  ],
  [
    "a refund that the status does not tell",
    "payments_status_tells_refunds",
    "update payments set refunded_minor = captured_minor;",
  ],
  [
    "a refund in part that the status calls whole",
    "payments_status_tells_refunds",
    "update payments set status = 'refunded', refunded_minor = 1;",
  ],
  ["a fee below zero", "payments_fee_minor_check", "update payments set fee_minor = -1;"],
  ["an unknown status", "payments_status_check", "update payments set status = 'paid';"],
  [
    "turning the ledger's triggers off",
    PERMISSION_DENIED,
    "alter table postings disable trigger all;",
  ],
  [
    "turning triggers off for the session",
    PERMISSION_DENIED,
    "set session_replication_role = replica;",
  ],
  ["making a table", PERMISSION_DENIED, "create table own (a int);"],
  ["making a temporary table", PERMISSION_DENIED, "create temporary table own (a int);"],
];

Deno.test("PostgreSQL itself refuses what the ledger forbids, to the server's role", async (t) => {
  await using lab = await openLab();
  await lab.fundWallet("cust_ann", 10_000n);
  await lab.fundWallet("cust_ben", 100n, "EUR");
  await lab.pay({ currency: "EUR", customerId: "cust_ben" });
  const app = openPool({ url: lab.database.appUrl, max: 1, applicationName: "guards" });
  await app.unsafe(setTenants(TENANT));
  await app.unsafe(
    `insert into accounts (tenant_id, account_id, owner_id, kind, currency, may_go_negative)
     values ('${TENANT}', 'fees:northbank:EUR', 'northbank', 'fees', 'EUR', true) on conflict do nothing`,
  );
  await app.unsafe(
    transfer("tr_before") + postings("tr_before", [BANK, "USD", -5], [WALLET, "USD", 5]) +
      transfer("tr_undo") + postings("tr_undo", [WALLET, "USD", -5], [BANK, "USD", 5]) +
      holdRow("hold_a", 3_000),
  ).simple();
  expect(await lab.balanceOf({ accountId: WALLET, ownerId: "", kind: "wallet", currency: "USD" }))
    .toEqual({ balance: 10_000n, held: 3_000n });
  try {
    for (const [what, expected, statements] of CASES) {
      await t.step(`${what}: ${expected}`, async () => {
        // Rolled back at the end, so that each case begins from the same state.
        const verdict = await verdictOf(
          app,
          expected === "ok"
            ? `${statements} do $$ begin raise exception using errcode = 'TE000'; end $$`
            : statements,
        );
        expect(verdict).toBe(expected === "ok" ? "TE000" : expected);
      });
    }
  } finally {
    await app.end();
  }
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("postings and audit rows are append-only for their owner too", async (t) => {
  await using lab = await openLab();
  await lab.pay();
  for (const table of ["postings", "audit_events"]) {
    for (
      const statement of [`update ${table} set tenant_id = 'x'`, `delete from ${table}`, `truncate ${table}`]
    ) {
      await t.step(statement, async () => {
        expect(await verdictOf(lab.owner, statement)).toBe(PERMISSION_DENIED);
      });
    }
  }
});

Deno.test("the server's role owns nothing and may run no function it was not given", async () => {
  await using lab = await openLab();
  const owned = await lab.owner<{ what: string }[]>`
    select 'relation ' || relname as what from pg_class where pg_get_userbyid(relowner) = 'mcp_payments_app'
     union all
    select 'function ' || proname from pg_proc where pg_get_userbyid(proowner) = 'mcp_payments_app'
     union all
    select 'schema ' || nspname from pg_namespace where pg_get_userbyid(nspowner) = 'mcp_payments_app'
     union all
    select 'type ' || typname from pg_type where pg_get_userbyid(typowner) = 'mcp_payments_app'
     union all
    select 'database ' || datname from pg_database where pg_get_userbyid(datdba) = 'mcp_payments_app'
     union all
    select 'member of ' || pg_get_userbyid(roleid) from pg_auth_members
     where pg_get_userbyid(member) = 'mcp_payments_app'
     union all
    select 'attribute of the role' from pg_roles
     where rolname = 'mcp_payments_app' and (rolsuper or rolcreatedb or rolcreaterole or rolbypassrls or rolreplication)`;
  expect(owned.map(({ what }) => what)).toEqual([]);
  const runnable = await lab.owner<{ name: string }[]>`
    select proname as name from pg_proc
     where pronamespace = 'public'::regnamespace and has_function_privilege('mcp_payments_app', oid, 'execute')
     order by proname`;
  expect(runnable.map(({ name }) => name)).toEqual([
    "assert_batch",
    "assert_versions_held",
    "ledger_lock_accounts",
    "payment_is_sound",
  ]);
});

Deno.test("the published views have the columns auditors were promised", async () => {
  await using lab = await openLab();
  const rows = await lab.owner<{ view: string; columns: string[] }[]>`
    select table_name as view, array_agg(column_name::text order by ordinal_position) as columns
      from information_schema.columns where table_name in ('v_postings', 'v_balances', 'v_payments')
     group by table_name order by table_name`;
  expect(Object.fromEntries(rows.map(({ view, columns }) => [view, columns.join(", ")]))).toEqual({
    v_balances: "tenant_id, account_id, owner_id, currency, balance_minor",
    v_payments:
      "tenant_id, payment_id, status, currency, amount_minor, captured_minor, refunded_minor, provider, " +
      "provider_charge_id, idempotency_key, customer_id, risk_score, created_at",
    v_postings: "tenant_id, transfer_id, account_id, currency, amount_minor",
  });
});
