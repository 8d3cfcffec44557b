import { join } from "node:path";
import { toRfc3339 } from "../../src/core/clock.ts";
import { startProgress } from "../../src/core/progress.ts";
import { openPool, type PoolOptions, type Sql } from "../../src/db/pool.ts";
import { FeatureStream } from "../../src/fraud/features/feature_stream.ts";
import type { LabelEvent } from "../../src/fraud/features/event.ts";
import { DAY_MS } from "../../src/fraud/features/windows.ts";
import { ChargeLog, chargeLogPath } from "../../src/providers/charge_log.ts";
import { RoutingStatistics } from "../../src/routing/routing_statistics.ts";
import { refundRequests } from "../world/refunds.ts";
import type { World } from "../world/world.ts";
import { copyReferences } from "./copy_references.ts";
import { copyDays } from "./copy_days.ts";
import { copyLabels, copyRouting, copyStates } from "./copy_knowledge.ts";
import { openWallets } from "./open_accounts.ts";

export interface LoadedWorld {
  readonly customers: number;
  readonly payments: number;
  readonly postings: number;
  readonly refunds: number;
  readonly durationMs: number;
}

/** Payments that travel to the database in one transaction's COPYs. */
const CHUNK_DAYS = 10;

/**
 * Fills a tenant with a world's history: people, shops, cards, wallets, every payment with its attempt, transfer
 * and postings, what was refunded of them, the providers' own records, and the feature states as they stand after the
 * last payment.
 *
 * One transaction: an interrupted load leaves nothing behind but the providers' records, which a repeated load of
 * the same world meets again unchanged.
 */
export async function loadWorld(
  world: World,
  options: {
    pool: Pick<PoolOptions, "url" | "role">;
    tenantId: string;
    dataDirectory: string;
    nowMs: number;
  },
): Promise<LoadedWorld> {
  const startedMs = performance.now();
  const { tenantId } = options;
  await Deno.mkdir(join(options.dataDirectory, "providers"), { recursive: true });
  const charges = new ChargeLog(chargeLogPath(options.dataDirectory));
  const sql = openPool({ ...options.pool, max: 1, applicationName: "mcp-payments-lab simulate" });
  try {
    return await sql.begin(async (transaction) => {
      const inside = transaction as unknown as Sql;
      await inside`insert into worlds (tenant_id, seed, days, customers, start_ms, loaded_at)
                   values (${tenantId}, ${world.config.seed}, ${world.config.days}, ${world.config.customers},
                           ${world.config.startMs}, ${toRfc3339(options.nowMs)})`;
      await inside`insert into tenants (tenant_id) values (${tenantId}) on conflict do nothing`;
      await copyReferences(inside, world, tenantId);
      const known: { label: LabelEvent; reportedAtMs: number }[] = [];
      const reportedAtMs = new Map<string, number>();
      const stream = new FeatureStream({
        idsAreUnique: true,
        onLabel: (label) => {
          const { paymentId } = label.payment;
          known.push({ label, reportedAtMs: reportedAtMs.get(paymentId)! });
          reportedAtMs.delete(paymentId);
        },
      });
      const routing = new RoutingStatistics();
      const accounts = new Set<string>();
      // Known beforehand, so that each payment's row is written once, as it is at the end of the history.
      const requests = new Map(Array.from(refundRequests(world), (asked) => [asked.paymentIndex, asked]));
      let refunds = 0;
      let payments = 0;
      let postings = 0;
      const progress = startProgress("booking the history", world.config.days, "days");
      for (let fromDay = 0; fromDay < world.config.days; fromDay += CHUNK_DAYS) {
        const toDay = Math.min(world.config.days, fromDay + CHUNK_DAYS);
        const chunk = await copyDays(inside, world, tenantId, {
          fromDay,
          toDay,
          stream,
          reportedAtMs,
          routing,
          accounts,
          charges,
          requests,
        });
        refunds += chunk.refunds;
        payments += chunk.payments;
        postings += chunk.postings;
        progress.update(toDay);
      }
      progress.stop();
      postings += await openWallets(inside, world, tenantId);
      stream.applyLabels(world.config.startMs + world.config.days * DAY_MS);
      await copyLabels(inside, tenantId, known);
      await copyStates(inside, tenantId, stream.states);
      await copyRouting(inside, tenantId, routing);
      return {
        customers: world.customers.length,
        payments,
        postings,
        refunds,
        durationMs: performance.now() - startedMs,
      };
    }) as LoadedWorld;
  } finally {
    await sql.end();
    charges.close();
  }
}
