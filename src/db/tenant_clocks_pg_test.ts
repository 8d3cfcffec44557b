import { expect } from "expect";
import { migrate } from "./migrate.ts";
import { openPool } from "./pool.ts";
import { freshDatabase } from "./testing/fresh_database.ts";
import { migrateUpTo, MIGRATIONS } from "./testing/migrate_up_to.ts";

Deno.test("databases from before tenants had clocks get them from what calls have dated ahead", async () => {
  const database = await freshDatabase({ empty: true });
  const sql = openPool({ url: database.ownerUrl, max: 1, applicationName: "test" });
  const createdMs = Date.UTC(2026, 0, 5, 12);
  try {
    await migrateUpTo(sql, 13);
    const payments: [tenantId: string, aheadMs: number][] = [
      ["ahead", 3_600_000],
      // Held behind that one by the rule of then, an hour later.
      ["ahead", 1],
      ["ahead", -86_400_000],
      // A burst, whose payments follow one another by a millisecond.
      ["real", 40],
      ["past", -3_600_000],
    ];
    for (const [i, [tenantId, aheadMs]] of payments.entries()) {
      await sql`
        insert into payments (tenant_id, payment_id, status, method, currency, amount_minor, customer_id, merchant_id,
               principal, country, occurred_at_ms, created_at)
        values (${tenantId}, ${`pay_${i}`}, 'processing', 'card', 'USD', 100, 'c', 'm', 'p', 'US',
                ${createdMs + aheadMs}, ${new Date(createdMs)})`;
    }
    await sql`
      insert into wallet_transfers (tenant_id, transfer_id, status, from_account_id, to_account_id, currency, amount_minor,
             to_currency, to_amount_minor, amount_usd, principal, request_hash, risk_score, occurred_at_ms, created_at)
      values ('wallets', 'tr_1', 'posted', 'wallet:a:USD', 'wallet:b:USD', 'USD', 1, 'USD', 1, 0.01, 'p', 'h', 1,
              ${createdMs + 7_200_000}, ${new Date(createdMs)})`;
    await migrate(sql, { directory: MIGRATIONS, log: () => {} });
    const clocks = await sql`select tenant_id, ahead_ms from tenant_clocks order by tenant_id`;
    expect(clocks.map((row) => Object.values(row).join(" "))).toEqual(["ahead 3600000", "wallets 7200000"]);
  } finally {
    await sql.end();
    await database.drop();
  }
});
