import { expect } from "expect";
import { type Lab, openLab, TENANT } from "../payments/testing/open_lab.ts";
import { createPayment } from "../payments/create_payment.ts";
import { refundPayment } from "../payments/refunds/refund_payment.ts";
import { requestOf } from "../payments/testing/open_lab.ts";
import { openPool, type Sql } from "./pool.ts";
import { setTenants } from "./tenant_scope.ts";

const OTHER = "other";
const ROW_REFUSED = "42501";

/** The same customer, payment by card and key in two tenants. */
async function openTwoTenants(): Promise<Lab> {
  const lab = await openLab();
  await lab.owner`
    insert into customers (tenant_id, customer_id, name, email, country, currency, since_ms)
    values (${OTHER}, 'cust_ann', 'Another Ann', 'ann@other.test', 'US', 'USD', 0)`;
  return lab;
}

async function payInBoth(lab: Lab): Promise<string[]> {
  const paid = await Promise.all(
    [TENANT, OTHER].map((tenantId) =>
      createPayment(lab.service, requestOf({ tenantId, idempotencyKey: "order-1" }))
    ),
  );
  return paid.map(({ answer }) => {
    expect({ status: answer.status }).toEqual({ status: "succeeded" });
    return answer.payment_id;
  });
}

function tenantTables(owner: Sql): Promise<{ name: string; protected: boolean; policies: number }[]> {
  return owner<{ name: string; protected: boolean; policies: number }[]>`
    select c.relname as name, c.relrowsecurity as protected,
           (select count(*)::int from pg_policy p where p.polrelid = c.oid) as policies
      from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
       and a.attname = 'tenant_id' and not a.attisdropped
     order by c.relname`;
}

Deno.test("every table with a tenant_id is under row-level security", async () => {
  await using lab = await openLab();
  const tables = await tenantTables(lab.owner);
  expect(tables.length).toBeGreaterThan(20);
  expect(tables.filter((table) => !table.protected || table.policies !== 1)).toEqual([]);
});

Deno.test("the server's role sees nothing without tenants, and only theirs with them", async () => {
  await using lab = await openTwoTenants();
  const [paymentId] = await payInBoth(lab);
  await lab.fundWallet("cust_ann", 1_000n);
  await lab.pay({ method: "wallet", amountMinor: 100n });
  await refundPayment(lab.service, {
    tenantId: TENANT,
    principal: "tester",
    paymentId,
    amount: undefined,
    reason: "requested_by_customer",
    idempotencyKey: null,
    approvalToken: null,
    approved: true,
    simulatedAtMs: null,
  });
  const app = openPool({ url: lab.database.appUrl, max: 1, applicationName: "no tenant" });
  try {
    const withRows: string[] = [];
    for (const { name } of await tenantTables(lab.owner)) {
      const count = async (sql: Sql, tenantId: string | null = null) => {
        const [row] = await sql<{ count: number }[]>`
          select count(*)::int as count from ${
          sql(name)
        } where ${tenantId}::text is null or tenant_id = ${tenantId}`;
        return row.count;
      };
      if (await count(lab.owner) > 0) withRows.push(name);
      await app.unsafe("reset app.tenants");
      expect({ name, seen: await count(app) }).toEqual({ name, seen: 0 });
      await app.unsafe(setTenants(OTHER));
      expect({ name, seen: await count(app) }).toEqual({ name, seen: await count(lab.owner, OTHER) });
      await app.unsafe(setTenants(`${OTHER},${TENANT}`));
      expect({ name, seen: await count(app) }).toEqual({
        name,
        seen: await count(lab.owner, OTHER) + await count(lab.owner, TENANT),
      });
    }
    expect(withRows).toEqual(
      expect.arrayContaining([
        "accounts",
        "audit_events",
        "customers",
        "feature_states",
        "holds",
        "idempotency_answers",
        "idempotency_keys",
        "merchants",
        "payment_attempts",
        "payment_methods",
        "payments",
        "postings",
        "refunds",
        "tenants",
        "transfers",
      ]),
    );
  } finally {
    await app.end();
  }
});

Deno.test("a statement that forgets its tenant neither changes nor adds another one's rows", async () => {
  await using lab = await openTwoTenants();
  await payInBoth(lab);
  const pool = lab.stack.pool;
  const own = pool.of(OTHER);
  const [{ count }] = await own<{ count: number }[]>`select count(*)::int as count from payments`;
  expect(count).toBe(1);
  await own.begin(async (sql) => {
    expect((await sql`update payments set description = 'changed'`).count).toBe(1);
    expect((await sql`delete from idempotency_keys`).count).toBe(1);
  });
  const rows = await lab.owner<{ tenant_id: string; description: string | null; keys: number }[]>`
    select p.tenant_id, p.description,
           (select count(*)::int from idempotency_keys k where k.tenant_id = p.tenant_id) as keys
      from payments p order by p.tenant_id`;
  expect(rows.map((row) => ({ ...row }))).toEqual([
    { tenant_id: TENANT, description: null, keys: 1 },
    { tenant_id: OTHER, description: "changed", keys: 0 },
  ]);
  const insert = (scope: string | string[]) =>
    pool.of(scope)`insert into merchants (tenant_id, merchant_id, name, category, country, currency)
                   values (${TENANT}, ${`merch_${scope}`}, 'x', 'x', 'US', 'USD')`;
  await expect(insert(OTHER)).rejects.toMatchObject({ code: ROW_REFUSED });
  await expect(insert([])).rejects.toMatchObject({ code: ROW_REFUSED });
  await expect(insert("*")).rejects.toMatchObject({ code: ROW_REFUSED });
  await insert([TENANT, OTHER]);
  const locked = await pool.of(
    OTHER,
  )`select * from ledger_lock_accounts(array[${TENANT}], array['fees:northbank:USD'])`;
  expect(locked.length).toBe(0);
  await expect(own`select * from v_payments`).rejects.toMatchObject({ code: ROW_REFUSED });
});

Deno.test("statements of every tenant see those that came a moment ago too", async () => {
  await using lab = await openTwoTenants();
  const tenants = () =>
    lab.stack.pool.ofEveryTenant<{ tenant_id: string }[]>`select distinct tenant_id from customers`;
  expect((await tenants()).map((row) => row.tenant_id).sort()).toEqual([TENANT, OTHER].sort());
  await lab.owner`insert into tenants (tenant_id) values ('late')`;
  await lab.owner`
    insert into customers (tenant_id, customer_id, name, email, country, currency, since_ms)
    values ('late', 'cust_ann', 'Late Ann', 'ann@late.test', 'US', 'USD', 0)`;
  expect((await tenants()).map((row) => row.tenant_id).sort()).toEqual(["late", TENANT, OTHER].sort());
  // What was set for everybody does not stay for the next.
  const [{ count }] = await lab.stack.pool.of("late")<
    { count: number }[]
  >`select count(*)::int as count from customers`;
  expect(count).toBe(1);
});

Deno.test("one batch carries payments of several tenants with the same keys, customers and wallets", async () => {
  await using lab = await openTwoTenants();
  const sizes = { accept: 0, settle: 0 };
  const { batch } = lab.service.events;
  Object.assign(lab.service.events, {
    batch: (phase: "accept" | "settle", size: number, durationMs: number) => {
      sizes[phase] = Math.max(sizes[phase], size);
      batch(phase, size, durationMs);
    },
  });
  for (let round = 0; round < 3; round++) {
    const paid = await Promise.all(
      [0, 1, 2, 3].flatMap((n) =>
        [TENANT, OTHER].map((tenantId) =>
          createPayment(lab.service, requestOf({ tenantId, idempotencyKey: `order-${round}-${n}` }))
        )
      ),
    );
    expect(paid.map(({ answer }) => answer.status)).toEqual(Array(8).fill("succeeded"));
    expect(new Set(paid.map(({ answer }) => answer.payment_id)).size).toBe(8);
  }
  expect(sizes.accept).toBeGreaterThan(1);
  const rows = await lab.owner<{ tenant_id: string; count: number }[]>`
    select tenant_id, count(*)::int as count from payments where status = 'succeeded' group by 1 order by 1`;
  expect(rows.map((row) => ({ ...row }))).toEqual([{ tenant_id: TENANT, count: 12 }, {
    tenant_id: OTHER,
    count: 12,
  }]);
  expect(await lab.brokenInvariants()).toEqual([]);
});

Deno.test("after the connections were cut, statements are for their tenants again", async () => {
  await using lab = await openTwoTenants();
  await payInBoth(lab);
  const count = async () => {
    const [row] = await lab.stack.pool.of(TENANT)<
      { count: number }[]
    >`select count(*)::int as count from payments`;
    return row.count;
  };
  expect(await count()).toBe(1);
  const cutter = openPool({ url: lab.database.appUrl, max: 1, applicationName: "cutter" });
  const cut = await cutter`
    select pg_terminate_backend(pid, 10000) from pg_stat_activity
     where datname = current_database() and usename = current_user and pid <> pg_backend_pid()`;
  expect(cut.length).toBeGreaterThan(3);
  await cutter.end();
  // The first one may still meet the dead connection; none may find nothing.
  const counts = await Promise.all(Array.from({ length: 20 }, () => count().catch(() => null)));
  expect(counts.filter((found) => found !== null && found !== 1)).toEqual([]);
  expect(await count()).toBe(1);
  const { answer } = await lab.pay({ idempotencyKey: "after" });
  expect(answer.status).toBe("succeeded");
});
