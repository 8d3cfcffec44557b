import { expect } from "expect";
import { openPool } from "../../src/db/pool.ts";
import { freshDatabase } from "../../src/db/testing/fresh_database.ts";
import { checkLedger } from "../../src/ledger/check_ledger.ts";
import { compareCharges } from "../../src/payments/compare_charges.ts";
import { readRefundHistory } from "../../src/payments/refunds/refund_history.ts";
import { lockPayment } from "../../src/payments/refunds/store_refund.ts";
import { ChargeLog, chargeLogPath } from "../../src/providers/charge_log.ts";
import { refundRequests } from "../world/refunds.ts";
import { generateWorld } from "../world/world.ts";
import { loadWorld } from "./load_world.ts";

const world = generateWorld({ seed: 7, days: 40, customers: 400, startMs: Date.UTC(2026, 0, 5) });

Deno.test("a loaded history holds the world's refunds, booked, and what is known of them only from when it was", async () => {
  const database = await freshDatabase();
  const dataDirectory = await Deno.makeTempDir();
  const sql = openPool({ url: database.ownerUrl, max: 2, applicationName: "history test" });
  try {
    const loaded = await loadWorld(world, {
      pool: { url: database.ownerUrl },
      tenantId: "default",
      dataDirectory,
      nowMs: Date.UTC(2026, 5, 1),
    });
    const requests = [...refundRequests(world)];
    const [{ count, full }] = await sql<{ count: number; full: number }[]>`
      select count(*)::int as count, count(*) filter (where p.status = 'refunded')::int as full
        from refunds r join payments p using (tenant_id, payment_id)
       where p.refunded_minor = r.amount_minor and r.status = 'succeeded'`;
    expect(loaded.refunds).toBe(count);
    // All but those of payments that an issuer declined, some one in twelve.
    expect(count).toBeLessThan(requests.length);
    expect(count).toBeGreaterThan(0.8 * requests.length);
    expect(full / count).toBeGreaterThan(0.7);
    expect((await checkLedger(sql)).filter(({ violations }) => violations > 0)).toEqual([]);
    const log = new ChargeLog(chargeLogPath(dataDirectory));
    expect((await compareCharges(sql, log)).map(({ violations }) => violations)).toEqual([0, 0, 0]);
    log.close();

    // Somebody who was found out: before that nobody may know it.
    const [liar] = await sql<{ payment_id: string; asked: number; found: Date }[]>`
      select p.payment_id, r.requested_at_ms::float8 as asked, r.found_untrue_at as found
        from refunds r join payments p using (tenant_id, customer_id)
       where r.found_untrue_at is not null and p.payment_id <> r.payment_id and p.captured_minor > 0 limit 1`;
    const untrueAt = (atMs: number) =>
      sql.begin(async (transaction) => {
        const payment = await lockPayment(transaction, "default", liar.payment_id);
        return (await readRefundHistory(transaction, payment, atMs)).foundUntrue;
      }) as Promise<number>;
    const foundMs = liar.found.getTime();
    expect(await untrueAt(foundMs)).toBe(await untrueAt(foundMs - 1) + 1);
  } finally {
    await sql.end();
    await database.drop();
    await Deno.remove(dataDirectory, { recursive: true });
  }
});
