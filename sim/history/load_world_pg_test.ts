import { expect } from "expect";
import { freshDatabase } from "../../src/db/testing/fresh_database.ts";
import { openPool } from "../../src/db/pool.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { checkFeatures } from "../../src/payments/check_features.ts";
import { generateWorld } from "../world/world.ts";
import { loadWorld } from "./load_world.ts";

Deno.test("a loaded history holds the reports that had arrived by its end, and states that equal rebuilt ones", async () => {
  const database = await freshDatabase();
  const dataDirectory = await Deno.makeTempDir({ prefix: "mcp-payments-lab-" });
  const owner = openPool({ url: database.ownerUrl, max: 1, applicationName: "test" });
  try {
    const config = { seed: 8, days: 30, customers: 150, startMs: Date.UTC(2026, 0, 5) };
    const world = generateWorld(config);
    const endMs = config.startMs + config.days * DAY_MS;
    await loadWorld(world, {
      pool: { url: database.ownerUrl },
      tenantId: "lab",
      dataDirectory,
      nowMs: endMs,
    });
    const reports = Array.from(world.payments()).filter(({ labelKnownAtMs }) => labelKnownAtMs !== null);
    const arrived = reports.filter(({ labelKnownAtMs }) => labelKnownAtMs! <= endMs);
    expect(arrived.length).toBeGreaterThan(5);
    expect(arrived.length).toBeLessThan(reports.length);
    const labels = await owner<{ fraud: boolean; reported: string; late: string }[]>`
      select fraud, reported_at_ms::text as reported, (known_at_ms - reported_at_ms)::text as late
        from payment_labels order by reported_at_ms, fraud`;
    const byTime = arrived.map(({ labelFraud, labelKnownAtMs }) => `${labelKnownAtMs} ${labelFraud}`).sort();
    expect(labels.map(({ reported, fraud }) => `${reported} ${fraud}`).sort()).toEqual(byTime);
    for (const { late } of labels) expect(Number(late)).toBeLessThan(10);
    const check = await checkFeatures(owner);
    expect(check).toMatchObject({
      labels: arrived.length,
      differingVectors: 0,
      differingStates: 0,
      examples: [],
    });
    expect(check.states).toBeGreaterThan(400);
  } finally {
    await owner.end();
    await database.drop();
    await Deno.remove(dataDirectory, { recursive: true });
  }
});
