import { expect } from "expect";
import { readLatestDecisions, recordDecision } from "./approval_decisions.ts";
import { migrate } from "./migrate.ts";
import { openPool } from "./pool.ts";
import { freshDatabase } from "./testing/fresh_database.ts";
import { migrateUpTo, MIGRATIONS } from "./testing/migrate_up_to.ts";

const AT = "2026-01-05T12:00:00.000Z";

Deno.test("decisions from before they had rows of their own are taken from the audit log, and nothing else is", async () => {
  const database = await freshDatabase({ empty: true });
  const sql = openPool({ url: database.ownerUrl, max: 1, applicationName: "test" });
  try {
    await migrateUpTo(sql, 11);
    const events: [auditId: string, actor: string, action: string, resource: string][] = [
      ["aud_a_1", "agent-1", "refund.pending_approval", "re_a"],
      ["aud_a_2", "agent-1", "refund.approved", "re_a"],
      ["aud_a_4", "agent-1", "refund.succeeded", "re_a"],
      ["aud_b_2", "agent-2", "refund.rejected", "re_b"],
      ["aud_c_2", "system", "refund.expired", "re_c"],
      ["aud_d_1", "agent-1", "refund.refused", "re_d"],
      ["aud_e_1", "agent-1", "transfer.pending_approval", "tr_e"],
      ["aud_e_2", "agent-1", "transfer.approved", "tr_e"],
      ["aud_f_2", "agent-3", "transfer.refused", "tr_f"],
      ["aud_g_2", "system", "transfer.expired", "tr_g"],
      // Refused outright: nobody was asked.
      ["aud_h_1", "agent-1", "transfer.refused", "tr_h"],
      ["aud_i_2", "agent-1", "top_up.succeeded", "top_i"],
    ];
    for (const [auditId, actor, action, resource] of events) {
      await sql`
        insert into audit_events (tenant_id, audit_id, at, actor, action, resource, details)
        values ('acme', ${auditId}, ${AT}, ${actor}, ${action}, ${resource}, '{}')`;
    }
    await migrate(sql, { directory: MIGRATIONS, log: () => {} });
    const decisions = await sql`
      select resource_id, kind, decision, decided_by, decided_via, decided_at from approval_decisions
       where tenant_id = 'acme' order by resource_id`;
    expect(decisions.map((row) => Object.values(row).slice(0, 5).join(" "))).toEqual([
      "re_a refund approved agent-1 token",
      "re_b refund rejected agent-2 token",
      "re_c refund expired system expiry",
      "tr_e transfer approved agent-1 token",
      "tr_f transfer rejected agent-3 token",
      "tr_g transfer expired system expiry",
    ]);
    expect(new Set(decisions.map(({ decided_at }) => decided_at.toISOString()))).toEqual(new Set([AT]));
  } finally {
    await sql.end();
    await database.drop();
  }
});

Deno.test("nothing is decided twice, whatever the caller believes, and no decision is changed", async () => {
  const database = await freshDatabase();
  const sql = openPool({ url: database.ownerUrl, max: 1, applicationName: "test" });
  const app = openPool({ url: database.appUrl, max: 1, applicationName: "test" });
  const decide = (resourceId: string, name: string, via: "dashboard" | "token" | "expiry", atMs: number) =>
    sql.begin((transaction) =>
      recordDecision(transaction, "acme", {
        resourceId,
        kind: "refund",
        decision: "approved",
        by: { name, via },
        atMs,
      })
    );
  try {
    await decide("re_a", "maria", "dashboard", 1_000);
    await decide("re_b", "agent-1", "token", 2_000);
    await expect(decide("re_a", "otto", "dashboard", 3_000)).rejects.toMatchObject({ code: "23505" });
    // An expiry approves nothing.
    await expect(decide("re_c", "system", "expiry", 3_000)).rejects.toMatchObject({ code: "23514" });
    await expect(decide("re_c", "", "token", 3_000)).rejects.toMatchObject({ code: "23514" });
    expect((await readLatestDecisions(sql as never, "acme", 10)).map(({ resourceId, decidedBy }) => [
      resourceId,
      decidedBy,
    ])).toEqual([["re_b", "agent-1"], ["re_a", "maria"]]);
    for (const server of [sql, app]) {
      await server.unsafe("set app.tenants = 'acme'");
      await expect(server`update approval_decisions set decided_by = 'otto'`).rejects.toMatchObject({
        code: "42501",
      });
      await expect(server`delete from approval_decisions`).rejects.toMatchObject({ code: "42501" });
    }
  } finally {
    await Promise.all([sql.end(), app.end()]);
    await database.drop();
  }
});
