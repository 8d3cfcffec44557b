import { openPool, type PoolOptions } from "../../src/db/pool.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { generateWorld, type World } from "../world/world.ts";
import { OperatorError } from "../../src/core/run_command.ts";

export interface KnownWorld {
  readonly world: World;
  readonly tenantId: string;
  /** The simulated time that the tenant's payments have reached: the stream goes on after it. */
  readonly reachedMs: number;
}

/** The world a tenant was filled with, made again from its seed, and how far its payments have come. */
export async function knownWorld(
  pool: Pick<PoolOptions, "url" | "role">,
  tenantId: string,
): Promise<KnownWorld> {
  const sql = openPool({ ...pool, max: 1, applicationName: "mcp-payments-lab stream" });
  try {
    const [row] = await sql<{ seed: number; days: number; customers: number; startMs: number }[]>`
      select seed::float8 as seed, days, customers, start_ms::float8 as "startMs" from worlds where tenant_id = ${tenantId}`;
    if (row === undefined) {
      throw new OperatorError(
        "world_missing",
        `Tenant "${tenantId}" has no world. Start a server, or run deno task simulate, first.`,
      );
    }
    const [latest] = await sql<{ occurredAtMs: number | null }[]>`
      select max(occurred_at_ms)::float8 as "occurredAtMs"
        from (select occurred_at_ms from payments where tenant_id = ${tenantId} order by payment_id desc limit 1000) p`;
    return {
      world: generateWorld(row),
      tenantId,
      reachedMs: Math.max(latest.occurredAtMs ?? 0, row.startMs + row.days * DAY_MS - 1),
    };
  } finally {
    await sql.end();
  }
}
